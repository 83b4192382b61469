import { AppError } from '../../core/errors.ts'
import { toPage } from '../../core/page.ts'
import { idParameter } from '../../core/public-id.ts'
import type { Database } from '../../db/client.ts'
import type { DeliveryPage } from '../deliveries/model.ts'
import { createDeliveryStore } from '../deliveries/store.ts'
import { deliveryView } from '../deliveries/view.ts'
import { createEndpointStore } from '../endpoints/store.ts'
import { deliveryIds, endpointIds } from '../ids.ts'
import { type DeadLetterQuery, REDRIVEN_AT_ONCE, type RedriveAccepted, type RedriveRequest } from './model.ts'
import { redriveDead, type Which } from './redrive.ts'

export interface DeadLetterDeps {
  database: Database
  /** Called when deliveries can be attempted at once. */
  wake(): void
  /** Most deliveries that one call redrives. */
  redrivenAtOnce?: number
}

const DEFAULT_LIMIT = 20

/** Shows the deliveries that were given up, and takes them up again. */
export const createDeadLetterService = (deps: DeadLetterDeps) => {
  const { database, wake, redrivenAtOnce = REDRIVEN_AT_ONCE } = deps
  const deliveries = createDeliveryStore(database)
  const endpoints = createEndpointStore(database)

  const ownDeliveries = async (accountId: string, publicIds: readonly string[]): Promise<string[]> => {
    const ids = publicIds.map(deliveryIds.parse)
    const valid = ids.filter((id) => id !== null)
    const known = new Set(await deliveries.existing(accountId, valid))
    const stranger = publicIds.find((_, index) => !known.has(ids[index] ?? ''))
    if (stranger !== undefined) throw deliveryIds.notFound(stranger)
    return valid
  }

  const ownEndpoint = async (accountId: string, publicId: string): Promise<string> => {
    const id = endpointIds.parse(publicId)
    const endpoint = id ? await endpoints.find(accountId, id) : null
    if (!endpoint) throw endpointIds.notFound(publicId)
    if (!endpoint.enabled) throw new AppError('INVALID_STATE', 'The endpoint is disabled; enable it first')
    return endpoint.id
  }

  const whichOf = async (accountId: string, request: RedriveRequest): Promise<Which> => {
    const { delivery_ids, endpoint_id, all } = request
    if ([delivery_ids, endpoint_id, all].filter((each) => each !== undefined).length !== 1) {
      const message = 'must have exactly one of delivery_ids, endpoint_id and all'
      throw new AppError('VALIDATION_ERROR', `the body ${message}`, [{ path: '', message }])
    }
    if (delivery_ids) return { deliveryIds: await ownDeliveries(accountId, delivery_ids) }
    return endpoint_id === undefined ? {} : { endpointId: await ownEndpoint(accountId, endpoint_id) }
  }

  return {
    /** A page of the account's dead deliveries, newest first. Throws VALIDATION_ERROR for an id that cannot be ours. */
    listDeadLetters: async (accountId: string, query: DeadLetterQuery): Promise<DeliveryPage> => {
      const { limit = DEFAULT_LIMIT } = query
      const rows = await deliveries.list(accountId, {
        status: 'dead',
        endpointId: idParameter(endpointIds, 'endpoint_id', query.endpoint_id),
        cursor: idParameter(deliveryIds, 'cursor', query.cursor),
        limit: limit + 1,
      })
      return toPage(rows, limit, deliveryIds, deliveryView)
    },

    /**
     * Takes dead deliveries up again, oldest first, each once however many calls run at the same time. Those that are
     * not dead any more are passed over, and so are those whose endpoint is deleted or disabled. Throws NOT_FOUND for
     * a delivery or endpoint that is not the account's, INVALID_STATE for an endpoint that is disabled.
     */
    redrive: async (accountId: string, request: RedriveRequest): Promise<RedriveAccepted> => {
      const which = await whichOf(accountId, request)
      const result = await redriveDead(database.sql, accountId, which, redrivenAtOnce)
      if (result.redriven > 0) wake()
      return result
    },
  }
}
