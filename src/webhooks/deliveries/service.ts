import { AppError } from '../../core/errors.ts'
import { toPage } from '../../core/page.ts'
import { idParameter } from '../../core/public-id.ts'
import type { Database } from '../../db/client.ts'
import { deliveryIds, endpointIds, eventIds } from '../ids.ts'
import { rangeOf } from '../range.ts'
import type { DeliveryPage, DeliveryQuery, DeliveryWithAttempts } from './model.ts'
import { insertRedelivery } from './redeliver.ts'
import { createDeliveryStore } from './store.ts'
import { deliveryDetail, deliveryView } from './view.ts'

export interface DeliveryServiceDeps {
  database: Database
  /** Called when deliveries can be attempted at once. */
  wake(): void
}

const DEFAULT_LIMIT = 20

/** Shows deliveries and repeats them. */
export const createDeliveryService = ({ database, wake }: DeliveryServiceDeps) => {
  const store = createDeliveryStore(database)

  const get = async (accountId: string, deliveryId: string): Promise<DeliveryWithAttempts> => {
    const id = deliveryIds.parse(deliveryId)
    const row = id ? await store.find(accountId, id) : null
    if (!row) throw deliveryIds.notFound(deliveryId)
    return deliveryDetail(row)
  }

  return {
    /** A page of the account's deliveries, newest first. Throws VALIDATION_ERROR for a filter that cannot be ours. */
    listDeliveries: async (accountId: string, query: DeliveryQuery): Promise<DeliveryPage> => {
      const { limit = DEFAULT_LIMIT, status } = query
      const rows = await store.list(accountId, {
        ...rangeOf(query),
        endpointId: idParameter(endpointIds, 'endpoint_id', query.endpoint_id),
        eventId: idParameter(eventIds, 'event_id', query.event_id),
        paymentId: query.payment_id,
        status,
        cursor: idParameter(deliveryIds, 'cursor', query.cursor),
        limit: limit + 1,
      })
      return toPage(rows, limit, deliveryIds, deliveryView)
    },

    /** The account's delivery with every attempt. Throws NOT_FOUND. */
    getDelivery: get,

    /**
     * Delivers an event to an endpoint once more, under the same webhook-id, as a delivery of its own. Throws
     * NOT_FOUND, and INVALID_STATE while the delivery is still on its way or its endpoint takes nothing.
     */
    redeliver: async (accountId: string, deliveryId: string): Promise<DeliveryWithAttempts> => {
      const id = deliveryIds.parse(deliveryId)
      const made = id ? await insertRedelivery(database.sql, accountId, id) : null
      if (!made) throw deliveryIds.notFound(deliveryId)
      if (made.status === 'pending')
        throw new AppError('INVALID_STATE', 'The delivery is still pending: it will be attempted anyway')
      if (made.id === null)
        throw new AppError(
          'INVALID_STATE',
          made.enabled === null ? 'Its endpoint was deleted' : 'Its endpoint is disabled; enable it first',
        )
      wake()
      return get(accountId, deliveryIds.show(made.id))
    },
  }
}
