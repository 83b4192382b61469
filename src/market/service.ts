import type { Fiat } from '../core/currency.ts'
import { assemble, type Snapshot } from './assemble.ts'
import { createCache } from './cache.ts'
import type { Tolerances } from './doubts.ts'
import type { MarketFacts, RateSource } from './facts.ts'
import type { Mid } from './fx.ts'
import type { MarketView } from './model.ts'
import type { Readings } from './readings.ts'
import { createRefresher, type RefresherDeps } from './refresher.ts'
import type { Source, SourceFailure, SourceName } from './source.ts'
import { marketView } from './view.ts'

export type { RateSource } from './facts.ts'
export type { Mid } from './fx.ts'

/** What the rest of the program may ask about the market; all but `refreshDue` answer from memory and never wait. */
export interface Market {
  mid(currency: Fiat): Mid
  /** Everything known right now, deeply frozen. The same object until something changes. */
  facts(): MarketFacts
  /** Asks the sources that are due, each at most once at a time; never throws, ends when all have answered or failed. */
  refreshDue(): Promise<void>
}

/** How one source is doing in this process. */
export interface SourceReport {
  name: SourceName
  status: RateSource
  /** Whole seconds since its last good answer; null when it never gave one. */
  ageSeconds: number | null
  /** Failures since then, and the reason of the last one. */
  failures: number
  failure: SourceFailure | null
  /** Its last good value, however old; null when it never gave one. */
  value: Readonly<Record<string, unknown>> | null
}

export interface MarketDeps extends RefresherDeps, Tolerances {
  sources: readonly Source[]
}

/** The market of one process, with what its start and its end need. */
export interface MarketService extends Market {
  /** Takes over what other processes or an earlier one have stored. Never throws. */
  warm(): Promise<void>
  /** Keeps the sources fresh in the background from now on. */
  start(): void
  /** Ends that, and waits for the requests and the writes that are under way. */
  stop(): Promise<void>
  /** How each source that is asked is doing, for metrics and people. */
  report(): SourceReport[]
  /** All that is known and how every source is doing, for people. */
  view(): MarketView
}

/**
 * The market as this process knows it. Without `warm` it begins with the built-in sample, without `start` it asks
 * nothing by itself, and without sources it asks and stores nothing at all.
 */
export const createMarket = (deps: MarketDeps): MarketService => {
  const { sources, clock } = deps
  const cache = createCache(sources, clock, deps.log)
  const refresher = createRefresher(cache, deps)
  let last: { readings: Readings; snapshot: Snapshot } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const snapshot = (): Snapshot => {
    const now = clock.now()
    const readings = cache.readings()
    if (!last || last.readings !== readings || now >= last.snapshot.until)
      last = { readings, snapshot: assemble(readings, now, deps) }
    return last.snapshot
  }

  const loop = (): void => {
    void refresher.refreshDue()
    timer = setTimeout(loop, refresher.waitMs()).unref()
  }

  const report = (): SourceReport[] => {
    const now = clock.now()
    return snapshot().facts.sources.flatMap(({ name, status, fetched_at }) => {
      const entry = cache.entries.get(name)
      if (!entry) return []
      const ageSeconds = fetched_at === null ? null : Math.max(0, Math.floor((now - fetched_at) / 1000))
      const { failures, failure } = entry
      return [{ name, status, ageSeconds, failures, failure, value: cache.readings()[name]?.value ?? null }]
    })
  }

  return {
    mid: (currency) => snapshot().mids[currency],
    facts: () => snapshot().facts,
    refreshDue: refresher.refreshDue,
    warm: refresher.warm,
    start: () => {
      if (sources.length > 0 && timer === undefined) loop()
    },
    stop: async () => {
      clearTimeout(timer)
      timer = undefined
      await refresher.idle()
    },
    report,
    view: () => marketView(clock.now(), snapshot().facts, report()),
  }
}
