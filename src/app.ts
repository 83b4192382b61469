import { type AnyElysia, Elysia } from 'elysia'
import type { Ids } from './core/ids.ts'
import type { Authenticate } from './core/principal.ts'
import { admission } from './http/auth.ts'
import { jsonBody } from './http/body.ts'
import { contextPlugin } from './http/context.ts'
import { corsPlugin } from './http/cors.ts'
import { errorPlugin, lastResort } from './http/errors.ts'
import { boundedUrl, decodableUrl, securityHeaders, streamHeads, unreadQuery } from './http/guards.ts'
import { healthRoutes } from './http/health.ts'
import { type Metrics, metricsRoutes, type ObserveRequest } from './http/metrics.ts'
import { openapiPlugin } from './http/openapi.ts'
import type { RateLimiting } from './http/rate-limits.ts'
import type { Logger } from './telemetry/logger.ts'

/** What the HTTP side of the program needs from the rest. */
export interface AppDeps {
  log: Logger
  ids: Ids
  authenticate: Authenticate
  version: string
  ready(): Promise<Record<string, boolean>>
  /** Shown at /metrics; without them there is no such route. */
  metrics?: Metrics
  observeRequest?: ObserveRequest
  routes: readonly AnyElysia[]
  /** Whose `guard` is around `authenticate`; without them nobody is limited. */
  limits?: RateLimiting
  edge?: Partial<Edge>
}

/** How the API meets the network. */
export interface Edge {
  /** Milliseconds that the body of a request may take to arrive. */
  bodyDeadlineMs: number
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[]
  /** How long browsers insist on TLS; 0 tells them nothing. */
  hstsSeconds: number
}

const EDGE: Edge = { bodyDeadlineMs: 10_000, corsOrigins: [], hstsSeconds: 0 }

/** Where Bun itself cuts a request off, with an empty 413; far above our own limit, which answers in our shape. */
const HARD_BODY_LIMIT = 16 * 1024 * 1024

/** Composes the HTTP application. It does not listen. */
export const createApp = (deps: AppDeps) => {
  const edge = { ...EDGE, ...deps.edge }
  const app = new Elysia({
    name: 'ratelock',
    // Unknown fields are refused instead of silently dropped; only the root's setting counts.
    normalize: false,
    // The default skips eight characters of the host, which turns every path under a short host name into a 404.
    handler: { standardHostname: false },
    // One router for tests and production; Bun's own decodes and matches paths differently.
    systemRouter: false,
    serve: {
      maxRequestBodySize: HARD_BODY_LIMIT,
      idleTimeout: 30,
      reusePort: false,
      development: false,
      error: lastResort(deps.log, deps.ids),
    },
  })
    .use(contextPlugin(deps.log, deps.ids, deps.observeRequest))
    .use(errorPlugin(deps.log))
    .use(corsPlugin(edge.corsOrigins))
    .use(deps.limits?.plugin ?? new Elysia())
    .use(securityHeaders(edge.hstsSeconds))
    .use(boundedUrl())
    .use(admission(deps.authenticate))
    .use(decodableUrl)
    .use(jsonBody(edge.bodyDeadlineMs))
    .use(unreadQuery)
    .use(streamHeads)
    .use(healthRoutes(deps))
    .use(openapiPlugin({ version: deps.version }))
  if (deps.metrics) app.use(metricsRoutes(deps.metrics))
  for (const routes of deps.routes) app.use(routes)
  return app
}

export type App = ReturnType<typeof createApp>
