import { Gauge, type Registry } from 'prom-client'
import type { Clock } from './core/clock.ts'
import { registerAdviceMetrics } from './fees/advice/metrics.ts'
import type { AdviserStats } from './fees/advice/stats.ts'
import { observeRequests } from './http/metrics.ts'
import { registerMarketMetrics } from './market/metrics.ts'
import type { SourceReport } from './market/service.ts'
import { registerLiveMetrics, registerQueueMetrics } from './operations/metrics.ts'
import type { QueueList } from './operations/model.ts'
import type { NowRow } from './operations/store.ts'
import { observePayments } from './payments/metrics.ts'
import { observeProviders, registerProviderMetrics } from './providers/metrics.ts'
import type { ProviderReport } from './providers/router.ts'
import { observeQuotes } from './quotes/metrics.ts'
import { registerReconcileMetrics } from './reconcile/metrics.ts'
import type { NewestRun } from './reconcile/store.ts'
import type { Logger } from './telemetry/logger.ts'
import { OF_PROCESS } from './telemetry/metrics.ts'
import { eventLoopLag, registerProcessMetrics } from './telemetry/process.ts'
import { createReadings } from './telemetry/readings.ts'
import { registerExposureMetrics } from './treasury/metrics.ts'
import type { Exposure } from './treasury/model.ts'
import { observeDeliveries } from './webhooks/metrics.ts'

/** How long all scrapes share what is read of the database: what moves by the second, and what costs more to sum up. */
const SHORT_MS = 10_000
const LONG_MS = 60_000

/** Registers what happens in this process, and answers who has to be told of it. */
export const createObservers = (registry: Registry) => ({
  requests: observeRequests(registry),
  quotes: observeQuotes(registry),
  payments: observePayments(registry),
  providers: observeProviders(registry),
  deliveries: observeDeliveries(registry),
  eventLoop: eventLoopLag(registry),
})

/** What is asked whenever the metrics are read: the first three answer from memory, the others read the database. */
export interface Watched {
  market(): readonly SourceReport[]
  providers(): readonly ProviderReport[]
  advice(): AdviserStats
  queues(): Promise<QueueList>
  now(): Promise<NowRow>
  openLocks(): Promise<Exposure['open']>
  newestRun(): Promise<NewestRun | null>
  /** Most connections of the domain's pool. */
  pool: number
}

/** Registers how things are, as `watched` tells. */
export const registerWatched = (
  registry: Registry,
  watched: Watched,
  { clock, log }: { clock: Clock; log: Logger },
): void => {
  const reading = createReadings(registry, { clock, log })
  registerProcessMetrics(registry)
  registerMarketMetrics(registry, watched.market)
  registerProviderMetrics(registry, watched.providers)
  registerAdviceMetrics(registry, watched.advice)
  registerQueueMetrics(registry, reading('queues', SHORT_MS, watched.queues))
  registerLiveMetrics(registry, reading('live', SHORT_MS, watched.now))
  registerExposureMetrics(registry, reading('exposure', LONG_MS, watched.openLocks))
  const newest = async () => ({ run: await watched.newestRun() })
  // One row by its index: only those who ask at the same time share it.
  registerReconcileMetrics(registry, reading('reconcile', 0, newest), clock)
  new Gauge({
    name: 'ratelock_database_pool_connections_max',
    help: `Most connections that the domain's pool opens. ${OF_PROCESS}`,
    registers: [registry],
  }).set(watched.pool)
}
