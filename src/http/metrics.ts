import { Elysia } from 'elysia'
import { Histogram, type Registry } from 'prom-client'
import { FAST_SECONDS, OF_PROCESS } from '../telemetry/metrics.ts'
import { authPlugin } from './auth.ts'

/** The program's metrics as text, and the content type of that text. */
export interface Metrics {
  readonly contentType: string
  metrics(): Promise<string>
}

/** Told of each request that was answered; the route is its template, null where no route was met. */
export type ObserveRequest = (method: string, route: string | null, status: number, seconds: number) => void

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Registers the answers to requests, and answers who has to be told of them. */
export const observeRequests = (registry: Registry): ObserveRequest => {
  const durations = new Histogram({
    name: 'ratelock_http_request_seconds',
    help: `Seconds from the arrival of a request to its answer; of a stream, to its beginning. ${OF_PROCESS}`,
    labelNames: ['method', 'route', 'status'],
    buckets: FAST_SECONDS,
    registers: [registry],
  })
  return (method, route, status, seconds) =>
    durations.observe(
      // What a caller makes up is not a label: neither a path without a route, nor a method.
      { method: METHODS.has(method) ? method : 'other', route: route ?? 'none', status },
      seconds,
    )
}

const EXAMPLE = `# HELP ratelock_reconcile_age_seconds Seconds since the newest reconciliation ended
# TYPE ratelock_reconcile_age_seconds gauge
ratelock_reconcile_age_seconds 1284.3
`

/** GET /metrics. It tells of all accounts, so it needs a key with the admin scope wherever keys are needed at all. */
export const metricsRoutes = (metrics: Metrics) =>
  new Elysia({ name: 'http.metrics', tags: ['Health'] }).use(authPlugin()).get(
    '/metrics',
    ({ set }) => {
      set.headers['content-type'] = metrics.contentType
      return metrics.metrics()
    },
    {
      auth: 'admin',
      detail: {
        operationId: 'getMetrics',
        summary: 'Metrics in the Prometheus text format',
        'x-responses': {
          200: { content: { 'text/plain': { schema: { type: 'string' }, example: EXAMPLE } } },
        },
      },
    },
  )
