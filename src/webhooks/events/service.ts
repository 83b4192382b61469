import { toPage } from '../../core/page.ts'
import { idParameter } from '../../core/public-id.ts'
import type { Database } from '../../db/client.ts'
import { createDeliveryStore } from '../deliveries/store.ts'
import { deliveryView } from '../deliveries/view.ts'
import { eventIds } from '../ids.ts'
import { rangeOf } from '../range.ts'
import { announceExpired } from './expired-quotes.ts'
import type { EventQuery, WebhookEvent, WebhookEventDetail, WebhookEventPage } from './model.ts'
import { createEventStore, type EventRow } from './store.ts'

export interface EventServiceDeps {
  database: Database
  /** Called when deliveries can be attempted at once. */
  wake(): void
}

const DEFAULT_LIMIT = 20
/** Quotes announced by one statement. */
const QUOTES_AT_ONCE = 1_000

const view = (row: EventRow): WebhookEvent => ({
  id: eventIds.show(row.id),
  type: row.type as WebhookEvent['type'],
  payment_id: row.paymentId,
  quote_id: row.quoteId === null ? null : `quote_${row.quoteId}`,
  sequence: row.sequence,
  created_at: row.createdAt.toISOString(),
})

/** Shows events, and writes those that no request and no payment causes. */
export const createEventService = ({ database, wake }: EventServiceDeps) => {
  const store = createEventStore(database)
  const deliveries = createDeliveryStore(database)

  return {
    /** A page of the account's events, newest first. Throws VALIDATION_ERROR for a filter that cannot be ours. */
    listEvents: async (accountId: string, query: EventQuery): Promise<WebhookEventPage> => {
      const { limit = DEFAULT_LIMIT, type, payment_id: paymentId } = query
      const cursor = idParameter(eventIds, 'cursor', query.cursor)
      const filter = { ...rangeOf(query), type, paymentId, cursor, limit: limit + 1 }
      return toPage(await store.list(accountId, filter), limit, eventIds, view)
    },

    /** The account's event with its body and its deliveries. Throws NOT_FOUND. */
    getEvent: async (accountId: string, eventId: string): Promise<WebhookEventDetail> => {
      const id = eventIds.parse(eventId)
      const row = id ? await store.find(accountId, id) : null
      if (!row) throw eventIds.notFound(eventId)
      const sent = await deliveries.list(accountId, { eventId: row.id })
      return { ...view(row), body: JSON.parse(row.body), deliveries: sent.map(deliveryView) }
    },

    /** Announces the quotes that expired unused to the accounts that want to know; answers how many. */
    announceExpiredQuotes: async (): Promise<number> => {
      let total = 0
      for (let full = true; full; ) {
        const { published, looked } = await announceExpired(database.sql, QUOTES_AT_ONCE)
        total += published
        full = looked === QUOTES_AT_ONCE
      }
      if (total > 0) wake()
      return total
    },
  }
}
