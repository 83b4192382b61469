import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { elapsedOf, freeUnits, minuteOf, WINDOW_MS, waitMs } from '../../src/limits/window.ts'

const units = fc.integer({ min: 0, max: 2_000 })
const situation = fc.record({
  limit: fc.integer({ min: 1, max: 1_000 }),
  used: fc.record({ current: units, previous: units }),
  elapsed: fc.integer({ min: 0, max: WINDOW_MS - 1 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

/** What is free `ms` later, when nobody uses anything in between. */
const freeAfter = (
  ms: number,
  limit: number,
  used: { current: number; previous: number },
  elapsed: number,
) => {
  const at = elapsed + ms
  const passed = Math.floor(at / WINDOW_MS)
  const then =
    passed === 0 ? used : passed === 1 ? { current: 0, previous: used.current } : { current: 0, previous: 0 }
  return freeUnits(limit, then, at % WINDOW_MS)
}

describe('the wait that a caller is told', () => {
  test('is enough, and a millisecond less is not', () => {
    fc.assert(
      fc.property(situation, ({ limit, used, elapsed, share }) => {
        const weight = Math.max(1, Math.ceil(limit * share))
        const wait = waitMs(limit, used, elapsed, weight)
        expect(freeAfter(wait, limit, used, elapsed)).toBeGreaterThanOrEqual(weight)
        if (wait > 0) expect(freeAfter(wait - 1, limit, used, elapsed)).toBeLessThan(weight)
      }),
      { numRuns: 2_000 },
    )
  })

  test('stays enough when it is rounded up: what is free only grows while nobody uses any', () => {
    fc.assert(
      fc.property(situation, fc.integer({ min: 0, max: 120_000 }), ({ limit, used, elapsed }, ms) => {
        expect(freeAfter(ms + 1_000, limit, used, elapsed)).toBeGreaterThanOrEqual(
          freeAfter(ms, limit, used, elapsed),
        )
      }),
    )
  })

  test('is two minutes at most, however much was used', () => {
    expect(waitMs(10, { current: 1_000_000, previous: 1_000_000 }, 0, 10)).toBe(2 * WINDOW_MS)
  })
})

test('a minute and what has passed of it make the time', () => {
  for (const now of [0, 59_999, 60_000, 1_795_418_400_123])
    expect(minuteOf(now) * WINDOW_MS + elapsedOf(now)).toBe(now)
})
