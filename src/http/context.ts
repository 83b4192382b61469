import { Elysia } from 'elysia'
import { type Ids, isUuid } from '../core/ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import { principalOf } from './auth.ts'
import type { ObserveRequest } from './metrics.ts'
import { withoutKeys } from './redact.ts'
import { shownPath } from './routing.ts'

interface Arrival {
  id: string
  at: number
  /** The payment that the request has made. */
  made?: string
}

const ACCEPTED_ID = /^[\w.-]{1,64}$/
const MAX_LOGGED_PATH = 200
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

const arrivals = new WeakMap<Request, Arrival>()

const arrivalOf = (request: Request): Arrival => {
  const arrival = arrivals.get(request)
  if (!arrival) throw new Error('a request was handled that never arrived')
  return arrival
}

/** The id of a request: the caller's own when it is well formed, else a new one. */
export const requestIdOf = (request: Request): string => arrivalOf(request).id

/** Names the payment that a request has made, so that its lines in the log can be found by it. */
export const notePayment = (request: Request, paymentId: string): void => {
  arrivalOf(request).made = paymentId
}

const ABOUT_PAYMENT = /^\/payments\/:id(\/|$)/

/** What the lines of a request are found by: its id, and that of the payment that it names or has made. */
export const lineIdsOf = (request: Request, route: string, params: Readonly<Record<string, unknown>>) => {
  const { id, made } = arrivalOf(request)
  const named = ABOUT_PAYMENT.test(route) && typeof params.id === 'string' && isUuid(params.id)
  return { request_id: id, payment_id: named ? (params.id as string) : made }
}

const statusOf = (set: { status?: number | string }, response: unknown): number =>
  response instanceof Response && response.status !== 200 ? response.status : Number(set.status ?? 200)

/** Gives every request an id and a line in the log. The id is made in onRequest because 404s run no later hook. */
export const contextPlugin = (log: Logger, ids: Ids, observe?: ObserveRequest) =>
  new Elysia({ name: 'http.context' })
    .onRequest(({ request, set }) => {
      const offered = request.headers.get('x-request-id')
      const id = offered !== null && ACCEPTED_ID.test(offered) ? offered : ids.uuid()
      arrivals.set(request, { id, at: performance.now() })
      set.headers['x-request-id'] = id
    })
    .onAfterResponse({ as: 'global' }, ({ request, set, route, path, params, responseValue }) => {
      const principal = principalOf(request)
      const status = statusOf(set, responseValue)
      const ms = performance.now() - arrivalOf(request).at
      observe?.(request.method, route ? shownPath(route) : null, status, ms / 1000)
      const line = {
        ...lineIdsOf(request, route, params ?? {}),
        method: request.method,
        ...(route ? { route: shownPath(route) } : { path: withoutKeys(path).slice(0, MAX_LOGGED_PATH) }),
        status,
        duration_ms: Math.round(ms * 1000) / 1000,
        account_id: principal?.accountId,
        key_id: principal?.keyId,
      }
      if (PROBES.has(route)) log.debug(line, 'request')
      else log.info(line, 'request')
    })
