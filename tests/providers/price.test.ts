import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import { chargedRate } from '../../src/providers/price.ts'

const ONE = RATE_UNITS as Rate
const NOTHING = { bps: 0n, flatUsdCents: 0n }

test('a charge is taken out of the rate, in the house’s favour to the last unit', () => {
  expect(chargedRate(ONE, NOTHING, 100n)).toBe(ONE)
  // A cent of 3 cents is a third, which no rate of ten places holds: what is left is cut, never rounded up.
  expect(chargedRate(ONE, { bps: 0n, flatUsdCents: 1n }, 3n)).toBe(6_666_666_666n as Rate)
  expect(chargedRate(ONE, { bps: 25n, flatUsdCents: 0n }, 1n)).toBe(9_975_000_000n as Rate)
})

test('what remains never pays for less than the charge, whatever the rate and the size', () => {
  fc.assert(
    fc.property(
      fc.bigInt(1n, 10n ** 14n),
      fc.bigInt(0n, 500n),
      fc.bigInt(0n, 1_000n),
      fc.bigInt(1n, 10n ** 9n),
      (units, bps, flatUsdCents, usdCents) => {
        const charged = chargedRate(units as Rate, { bps, flatUsdCents }, usdCents) ?? 0n
        // Multiplied out, so that nothing of the check itself is rounded.
        const due = usdCents * 10_000n - (usdCents * bps + flatUsdCents * 10_000n)
        if (due <= 0n) expect(charged).toBe(0n)
        else expect(charged * usdCents * 10_000n).toBeLessThanOrEqual(units * due)
      },
    ),
  )
})

test('nothing is priced for no amount, nor where the charge takes all', () => {
  expect(chargedRate(ONE, NOTHING, 0n)).toBeNull()
  expect(chargedRate(ONE, NOTHING, -1n)).toBeNull()
  expect(chargedRate(ONE, { bps: 0n, flatUsdCents: 100n }, 100n)).toBeNull()
  expect(chargedRate(ONE, { bps: 10_000n, flatUsdCents: 0n }, 100n)).toBeNull()
})
