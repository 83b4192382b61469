import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRetryAfter } from '../../src/core/retry-after.ts'
import { RETRY_DELAYS, retryDelayMs } from '../../src/webhooks/schedule.ts'

const HOUR = 3_600_000
const deliveryId = '0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f'
const delay = (attempts: number, retryAfterMs?: number, timeScale = 1) =>
  retryDelayMs({ deliveryId, attempts, retryAfterMs, timeScale })

describe('the retry schedule', () => {
  test('makes twelve attempts over about three days', () => {
    const total = RETRY_DELAYS.reduce((sum, each) => sum + each, 0)
    expect(RETRY_DELAYS).toHaveLength(11)
    expect(total / HOUR).toBeWithin(72, 78)
    expect(delay(11)).not.toBeNull()
    expect(delay(12)).toBeNull()
  })

  test('stays within 20 % of the plan, and says the same each time it is asked', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 11 }), (id, attempts) => {
        const ask = () =>
          retryDelayMs({ deliveryId: id, attempts, retryAfterMs: undefined, timeScale: 1 }) ?? 0
        const planned = RETRY_DELAYS[attempts - 1] ?? 0
        expect(ask() / planned).toBeWithin(0.8, 1.2001)
        expect(ask()).toBe(ask())
      }),
    )
  })

  test('spreads deliveries that failed together', () => {
    const ids = Array.from({ length: 100 }, (_, index) => `delivery-${index}`)
    const delays = ids.map((id) =>
      retryDelayMs({ deliveryId: id, attempts: 3, retryAfterMs: undefined, timeScale: 1 }),
    )
    expect(new Set(delays).size).toBeGreaterThan(95)
  })

  test('a Retry-After lengthens a delay up to 24 h, and never shortens it', () => {
    expect(delay(1, 60_000)).toBe(60_000)
    expect(delay(1, 0)).toBe(delay(1))
    expect(delay(1, 99 * HOUR)).toBe(24 * HOUR)
    expect(delay(12, 60_000)).toBeNull()
  })

  test('the development factor scales our delays, not what a receiver asks for', () => {
    expect(delay(4, undefined, 0.01)).toBeWithin(4800, 7201)
    expect(delay(4, undefined, 0)).toBe(0)
    expect(delay(4, 60_000, 0)).toBe(60_000)
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 23, 12, 0, 0)
  test.each([
    ['120', 120_000],
    [' 5 ', 5000],
    ['0', 0],
    ['Mon, 23 Nov 2026 12:01:30 GMT', 90_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999999999999', undefined],
    ['Mon, 99 Nov 2026 12:01:30 GMT', undefined],
    [null, undefined],
  ])('%j is %p ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected)
  })
})
