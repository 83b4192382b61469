import { AppError, invalid } from '../../core/errors.ts'
import type { Ids } from '../../core/ids.ts'
import { type PageQuery, toPage } from '../../core/page.ts'
import { idParameter } from '../../core/public-id.ts'
import type { Database } from '../../db/client.ts'
import { deliveryIds, endpointIds, eventIds } from '../ids.ts'
import type { EventType } from '../model.ts'
import { newSecret } from '../signing.ts'
import { type TargetPolicy, targetProblem } from '../target.ts'
import type {
  Endpoint,
  EndpointPage,
  EndpointRequest,
  EndpointUpdate,
  EndpointWithSecret,
  TestAccepted,
} from './model.ts'
import { MAX_ENDPOINTS } from './model.ts'
import { createEndpointStore, type EndpointRow } from './store.ts'
import { publishTest } from './test-event.ts'

export interface EndpointDeps extends TargetPolicy {
  database: Database
  ids: Ids
  /** Called when deliveries can be attempted at once. */
  wake(): void
}

const DEFAULT_LIMIT = 20
const DEFAULT_OVERLAP_SECONDS = 86_400

const view = (row: EndpointRow): Endpoint => ({
  id: endpointIds.show(row.id),
  url: row.url,
  description: row.description,
  event_types: row.eventTypes as EventType[] | null,
  enabled: row.enabled,
  disabled_reason: row.disabledReason,
  failing_since: row.failingSince?.toISOString() ?? null,
  previous_secret_expires_at: row.previousSecretExpiresAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
})

/** Manages endpoints. */
export const createEndpointService = (deps: EndpointDeps) => {
  const { database, ids, wake } = deps
  const store = createEndpointStore(database)

  const checkTarget = async (url: string): Promise<void> => {
    const problem = await targetProblem(url, deps)
    if (problem) throw invalid('/url', problem)
  }

  const found = async <Row>(endpointId: string, look: (id: string) => Promise<Row | null>): Promise<Row> => {
    const id = endpointIds.parse(endpointId)
    const row = id ? await look(id) : null
    if (!row) throw endpointIds.notFound(endpointId)
    return row
  }

  return {
    /** Registers an endpoint. Throws VALIDATION_ERROR for a URL that we must not call, INVALID_STATE at the limit. */
    createEndpoint: async (accountId: string, request: EndpointRequest): Promise<EndpointWithSecret> => {
      await checkTarget(request.url)
      const endpoint = {
        accountId,
        id: ids.uuid(),
        url: request.url,
        secret: newSecret(),
        description: request.description ?? null,
        eventTypes: request.event_types ?? null,
      }
      const createdAt = await store.insert(endpoint, MAX_ENDPOINTS)
      if (!createdAt)
        throw new AppError('INVALID_STATE', `An account can have at most ${MAX_ENDPOINTS} webhook endpoints`)
      const { secret, ...row } = endpoint
      const fresh = { enabled: true, disabledReason: null, failingSince: null, previousSecretExpiresAt: null }
      return { ...view({ ...row, ...fresh, quotesAnnouncedTo: createdAt, createdAt }), secret }
    },

    /** A page of the account's endpoints, newest first. Throws VALIDATION_ERROR for a cursor that is not ours. */
    listEndpoints: async (accountId: string, query: PageQuery): Promise<EndpointPage> => {
      const { limit = DEFAULT_LIMIT, cursor } = query
      const rows = await store.list(accountId, limit + 1, idParameter(endpointIds, 'cursor', cursor))
      return toPage(rows, limit, endpointIds, view)
    },

    /** The account's endpoint. Throws NOT_FOUND. */
    getEndpoint: async (accountId: string, endpointId: string): Promise<Endpoint> =>
      view(await found(endpointId, (id) => store.find(accountId, id))),

    /**
     * Changes the account's endpoint; what is on its way to it goes where it then points. Throws NOT_FOUND, and
     * VALIDATION_ERROR for a URL that we must not call.
     */
    updateEndpoint: async (
      accountId: string,
      endpointId: string,
      update: EndpointUpdate,
    ): Promise<Endpoint> => {
      await found(endpointId, (id) => store.find(accountId, id))
      if (update.url !== undefined) await checkTarget(update.url)
      const { url, event_types: eventTypes, enabled, description } = update
      const change = { url, eventTypes, enabled, description }
      return view(await found(endpointId, (id) => store.update(accountId, id, change)))
    },

    /**
     * Gives the account's endpoint a new secret; for `overlapSeconds` everything is signed with the old one too. A
     * second rotation within that time ends the first one's overlap. Throws NOT_FOUND.
     */
    rotateSecret: async (
      accountId: string,
      endpointId: string,
      overlapSeconds = DEFAULT_OVERLAP_SECONDS,
    ): Promise<EndpointWithSecret> => {
      const secret = newSecret()
      const row = await found(endpointId, (id) => store.rotate(accountId, id, secret, overlapSeconds))
      return { ...view(row), secret }
    },

    /** Sends a test event to the account's endpoint alone. Throws NOT_FOUND, INVALID_STATE while it is disabled. */
    testEndpoint: async (accountId: string, endpointId: string): Promise<TestAccepted> => {
      const endpoint = await found(endpointId, (id) => store.find(accountId, id))
      const eventId = ids.uuid()
      const delivery = await publishTest(database.sql, accountId, endpoint.id, eventId)
      if (!delivery) throw new AppError('INVALID_STATE', 'The endpoint is disabled; enable it first')
      wake()
      return { delivery_id: deliveryIds.show(delivery), event_id: eventIds.show(eventId) }
    },

    /** Deletes the account's endpoint; what is still on its way to it is dropped. Throws NOT_FOUND. */
    deleteEndpoint: async (accountId: string, endpointId: string): Promise<void> => {
      await found(endpointId, (id) => store.remove(accountId, id))
    },
  }
}
