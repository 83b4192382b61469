import type { PgBoss } from 'pg-boss'
import { createAuthenticate } from './accounts/authenticate.ts'
import { modeOf } from './accounts/keys.ts'
import { createLastUsed } from './accounts/last-used.ts'
import { createAccountService } from './accounts/service.ts'
import { createAccountStore } from './accounts/store.ts'
import { sealAudit } from './audit/seal.ts'
import { createAuditService } from './audit/service.ts'
import { createAuditStore } from './audit/store.ts'
import type { Config } from './config.ts'
import type { Clock } from './core/clock.ts'
import type { Ids } from './core/ids.ts'
import { isLoopback } from './core/loopback.ts'
import type { Database } from './db/client.ts'
import { createEngine } from './fees/engine.ts'
import { createFeeService } from './fees/service.ts'
import { createFeeStore } from './fees/store.ts'
import type { Fleet } from './fleet.ts'
import { createLedgerService } from './ledger/service.ts'
import { createLedgerStore } from './ledger/store.ts'
import { fetchSource } from './market/fetch.ts'
import { createLockPrice, LEAST_PUBLICATIONS, LOCK_DEVIATIONS, LOCK_HORIZON_MS } from './market/lock-price.ts'
import { createMarket } from './market/service.ts'
import { createObservers, registerWatched } from './metrics.ts'
import { createOperationsService } from './operations/service.ts'
import { createOperationsStore } from './operations/store.ts'
import { adviserOf, sourcesOf } from './outside.ts'
import { createPaymentFeed } from './payments/feed/feed.ts'
import { createPaymentService } from './payments/service.ts'
import { createPaymentStore } from './payments/store.ts'
import { timingOf } from './payments/timing.ts'
import { type Checkpoint, createStepRunner } from './payments/worker.ts'
import { createFreshness } from './providers/freshness.ts'
import { createInboundService } from './providers/inbound/service.ts'
import { createInboundStore } from './providers/inbound/store.ts'
import { createLinks } from './providers/links.ts'
import { createRouter } from './providers/router.ts'
import { readQueues } from './queue/reading.ts'
import { createQuoteService } from './quotes/service.ts'
import { createQuoteStore } from './quotes/store.ts'
import { createReconciler } from './reconcile/service.ts'
import { createRunStore } from './reconcile/store.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createTreasuryService } from './treasury/service.ts'
import { createTreasuryStore } from './treasury/store.ts'
import { createWebhookService } from './webhooks/service.ts'
import { systemResolve } from './webhooks/target.ts'

/** What the services stand on; tests bring their own clock, ids, providers and checkpoints. */
export interface Foundation {
  config: Config
  database: Database
  boss: PgBoss
  clock: Clock
  ids: Ids
  log: Logger
  /** Makes the providers. */
  fleet: Fleet
  checkpoint?: (point: Checkpoint) => Promise<void> | void
}

/** Builds the domains and connects them; nothing runs yet. */
export const createServices = (foundation: Foundation) => {
  const { config, database, boss, clock, ids, log } = foundation
  const metrics = createMetrics()
  const observers = createObservers(metrics)
  const market = createMarket({
    sources: sourcesOf(config),
    fetch: fetchSource,
    sql: database.sql,
    clock,
    log,
    deadlineMs: config.MARKET_DEADLINE_MS,
    fxToleranceBps: config.FX_TOLERANCE_BPS,
    usdcToleranceBps: config.USDC_TOLERANCE_BPS,
  })
  const providers = foundation.fleet({
    sql: database.sql,
    clock,
    log,
    links: createLinks(database),
    mid: (currency) => market.mid(currency).fiatPerUsd,
  })
  const freshness = createFreshness(providers, config.PROVIDER_DEADLINE_MS, log)
  const router = createRouter(providers, clock, config.PROVIDER_DEADLINE_MS, log, observers.providers)

  // Set by the workers of this process; without them the workers of others find the work by polling.
  const wakers = { payments: () => {}, webhooks: () => {} }
  const paymentStore = createPaymentStore(database)
  const feed = createPaymentFeed({
    sql: database.sql,
    store: paymentStore,
    log,
    most: { perAccount: config.STREAMS_PER_ACCOUNT, perProcess: config.STREAMS_PER_PROCESS },
  })
  const wake = (work: { payments: boolean; webhooks: boolean }) => {
    feed.look()
    if (work.payments) wakers.payments()
    if (work.webhooks) wakers.webhooks()
  }

  const webhooks = createWebhookService({
    database,
    boss,
    clock,
    ids,
    log,
    resolve: systemResolve,
    // A developer's receiver is on the same machine; nobody else's may be on ours.
    allowPrivate:
      config.DATABASE_URL === undefined && config.NODE_ENV !== 'production' && isLoopback(config.HOST),
    timeScale: 1,
    wake: () => wakers.webhooks(),
    observe: observers.deliveries,
  })

  const lockPrice = createLockPrice(database.sql, log, {
    horizonMs: LOCK_HORIZON_MS,
    multiplier: LOCK_DEVIATIONS,
    minObservations: LEAST_PUBLICATIONS,
    minBps: config.LOCK_BUFFER_MIN_BPS,
    maxBps: config.LOCK_BUFFER_MAX_BPS,
    defaultBps: config.LOCK_BUFFER_DEFAULT_BPS,
  })
  const adviser = adviserOf(config, foundation)
  const engine = createEngine({ market, router, adviser })
  const fees = createFeeService({
    engine,
    store: createFeeStore(database),
    market,
    clock,
    ids,
  })

  const accountStore = createAccountStore(database)
  const lastUsed = createLastUsed({ store: accountStore, clock, log })

  const runs = createRunStore(database)
  const operationsStore = createOperationsStore(database.sql)
  const operations = createOperationsService({
    readQueues: () => readQueues(database.sql),
    store: operationsStore,
    clock,
  })
  const treasury = createTreasuryService({
    store: createTreasuryStore(database.sql),
    market,
    lockPrice,
    clock,
  })
  registerWatched(
    metrics,
    {
      market: market.report,
      providers: router.report,
      advice: adviser.stats,
      queues: operations.queues,
      now: operationsStore.now,
      openLocks: treasury.openLocks,
      newestRun: runs.newest,
      pool: config.DATABASE_POOL,
    },
    { clock, log },
  )

  return {
    accounts: createAccountService({ store: accountStore, ids, mode: modeOf(config.NODE_ENV) }),
    authenticate: createAuthenticate(accountStore, lastUsed),
    lastUsed,
    metrics,
    observers,
    reconcile: createReconciler({
      database,
      store: runs,
      providers,
      clock,
      ids,
      log,
      deadlineMs: config.PROVIDER_DEADLINE_MS,
    }),
    freshness,
    market,
    lockPrice,
    adviser,
    engine,
    fees,
    webhooks,
    inbound: createInboundService({
      providers,
      store: createInboundStore(database),
      log,
      deadlineMs: config.PROVIDER_DEADLINE_MS,
      wake: () => wake({ payments: true, webhooks: false }),
    }),
    router,
    wakers,
    feed,
    sealAudit: () => sealAudit(database.sql),
    quotes: createQuoteService({
      store: createQuoteStore(database),
      market,
      router,
      lockPrice,
      routes: engine,
      recommendations: fees,
      doubtPolicy: { onDoubt: config.FX_DOUBT, bufferBps: config.FX_DOUBT_BUFFER_BPS },
      ids,
      observe: observers.quotes,
    }),
    ledger: createLedgerService(createLedgerStore(database)),
    treasury,
    audit: createAuditService(createAuditStore(database)),
    operations,
    payments: createPaymentService({
      database,
      store: paymentStore,
      boss,
      ids,
      log,
      settleWithinSeconds: config.SETTLE_WITHIN_SECONDS,
      wake,
      observe: observers.payments,
    }),
    runSteps: createStepRunner({
      database,
      boss,
      router,
      clock,
      ids,
      log,
      timing: timingOf(config.POLL_FIRST_SECONDS, config.SANDBOX_TIME_SCALE),
      mid: (currency) => market.mid(currency).fiatPerUsd,
      wake,
      observe: observers.payments,
      ...(foundation.checkpoint ? { checkpoint: foundation.checkpoint } : {}),
    }),
  }
}

export type Services = ReturnType<typeof createServices>
