import type { Fiat } from '../core/currency.ts'
import { parseRate } from '../core/rate.ts'
import type { Sql } from '../db/client.ts'
import type { Logger } from '../telemetry/logger.ts'
import {
  type BufferPoint,
  type LockOptions,
  lockBufferBps,
  lockBufferPoints,
  pairSeries,
  type RecordedMid,
} from './volatility.ts'

/** A lock holds from the quote to the end of the off-ramp: a minute to pay, and two legs of some minutes each. */
export const LOCK_HORIZON_MS = 10 * 60_000
/** Standard deviations that the price of a lock covers; 3 leave about one lock in 740 uncovered, were returns normal. */
export const LOCK_DEVIATIONS = 3
/** Publications that it takes to measure: a month of working days. */
export const LEAST_PUBLICATIONS = 20

/** How far back publications count. */
export const KEPT_DAYS = 180
/** The source of mids that were made up for a development database. */
export const SAMPLE = 'sample'

/** Sources publish once a day. */
const RELOAD_MS = 10 * 60_000

// From one source only, for what two of them differ by is no movement of the market; that which has published most. The
// sample is long from its first day on, and makes way for a source as soon as that alone is enough to measure.
const LOAD = `
with recent as (
  select * from market_mids where published_at > now() - interval '${KEPT_DAYS} days' and currency <> 'USD'
),
best as (
  select source from recent group by source
  order by source <> '${SAMPLE}' and count(distinct published_at) >= ${LEAST_PUBLICATIONS} desc, count(*) desc, source limit 1
)
select currency, fiat_per_usd::text as rate, floor(extract(epoch from published_at) * 1000)::float8 as at
from recent join best using (source)`

interface Row {
  currency: Fiat
  rate: string
  at: number
}

/** The price of a pair's lock over time, hundredths of a percent. */
export interface LockHistory extends Pick<LockOptions, 'defaultBps' | 'minBps' | 'maxBps'> {
  currentBps: number
  /** Oldest first. */
  points: BufferPoint[]
}

/** What a lock costs in each pair, measured on the mids that were recorded. */
export const createLockPrice = (sql: Sql, log: Logger, options: LockOptions) => {
  let series: ReadonlyMap<Fiat, RecordedMid[]> = new Map()
  const priced = new Map<string, number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let loading: Promise<void> = Promise.resolve()

  const of = (currency: Fiat): readonly RecordedMid[] | null =>
    currency === 'USD' ? null : (series.get(currency) ?? [])

  const bps = (from: Fiat, to: Fiat): number => {
    const pair = `${from}${to}`
    const known = priced.get(pair)
    if (known !== undefined) return known
    const measured = lockBufferBps(pairSeries(of(from), of(to)), options)
    priced.set(pair, measured)
    return measured
  }

  /** Reads what has been recorded. When it cannot, the last measurement stands, and the log says so. */
  const load = async (): Promise<void> => {
    try {
      const rows = await sql.unsafe<Row[]>(LOAD, [], { prepare: true })
      const loaded = new Map<Fiat, RecordedMid[]>()
      for (const { currency, rate, at } of rows) {
        const mids = loaded.get(currency) ?? []
        mids.push({ publishedAt: at, fiatPerUsd: parseRate(rate) })
        loaded.set(currency, mids)
      }
      series = loaded
      priced.clear()
    } catch (err) {
      log.warn({ err }, 'the price of locks could not be measured anew')
    }
  }

  const loop = (): void => {
    loading = load()
    timer = setTimeout(loop, RELOAD_MS).unref()
  }

  return {
    load,

    /** Hundredths of a percent to take off a rate that is locked now. */
    bps,

    /** What `bps` is, within which bounds, and what it was after each publication since then (epoch milliseconds). */
    history: (from: Fiat, to: Fiat, sinceMs: number): LockHistory => ({
      currentBps: bps(from, to),
      defaultBps: options.defaultBps,
      minBps: options.minBps,
      maxBps: options.maxBps,
      points: lockBufferPoints(pairSeries(of(from), of(to)), options).filter(({ at }) => at >= sinceMs),
    }),

    /** Measures anew every ten minutes from now on. */
    start: (): void => {
      timer ??= setTimeout(loop, RELOAD_MS).unref()
    },

    stop: async (): Promise<void> => {
      clearTimeout(timer)
      timer = undefined
      await loading
    },
  }
}

export type LockPrice = ReturnType<typeof createLockPrice>
