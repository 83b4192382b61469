import { type Rate, ratioDown } from '../core/rate.ts'

/** A mid as a market source published it. */
export interface RecordedMid {
  /** Epoch milliseconds. */
  publishedAt: number
  fiatPerUsd: Rate
}

/** A rate of a currency or a pair at one instant. Only its relative changes matter, so its direction does not. */
export interface Observation {
  /** Epoch milliseconds. */
  at: number
  rate: Rate
}

export interface LockOptions {
  /** How long the rate is at risk. */
  horizonMs: number
  /** Bounds of the answer in hundredths of a percent, whole numbers. */
  minBps: number
  maxBps: number
  /** The answer where there are too few publications to measure. */
  defaultBps: number
  /** Publications at different instants that it takes; two at least, for one shows no change. */
  minObservations: number
  /** Standard deviations that the buffer covers. */
  multiplier: number
}

/** What a day leaves of the weight of the past: RiskMetrics' decay factor for daily returns, section 5.3. */
const DAILY_DECAY = 0.94

const DAY_MS = 86_400_000

/** In order of time, each instant once; of several rates for one instant always the same one counts. */
const inOrder = (series: readonly Observation[]): Observation[] => {
  const sorted = series.toSorted((a, b) => a.at - b.at || (a.rate < b.rate ? -1 : Number(a.rate > b.rate)))
  return sorted.filter(({ at }, index) => sorted[index + 1]?.at !== at)
}

/**
 * Variance of the daily logarithmic return after each rate of the series, null after the first, as an exponentially
 * weighted moving average without a mean: J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th edition, 1996,
 * section 5.2, v = λ v + (1 - λ) r² for returns r a day apart. For publications d days apart, λ^d takes the place of λ and
 * r² / d that of r², which is the same at d = 1. Weights are scaled to sum to one, so that the first returns do not count
 * for more than they are.
 */
const dailyVariances = (ordered: readonly Observation[]): (number | null)[] => {
  let [sum, weight] = [0, 0]
  return ordered.map(({ at, rate }, index) => {
    const before = ordered[index - 1]
    if (!before) return null
    const days = (at - before.at) / DAY_MS
    // The difference is exact, so an unchanged rate gives a return of exactly zero.
    const change = Math.log1p(Number(rate - before.rate) / Number(before.rate))
    const decay = DAILY_DECAY ** days
    sum = decay * sum + (1 - decay) * (change ** 2 / days)
    weight = decay * weight + (1 - decay)
    return sum / weight
  })
}

/** A buffer as it was from one publication to the next. */
export interface BufferPoint {
  /** Epoch milliseconds of the publication. */
  at: number
  bps: number
}

/**
 * Basis points to lower a locked rate by, rounded up, once each instant of the series had been published: `multiplier`
 * standard deviations of its change within the horizon, 10,000 × multiplier × sqrt(daily variance × horizon in days), kept
 * within the bounds. `defaultBps` as it is while fewer than `minObservations` instants are known. Order and repetitions in
 * the series do not matter. A closed market counts as a calm one: a weekend makes the estimate smaller by up to a sixth,
 * which the multiplier must cover.
 */
export const lockBufferPoints = (
  series: readonly Observation[],
  { horizonMs, minBps, maxBps, defaultBps, minObservations, multiplier }: LockOptions,
): BufferPoint[] => {
  const ordered = inOrder(series)
  const variances = dailyVariances(ordered)
  return ordered.map(({ at }, index) => {
    const variance = variances[index] ?? null
    if (variance === null || index + 1 < minObservations) return { at, bps: defaultBps }
    const bps = Math.ceil(10_000 * multiplier * Math.sqrt(variance * (horizonMs / DAY_MS)))
    return { at, bps: Math.min(Math.max(bps, minBps), maxBps) }
  })
}

/** The buffer by all of the series: the last of its points, `defaultBps` where there are none. */
export const lockBufferBps = (series: readonly Observation[], options: LockOptions): number =>
  lockBufferPoints(series, options).at(-1)?.bps ?? options.defaultBps

const observed = (mids: readonly RecordedMid[]): Observation[] =>
  inOrder(mids.map(({ publishedAt, fiatPerUsd }) => ({ at: publishedAt, rate: fiatPerUsd })))

/**
 * The rate of a pair, target units for a source unit, at the instants at which both mids were published. Null stands
 * for the US dollar, in which mids are quoted. The variance of a pair is not the sum of its currencies': they move together.
 */
export const pairSeries = (
  source: readonly RecordedMid[] | null,
  target: readonly RecordedMid[] | null,
): Observation[] => {
  if (!source || !target) return observed(source ?? target ?? [])
  const sourceAt = new Map(observed(source).map(({ at, rate }) => [at, rate]))
  return observed(target).flatMap(({ at, rate }) => {
    const divisor = sourceAt.get(at)
    return divisor === undefined ? [] : [{ at, rate: ratioDown(rate, divisor) }]
  })
}
