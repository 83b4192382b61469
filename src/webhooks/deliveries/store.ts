import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lt,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { webhookAttempts, webhookDeliveries, webhookEvents } from '../../db/schema/webhooks.ts'
import { type Range, within } from '../range.ts'

const deliveries = webhookDeliveries

export interface DeliveryFilter extends Range {
  endpointId?: string | undefined
  eventId?: string | undefined
  paymentId?: string | undefined
  status?: string | undefined
  /** Id of the last delivery of the page before. */
  cursor?: string | undefined
  limit?: number | undefined
}

// Spelled out, so that the two partial indexes, on first deliveries and on repeated ones, serve it together.
const firstOrRepeated = (ofEvents: SQL) =>
  or(and(ofEvents, isNull(deliveries.redeliveryOf)), and(ofEvents, isNotNull(deliveries.redeliveryOf)))

// 'dead' in the words of the index's own condition, which a parameter would hide from the planner.
const withStatus = (status: string) =>
  status === 'dead' ? sql`${deliveries.status} = 'dead'` : eq(deliveries.status, status)

/** What callers read of deliveries; the statements of the sending itself are in sending/sql. */
export const createDeliveryStore = ({ db }: Database) => {
  const event = and(
    eq(webhookEvents.accountId, deliveries.accountId),
    eq(webhookEvents.id, deliveries.eventId),
  )
  const columns = { ...getTableColumns(deliveries), type: webhookEvents.type }
  const rows = () => db.select(columns).from(deliveries).innerJoin(webhookEvents, event)

  // An array and no join: the planner would rather go through the account's deliveries until a page is full.
  const ofPayment = (accountId: string, paymentId: string) => {
    const events = db
      .select({ id: webhookEvents.id })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.accountId, accountId), eq(webhookEvents.paymentId, paymentId)))
    return sql`${deliveries.eventId} = any(array(${events}))`
  }

  const account = sql.placeholder('accountId')
  const id = sql.placeholder('id')
  const one = rows()
    .where(and(eq(deliveries.accountId, account), eq(deliveries.id, id)))
    .prepare('webhook_delivery')
  const attempts = db
    .select()
    .from(webhookAttempts)
    .where(and(eq(webhookAttempts.accountId, account), eq(webhookAttempts.deliveryId, id)))
    .orderBy(asc(webhookAttempts.attempt))
    .prepare('webhook_attempts')

  return {
    /** The account's delivery with its attempts, or null. The two reads travel together. */
    find: async (accountId: string, deliveryId: string) => {
      const key = { accountId, id: deliveryId }
      const [[row], log] = await Promise.all([one.execute(key), attempts.execute(key)])
      return row ? { ...row, log } : null
    },

    /** Which of these ids are deliveries of the account. */
    existing: async (accountId: string, ids: readonly string[]): Promise<string[]> => {
      const own = and(eq(deliveries.accountId, accountId), inArray(deliveries.id, [...ids]))
      return (await db.select({ id: deliveries.id }).from(deliveries).where(own)).map((row) => row.id)
    },

    /** The account's deliveries, newest first. Ids are time-ordered, so the key itself gives the order. */
    list: (accountId: string, filter: DeliveryFilter) => {
      const { endpointId, eventId, paymentId, status, cursor, limit } = filter
      const query = rows()
        .where(
          and(
            eq(deliveries.accountId, accountId),
            endpointId === undefined ? undefined : eq(deliveries.endpointId, endpointId),
            eventId === undefined ? undefined : firstOrRepeated(eq(deliveries.eventId, eventId)),
            paymentId === undefined ? undefined : firstOrRepeated(ofPayment(accountId, paymentId)),
            status === undefined ? undefined : withStatus(status),
            within(deliveries.createdAt, filter),
            cursor === undefined ? undefined : lt(deliveries.id, cursor),
          ),
        )
        .orderBy(desc(deliveries.id))
      return limit === undefined ? query : query.limit(limit)
    },
  }
}

export type DeliveryStore = ReturnType<typeof createDeliveryStore>
export type DeliveryRow = Awaited<ReturnType<DeliveryStore['list']>>[number]
export type AttemptRow = NonNullable<Awaited<ReturnType<DeliveryStore['find']>>>['log'][number]
