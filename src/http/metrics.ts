import { Elysia } from 'elysia'
import { authPlugin } from './auth.ts'

/** The program's metrics as text, and the content type of that text. */
export interface Metrics {
  readonly contentType: string
  metrics(): Promise<string>
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
