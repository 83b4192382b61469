import { version } from '../package.json'
import { DEMO_ACCOUNT } from './accounts/service.ts'
import { createApp } from './app.ts'
import type { Config } from './config.ts'
import { systemClock } from './core/clock.ts'
import { randomIds } from './core/ids.ts'
import { bareHost } from './core/loopback.ts'
import { bundlePage } from './dashboard/bundle.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { isDatabaseAway } from './db/away.ts'
import { openDatabase } from './db/client.ts'
import { startEmbedded } from './db/embedded/server.ts'
import { migrateDatabase } from './db/migrate.ts'
import { createPatience } from './db/patience.ts'
import { edgeOf, limitsOf } from './edge.ts'
import { readFleet } from './fleet.ts'
import { openAccess } from './http/auth.ts'
import { startBoss } from './queue/boss.ts'
import { releaseClaims } from './queue/claims.ts'
import { routesOf } from './routes.ts'
import { createServices } from './services.ts'
import { createLogger, flushLogger, type Logger } from './telemetry/logger.ts'
import { watchEventLoop } from './telemetry/process.ts'
import { startWorkers } from './workers.ts'

export interface Running {
  /** Where the API answers; in a pure worker where its metrics are, null when they are nowhere. */
  url: string | null
  /** Where the embedded PostgreSQL keeps its files; null with DATABASE_URL. */
  dataDir: string | null
  log: Logger
  /**
   * Ends everything in the reverse order of its start, once: requests are served for SHUTDOWN_DRAIN_MS more, then they and
   * then jobs may finish within the grace period.
   */
  stop(): Promise<void>
}

/** Ends what has been started, newest first. Every step is tried; the first error is thrown at the end. */
const unwind = async (steps: readonly (() => Promise<unknown>)[]): Promise<void> => {
  const failures: unknown[] = []
  for (const step of steps.toReversed()) await step().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** What a prober may have to wait for an answer. */
const READY_WITHIN_MS = 2_000

/** Longest that a start waits for market and providers; without them quotes are made of sample rates, or not at all. */
const FIRST_RATES_MS = 1_500

const answers = (check: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    check.then(
      () => true,
      () => false,
    ),
    Bun.sleep(READY_WITHIN_MS).then(() => false),
  ])

/**
 * Starts config -> database -> migrations -> queue -> workers -> HTTP. What had started is ended when a step fails
 * or `signal` is set before the end.
 */
export const startProcess = async (
  config: Config,
  signal: AbortSignal = new AbortController().signal,
): Promise<Running> => {
  const log = createLogger({
    level: config.LOG_LEVEL,
    pretty: config.NODE_ENV === 'development' && process.stdout.isTTY,
  })
  const started: (() => Promise<unknown>)[] = [
    () => {
      log.info('stopped')
      return flushLogger(log)
    },
  ]
  let stopping = false
  let stopped: Promise<void> | undefined
  try {
    // Before anything is started: it may find that a setting is missing.
    const fleet = await readFleet(config)
    const embedded = config.DATABASE_URL ? null : await startEmbedded({ dataDir: config.DATA_DIR })
    if (embedded) started.push(() => embedded.stop())
    const databaseUrl = config.DATABASE_URL ?? embedded?.url ?? ''
    const pooled = config.DATABASE_POOLER === 'transaction'
    const patience = createPatience({
      forMs: config.DATABASE_WAIT_SECONDS * 1000,
      isAway: isDatabaseAway,
      signal,
      log,
    })
    signal.throwIfAborted()
    await patience(() => migrateDatabase(config.DATABASE_DIRECT_URL ?? databaseUrl))

    const database = openDatabase({ url: databaseUrl, max: config.DATABASE_POOL, pooled })
    started.push(() => database.close())

    const works = config.ROLE !== 'api'
    const onError = (error: Error) => log.error({ err: error }, 'queue error')
    const boss = await patience(() => startBoss({ url: databaseUrl, supervise: works, pooled, onError }))
    started.push(() => boss.stop({ graceful: true, timeout: config.SHUTDOWN_GRACE_MS }))

    const services = createServices({
      ...{ config, database, boss, fleet, log },
      clock: systemClock,
      ids: randomIds,
    })
    // A restart begins with what the last run knew; a first start gives the sources a moment to answer.
    await Promise.all([services.market.warm(), services.lockPrice.load()])
    const { market, lockPrice, freshness } = services
    const endWatch = watchEventLoop(services.observers.eventLoop)
    started.push(async () => endWatch())
    started.push(() => Promise.all([market.stop(), lockPrice.stop(), freshness.stop()]))
    await Promise.race([Promise.all([market.refreshDue(), freshness.start()]), Bun.sleep(FIRST_RATES_MS)])
    market.start()
    lockPrice.start()
    if (works && embedded) {
      // Nobody else works here, for the data directory is locked; and a claim that somebody did hold is fenced.
      const jobs = await releaseClaims(boss, database.sql)
      if (jobs > 0) log.warn({ jobs }, 'took up the jobs of a process that was killed')
    }
    if (works) await startWorkers(boss, services, log)
    const port = config.ROLE === 'worker' ? config.METRICS_PORT : config.PORT
    const url = port === undefined ? null : await serve(port)
    signal.throwIfAborted()
    log.info({ version, role: config.ROLE, address: url ?? undefined }, 'started')
    const stop = () => {
      stopping = true
      stopped ??= unwind(started)
      return stopped
    }
    return { url, dataDir: embedded?.dataDir ?? null, log, stop }

    async function serve(port: number): Promise<string> {
      const { accounts, lastUsed, metrics, observers } = services
      if (config.AUTH_MODE === 'open') await accounts.ensureDemo()
      const { limits, exchange } = limitsOf(config, { database, clock: systemClock, log })
      exchange.start()
      started.push(() => exchange.stop())
      const authenticate = limits.guard(
        config.AUTH_MODE === 'open' ? openAccess(DEMO_ACCOUNT) : services.authenticate,
      )
      const ready = async () => {
        if (stopping) return { accepting: false }
        const checks = [database.sql`select 1`, boss.getDb().executeSql('select 1')]
        const [domain, queue] = await Promise.all(checks.map(answers))
        return { accepting: !stopping, database: domain === true, queue: queue === true }
      }
      const page = () => bundlePage({ keyNeeded: config.AUTH_MODE === 'required' })
      // A worker is only watched.
      const routes = config.ROLE === 'worker' ? [] : [...routesOf(services), dashboardRoutes(await page())]
      const edge = edgeOf(config)
      const app = createApp({
        ...{ log, authenticate, version, ready, metrics, routes, limits, edge },
        ids: randomIds,
        observeRequest: observers.requests,
      })
      lastUsed.start()
      started.push(() => lastUsed.stop())
      const host = bareHost(config.HOST)
      app.listen({ port, hostname: host })
      started.push(async () => {
        // Whoever sends requests here learns from /readyz that it should not; until it has, they are served.
        if (stopping) await Bun.sleep(config.SHUTDOWN_DRAIN_MS)
        // Open event streams never end by themselves.
        services.feed.close()
        const cut = setTimeout(() => app.server?.stop(true), config.SHUTDOWN_GRACE_MS)
        await app.stop()
        clearTimeout(cut)
      })
      return `http://${host.includes(':') ? `[${host}]` : host}:${app.server?.port}`
    }
  } catch (error) {
    await unwind(started).catch(() => {})
    throw error
  }
}
