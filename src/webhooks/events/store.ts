import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { webhookEvents } from '../../db/schema/webhooks.ts'
import { type Range, within } from '../range.ts'

export interface EventFilter extends Range {
  type?: string | undefined
  paymentId?: string | undefined
  /** Id of the last event of the page before. */
  cursor?: string | undefined
  limit: number
}

const { body: _body, ...columns } = getTableColumns(webhookEvents)

/** What callers read of events; outbox.ts writes them. */
export const createEventStore = ({ db }: Database) => {
  const own = eq(webhookEvents.accountId, sql.placeholder('accountId'))
  const one = db
    .select()
    .from(webhookEvents)
    .where(and(own, eq(webhookEvents.id, sql.placeholder('id'))))
    .prepare('webhook_event')

  return {
    /** The account's event with its body, or null. */
    find: async (accountId: string, id: string) => (await one.execute({ accountId, id }))[0] ?? null,

    /** The account's events without their bodies, newest first. Ids are time-ordered, so the key gives the order. */
    list: (accountId: string, filter: EventFilter) =>
      db
        .select(columns)
        .from(webhookEvents)
        .where(
          and(
            eq(webhookEvents.accountId, accountId),
            filter.type === undefined ? undefined : eq(webhookEvents.type, filter.type),
            filter.paymentId === undefined ? undefined : eq(webhookEvents.paymentId, filter.paymentId),
            within(webhookEvents.createdAt, filter),
            filter.cursor === undefined ? undefined : lt(webhookEvents.id, filter.cursor),
          ),
        )
        .orderBy(desc(webhookEvents.id))
        .limit(filter.limit),
  }
}

export type EventRow = Awaited<ReturnType<ReturnType<typeof createEventStore>['list']>>[number]
