import type { TestClock } from 'pg-boss'
import { createApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { randomIds } from '../../src/core/ids.ts'
import { readFleet } from '../../src/fleet.ts'
import { openAccess } from '../../src/http/auth.ts'
import type { Provider } from '../../src/providers/port.ts'
import { createBoss } from '../../src/queue/boss.ts'
import { routesOf } from '../../src/routes.ts'
import { createServices, type Foundation } from '../../src/services.ts'
import { createLogger, type Logger } from '../../src/telemetry/logger.ts'
import { startWorkers } from '../../src/workers.ts'
import { testDatabase } from './database.ts'

export interface HarnessOptions {
  /** Environment variables; the sandbox is immediate, its deadline short and the market a sample unless they say otherwise. */
  env?: Record<string, string>
  /** Virtual time for queue and sandbox; tick it by hand. */
  clock?: TestClock
  /** In place of those that the environment names. */
  providers?: readonly Provider[]
  checkpoint?: Foundation['checkpoint']
  /** A server that has the template, when the test does things to it that others must not suffer. */
  server?: string
  /** Start the workers too; without them a test runs steps by hand. */
  workers?: boolean
  account?: string
  /** Takes what is logged; nothing is without it. */
  log?: Logger
}

/** The whole program without a port, on a database of its own. */
export const startHarness = async (options: HarnessOptions = {}) => {
  const config: Config = loadConfig({
    SANDBOX_TIME_SCALE: '0',
    PROVIDER_DEADLINE_MS: '200',
    // Nothing outside is asked unless a test brings its own outside.
    MARKET_DATA: 'sample',
    ...options.env,
  })
  const settings = options.clock ? { 'pgboss.test_clock': 'on' } : {}
  const database = await testDatabase({ settings, max: config.DATABASE_POOL }, options.server)
  const errors: Error[] = []
  const clock: Clock = options.clock ?? systemClock
  const boss = createBoss({
    url: database.url,
    supervise: false,
    onError: (error) => errors.push(error),
    ...(options.clock ? { clock: options.clock } : {}),
  })
  await boss.start()
  const log = options.log ?? createLogger({ level: 'silent', pretty: false })
  const { providers, checkpoint } = options
  const services = createServices({
    config,
    database,
    boss,
    clock,
    ids: randomIds,
    log,
    fleet: providers ? () => [...providers] : await readFleet(config),
    ...(checkpoint ? { checkpoint } : {}),
  })
  if (options.workers) await startWorkers(boss, services, log)
  const authenticate = openAccess(options.account ?? 'demo')
  const app = createApp({
    log,
    ids: randomIds,
    authenticate,
    version: '0.0.0-test',
    ready: async () => ({ database: true }),
    metrics: services.metrics,
    observeRequest: services.observers.requests,
    routes: routesOf(services),
  })

  /** One request through the app; the body is sent as JSON unless it is text already. */
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const request = new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(text === undefined ? {} : { body: text }),
    })
    const response = await app.handle(request)
    const raw = await response.text()
    return { status: response.status, headers: response.headers, body: raw ? JSON.parse(raw) : null }
  }

  return {
    config,
    database,
    boss,
    services,
    app,
    call,
    /** Errors that the queue reported in the background. */
    errors,
    stop: async () => {
      await boss.stop({ graceful: false })
      await database.drop()
    },
  }
}

export type Harness = Awaited<ReturnType<typeof startHarness>>
