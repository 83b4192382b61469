import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRate, RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import {
  lockBufferBps,
  lockBufferPoints,
  type Observation,
  pairSeries,
  type RecordedMid,
} from '../../src/market/volatility.ts'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE
const START = Date.UTC(2026, 10, 2)

const OPEN = {
  minBps: 0,
  maxBps: 1_000_000,
  defaultBps: 0,
  minObservations: 2,
  multiplier: 1,
  horizonMs: DAY,
}

/** Steps in time and in the logarithm of the rate; a change is either nothing or large enough to survive rounding. */
const step = fc.record({
  gapMs: fc.integer({ min: MINUTE, max: 4 * DAY }),
  change: fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-4, max: 0.02, noNaN: true }),
    fc.double({ min: -0.02, max: -1e-4, noNaN: true }),
  ),
})
const steps = fc.array(step, { minLength: 3, maxLength: 40 })
type Step = { gapMs: number; change: number }

/** A series that starts at `from` and makes the steps, each `stretch` times as large. */
const walk = (path: readonly Step[], stretch = 1, from = 1): Observation[] => {
  let [at, logarithm] = [START, Math.log(from)]
  const rateAt = () => BigInt(Math.round(Math.exp(logarithm) * Number(RATE_UNITS))) as Rate
  return [
    { at, rate: rateAt() },
    ...path.map(({ gapMs, change }) => {
      at += gapMs
      logarithm += change * stretch
      return { at, rate: rateAt() }
    }),
  ]
}

const daily = (...rates: string[]): Observation[] =>
  rates.map((rate, day) => ({ at: START + day * DAY, rate: parseRate(rate) }))

describe('the buffer is the one that RiskMetrics’ formula gives', () => {
  test('one return: its own size, at one standard deviation over its own time', () => {
    // ln(1.01) is 0.00995033.
    expect(lockBufferBps(daily('1', '1.01'), OPEN)).toBe(100)
    expect(lockBufferBps(daily('1', '1.01'), { ...OPEN, multiplier: 3 })).toBe(299)
    // Over a quarter of the time half of it.
    expect(lockBufferBps(daily('1', '1.01'), { ...OPEN, horizonMs: DAY / 4 })).toBe(50)
  })

  test('daily returns: the textbook recursion, with weights that sum to one', () => {
    const rates = ['1.1', '1.104', '1.0985', '1.0985', '1.11', '1.1042']
    const numbers = rates.map(Number)
    const squares = numbers.slice(1).map((rate, index) => Math.log(rate / (numbers[index] ?? 1)) ** 2)
    const weights = squares.map((_, index) => 0.94 ** (squares.length - 1 - index))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const variance = squares.reduce((sum, square, index) => sum + square * (weights[index] ?? 0), 0) / total
    expect(lockBufferBps(daily(...rates), OPEN)).toBe(Math.ceil(10_000 * Math.sqrt(variance)))
  })

  test('a move counts the same whether it was published after an hour or after three days', () => {
    const after = (ms: number) => [
      { at: START, rate: parseRate('1') },
      { at: START + ms, rate: parseRate('1.001') },
    ]
    for (const ms of [60 * MINUTE, DAY, 3 * DAY])
      expect(lockBufferBps(after(ms), { ...OPEN, horizonMs: ms })).toBe(10)
  })
})

describe('whatever the market does', () => {
  const bounds = fc
    .tuple(fc.nat(500), fc.nat(500), fc.nat(500))
    .map(([a, b, defaultBps]) => ({ minBps: Math.min(a, b), maxBps: Math.max(a, b), defaultBps }))

  test('the buffer is a whole number within its bounds', () => {
    fc.assert(
      fc.property(
        steps,
        bounds,
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.nat(7 * DAY),
        (path, limits, multiplier, horizonMs) => {
          const bps = lockBufferBps(walk(path), { ...OPEN, ...limits, multiplier, horizonMs })
          expect(Number.isInteger(bps)).toBe(true)
          expect(bps).toBeGreaterThanOrEqual(limits.minBps)
          expect(bps).toBeLessThanOrEqual(limits.maxBps)
        },
      ),
    )
  })

  test('a more volatile one never narrows it', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 5 }), (path, stretch) => {
        expect(lockBufferBps(walk(path, stretch), OPEN)).toBeGreaterThanOrEqual(
          lockBufferBps(walk(path), OPEN),
        )
      }),
    )
  })

  test('a calm one narrows it day by day, down to the minimum', () => {
    fc.assert(
      fc.property(steps, (path) => {
        const options = { ...OPEN, minBps: 2 }
        let last = lockBufferBps(walk(path), options)
        const calm: Step[] = []
        for (let day = 0; day < 400; day++) {
          calm.push({ gapMs: DAY, change: 0 })
          const bps = lockBufferBps(walk([...path, ...calm]), options)
          expect(bps).toBeLessThanOrEqual(last)
          last = bps
        }
        expect(last).toBe(2)
      }),
      { numRuns: 20 },
    )
  })

  test('one that never moves has the minimum', () => {
    const still = steps.map((path) => walk(path.map(({ gapMs }) => ({ gapMs, change: 0 }))))
    fc.assert(
      fc.property(still, fc.nat(50), (series, minBps) => {
        expect(lockBufferBps(series, { ...OPEN, minBps })).toBe(minBps)
      }),
    )
  })

  test('a longer horizon never narrows it', () => {
    fc.assert(
      fc.property(steps, fc.nat(30 * DAY), fc.nat(30 * DAY), (path, a, b) => {
        const at = (horizonMs: number) => lockBufferBps(walk(path), { ...OPEN, horizonMs })
        expect(at(Math.max(a, b))).toBeGreaterThanOrEqual(at(Math.min(a, b)))
      }),
    )
  })

  test('a currency that is worth a hundred times less has the same buffer', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 200 }), (path, factor) => {
        const series = walk(path)
        const cheaper = series.map(({ at, rate }) => ({ at, rate: (rate * BigInt(factor)) as Rate }))
        expect(lockBufferBps(cheaper, OPEN)).toBe(lockBufferBps(series, OPEN))
      }),
    )
  })

  test('order and repetitions of the publications change nothing', () => {
    const mixed = steps.chain((path) => {
      const series = walk(path)
      return fc.tuple(
        fc.constant(series),
        fc.array(fc.constantFrom(...series), { maxLength: 20 }).chain((again) => {
          const all = [...series, ...again]
          return fc.shuffledSubarray(all, { minLength: all.length })
        }),
      )
    })
    fc.assert(
      fc.property(mixed, ([series, shuffled]) => {
        expect(lockBufferBps(shuffled, OPEN)).toBe(lockBufferBps(series, OPEN))
      }),
    )
  })

  test('each point of its history is the buffer by what had been published up to then', () => {
    const limits = fc.record({ minBps: fc.nat(5), maxBps: fc.integer({ min: 5, max: 300 }) })
    fc.assert(
      fc.property(steps, limits, fc.nat(30), (path, bounds, minObservations) => {
        const options = { ...OPEN, ...bounds, minObservations, defaultBps: 7 }
        const series = walk(path)
        const published = series.toReversed()
        expect(lockBufferPoints([...published, ...series], options)).toEqual(
          series.map(({ at }, index) => ({ at, bps: lockBufferBps(series.slice(0, index + 1), options) })),
        )
      }),
    )
    expect(lockBufferPoints([], OPEN)).toEqual([])
  })

  test('two rates for one instant give one answer, in either order', () => {
    const [a, b] = [parseRate('1.1'), parseRate('1.2')]
    const series = (...rates: Rate[]) => [
      ...daily('1', '1.05'),
      ...rates.map((rate) => ({ at: START + 2 * DAY, rate })),
    ]
    expect(lockBufferBps(series(a, b), OPEN)).toBe(lockBufferBps(series(b, a), OPEN))
    expect(Number.isInteger(lockBufferBps(series(a, b), OPEN))).toBe(true)
  })

  test('a single leap fades: half of the buffer is left after 22 days, and nothing in the end', () => {
    const calm = (days: number) => Array.from({ length: days }, () => ({ gapMs: DAY, change: 0 }))
    const bufferAfter = (days: number) =>
      lockBufferBps(walk([...calm(300), { gapMs: DAY, change: 0.05 }, ...calm(days)]), OPEN)
    // 0.94^11 is 0.506 of the variance, and the buffer is its root.
    expect(bufferAfter(11) / bufferAfter(0)).toBeCloseTo(Math.sqrt(0.94 ** 11), 1)
    expect(bufferAfter(22) / bufferAfter(0)).toBeCloseTo(0.94 ** 11, 1)
    expect(bufferAfter(250)).toBeLessThan(2)
  })

  test('how often a calm market publishes does not age what was before it', () => {
    const published = (gapMs: number) => {
      const calm = Array.from({ length: (12 * DAY) / gapMs }, () => ({ gapMs, change: 0 }))
      return lockBufferBps(walk([{ gapMs: DAY, change: 0.01 }, { gapMs: DAY, change: -0.02 }, ...calm]), OPEN)
    }
    expect(published(60 * MINUTE)).toBe(published(DAY))
    expect(published(4 * DAY)).toBe(published(DAY))
  })
})

test('with too few publications, repetitions aside, the answer is the default, bounds or not', () => {
  const options = { ...OPEN, minBps: 5, defaultBps: 0 }
  expect(lockBufferBps([], options)).toBe(0)
  expect(lockBufferBps(daily('1'), { ...options, minObservations: 0 })).toBe(0)
  const repeated = [...daily('1', '1.5'), ...daily('1', '1.5')]
  expect(lockBufferBps(repeated, { ...options, minObservations: 3 })).toBe(0)
  expect(lockBufferBps(daily('1', '1.5', '1'), { ...options, minObservations: 3 })).toBeGreaterThan(5)
})

describe('a pair', () => {
  const mids = (...rates: [day: number, rate: string][]): RecordedMid[] =>
    rates.map(([day, rate]) => ({ publishedAt: START + day * DAY, fiatPerUsd: parseRate(rate) }))
  const euro = mids([0, '0.9'], [1, '0.91'], [3, '0.93'])
  const yen = mids([0, '150'], [2, '151'], [3, '155'])

  test('has a rate where both were published at the same instant', () => {
    expect(pairSeries(euro, yen)).toEqual([
      { at: START, rate: parseRate('166.6666666666') },
      { at: START + 3 * DAY, rate: parseRate('166.6666666666') },
    ])
  })

  test('whose currencies move together against the dollar is calm', () => {
    const buffer = (series: Observation[]) => lockBufferBps(series, { ...OPEN, minBps: 1 })
    expect(buffer(pairSeries(euro, yen))).toBe(1)
    expect(buffer(pairSeries(null, yen))).toBeGreaterThan(100)
  })

  test('with the dollar is the other currency’s own series, either way round', () => {
    const own = euro.map(({ publishedAt, fiatPerUsd }) => ({ at: publishedAt, rate: fiatPerUsd }))
    expect(pairSeries(null, euro)).toEqual(own)
    expect(pairSeries(euro, null)).toEqual(own)
    expect(pairSeries(null, null)).toEqual([])
  })

  test('has the same buffer in both directions', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const length = Math.min(one.length, other.length)
        const midsOf = (path: Step[], from: number) =>
          walk(
            path.slice(0, length).map(({ change }) => ({ gapMs: DAY, change })),
            1,
            from,
          ).map(({ at, rate }) => ({
            publishedAt: at,
            fiatPerUsd: rate,
          }))
        const [a, b] = [midsOf(one, 0.92), midsOf(other, 1.5)]
        const difference = lockBufferBps(pairSeries(a, b), OPEN) - lockBufferBps(pairSeries(b, a), OPEN)
        // The two are rounded to ten decimals each, which can show only at the edge of a whole number.
        expect(Math.abs(difference)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
