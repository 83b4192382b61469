import { AppError } from '../core/errors.ts'
import { type Ids, isUuid } from '../core/ids.ts'
import { createDeliver, type DeliveryDeps } from './delivery.ts'
import { enqueueOrphans } from './delivery-store.ts'
import {
  type Endpoint,
  type EndpointPage,
  type EndpointRequest,
  type EndpointWithSecret,
  type EventType,
  MAX_ENDPOINTS,
  type PageQuery,
} from './model.ts'
import { newSecret } from './signing.ts'
import { createEndpointStore, type EndpointRow } from './store.ts'
import { targetProblem } from './target.ts'

export interface WebhookDeps extends Omit<DeliveryDeps, 'deadlineMs' | 'patienceMs'> {
  ids: Ids
  /** Milliseconds for one attempt; 10 s unless told otherwise. */
  deadlineMs?: number
  patienceMs?: number
}

const PREFIX = 'we_'
const DEADLINE_MS = 10_000
const PATIENCE_MS = 1_000
const DEFAULT_LIMIT = 20

/** The UUID in a public endpoint id, or null when it cannot be one of ours. */
const parseEndpointId = (endpointId: string): string | null => {
  const id = endpointId.startsWith(PREFIX) ? endpointId.slice(PREFIX.length) : ''
  return isUuid(id) ? id : null
}

const view = (row: EndpointRow): Endpoint => ({
  id: PREFIX + row.id,
  url: row.url,
  event_types: row.eventTypes as EventType[] | null,
  enabled: row.enabled,
  disabled_reason: row.disabledReason,
  created_at: row.createdAt.toISOString(),
})

const notFound = (id: string) => new AppError('NOT_FOUND', `There is no webhook endpoint ${id.slice(0, 64)}`)

const invalid = (path: string, message: string) =>
  new AppError('VALIDATION_ERROR', `${path} ${message}`, [{ path, message }])

/** Manages endpoints and delivers events to them. */
export const createWebhookService = (deps: WebhookDeps) => {
  const { database, ids } = deps
  const store = createEndpointStore(database)

  return {
    /** Registers an endpoint. Throws VALIDATION_ERROR for a URL that we must not call, INVALID_STATE at the limit. */
    createEndpoint: async (accountId: string, request: EndpointRequest): Promise<EndpointWithSecret> => {
      const problem = await targetProblem(request.url, deps)
      if (problem) throw invalid('/url', problem)
      const endpoint = {
        accountId,
        id: ids.uuid(),
        url: request.url,
        secret: newSecret(),
        eventTypes: request.event_types ?? null,
      }
      const createdAt = await store.insert(endpoint, MAX_ENDPOINTS)
      if (!createdAt)
        throw new AppError('INVALID_STATE', `An account can have at most ${MAX_ENDPOINTS} webhook endpoints`)
      const row = { ...endpoint, enabled: true, disabledReason: null, createdAt }
      return { ...view(row), secret: endpoint.secret }
    },

    /** A page of the account's endpoints, newest first. Throws VALIDATION_ERROR for a cursor that is not ours. */
    listEndpoints: async (accountId: string, query: PageQuery): Promise<EndpointPage> => {
      const { limit = DEFAULT_LIMIT, cursor } = query
      const before = cursor === undefined ? undefined : parseEndpointId(cursor)
      if (before === null) throw invalid('/cursor', 'must be a next_cursor (query parameter)')
      const rows = await store.list(accountId, limit + 1, before)
      const data = rows.slice(0, limit).map(view)
      return { data, next_cursor: rows.length > limit ? (data.at(-1)?.id ?? null) : null }
    },

    /** The account's endpoint. Throws NOT_FOUND. */
    getEndpoint: async (accountId: string, endpointId: string): Promise<Endpoint> => {
      const id = parseEndpointId(endpointId)
      const row = id ? await store.find(accountId, id) : null
      if (!row) throw notFound(endpointId)
      return view(row)
    },

    /** Deletes the account's endpoint; what is still on its way to it is dropped. Throws NOT_FOUND. */
    deleteEndpoint: async (accountId: string, endpointId: string): Promise<void> => {
      const id = parseEndpointId(endpointId)
      if (!id || !(await store.remove(accountId, id))) throw notFound(endpointId)
    },

    /** Attempts the deliveries of a batch of jobs and settles those jobs. Throws when that could not be recorded. */
    deliver: createDeliver({ deadlineMs: DEADLINE_MS, patienceMs: PATIENCE_MS, ...deps }),

    /** Enqueues at most `limit` pending deliveries that lost their job; answers how many. */
    enqueueOrphans: (limit: number): Promise<number> => enqueueOrphans(database.sql, limit),
  }
}

export type WebhookService = ReturnType<typeof createWebhookService>
