import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FIAT_CURRENCIES, type Fiat } from '../../src/core/currency.ts'
import { parseRate, RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import { feesFor } from '../../src/fees/schedule.ts'

const DOLLAR = parseRate('1')

/** seed.md's table once more, so that a slip in the program's copy is noticed. USD cents. */
const TIERS = [
  { from: 0n, bps: 290n, fixed: 30n },
  { from: 10_000n, bps: 250n, fixed: 50n },
  { from: 100_000n, bps: 200n, fixed: 100n },
] as const

const minorUnits = (currency: Fiat) => (currency === 'JPY' ? 1n : 100n)

/** USD cents in minor units of a currency, rounded up. */
const valued = (cents: bigint, currency: Fiat, mid: Rate): bigint => {
  const [numerator, denominator] = [cents * mid * minorUnits(currency), 100n * RATE_UNITS]
  return (numerator + denominator - 1n) / denominator
}

const rows = (amount: number | bigint, currency: Fiat = 'USD', mid: Rate = DOLLAR) => {
  const { platform, onramp, offramp, total } = feesFor(BigInt(amount), currency, mid)
  return [platform, onramp, offramp, total].map(Number)
}

describe('seed.md’s schedule comes out to the cent', () => {
  test.each([
    // From seed.md and from the reference totals of the original.
    [100_000, [2100, 1050, 1575, 4725]],
    [5_000, [175, 100, 150, 425]],
    [10_000, [300, 150, 225, 675]],
    [50_000, [1300, 550, 825, 2675]],
    [500_000, [10_100, 5050, 7575, 22_725]],
    [1_000_000_000, [20_000_100, 10_000_050, 15_000_075, 45_000_225]],
    // Fees eat all of it: the original quoted these.
    [1, [30, 50, 75, 155]],
    [162, [34, 51, 77, 162]],
  ])('%d cents', (amount, expected) => {
    expect(rows(amount)).toEqual(expected)
  })

  test.each([
    // 2.5 % of 99999 is 2499, and 50: 2549. The tier that starts one cent later costs 2100 there.
    [99_999, [2100, 1049, 1574, 4723]],
    // 2050 and 50 is what the cap allows, so 82000 is the last amount that its own tier prices.
    [81_999, [2099, 869, 1304, 4272]],
    [82_000, [2100, 870, 1305, 4275]],
    [90_000, [2100, 950, 1425, 4475]],
    // 2.9 % of 9999 is 289, and 30: 319. The next tier starts at 250 and 50.
    [9_999, [300, 149, 224, 673]],
    [9_344, [300, 143, 215, 658]],
    [9_345, [300, 143, 215, 658]],
  ])('a tier costs at most the start of the next: %d cents', (amount, expected) => {
    expect(rows(amount)).toEqual(expected)
  })

  test.each([
    // 155200 yen are 1000 dollars: fixed parts of 155.2, 77.6 and 116.4 yen round up.
    [155_200, [3104 + 156, 1552 + 78, 2328 + 117, 7335]],
    [155_199, [3260, 1629, 2444, 7333]],
    [15_520, [388 + 78, 155 + 78, 232 + 117, 1048]],
    [1, [47, 78, 117, 242]],
  ])('yen, which have no minor unit: %d', (amount, expected) => {
    expect(rows(amount, 'JPY', parseRate('155.2'))).toEqual(expected)
  })

  test('the dollar figures are valued in the source currency', () => {
    // 0.92049 euros a dollar: the top tier starts at 92049 cents, 100 and 50 and 75 become 93, 47 and 70.
    expect(rows(92_049, 'EUR', parseRate('0.92049'))).toEqual([1840 + 93, 920 + 47, 1380 + 70, 4350])
    expect(rows(92_048, 'EUR', parseRate('0.92049'))).toEqual([1933, 967, 1450, 4350])
  })
})

const currencies = fc.constantFrom(...FIAT_CURRENCIES)

/** 0.0001 to 100,000 units a dollar, each magnitude as likely as the next. */
const mids = fc
  .tuple(fc.integer({ min: 6, max: 14 }), fc.bigInt(1_000_000n, 9_999_999n))
  .map(([digits, head]) => (head * 10n ** BigInt(digits - 6)) as Rate)

const CURRENCIES_AND_MIDS = fc.record({ currency: currencies, mid: mids })

/** Any amount, amounts within each tier, and every amount around the edges of the tiers. */
const cases = CURRENCIES_AND_MIDS.chain(({ currency, mid }) => {
  const top = valued(100_000n, currency, mid)
  const edges = TIERS.map(({ from }) => valued(from, currency, mid))
  const near = fc
    .tuple(fc.constantFrom(...edges), fc.bigInt(-3n, 3n))
    .map(([edge, offset]) => (edge + offset < 0n ? 0n : edge + offset))
  const amounts = fc.oneof(
    fc.bigInt(0n, 1_000_000_000_000n),
    fc.bigInt(0n, 2_000n).map((share) => (top * share) / 1_000n),
    fc.bigInt(0n, 1_000n).map((share) => (top * share) / 10_000n),
    near,
  )
  return fc.record({ currency: fc.constant(currency), mid: fc.constant(mid), amount: amounts })
})

const runs = { numRuns: 5_000 }

describe('for every currency, mid and amount', () => {
  test('each part is what the table says, percentages truncated and never rounded up', () => {
    fc.assert(
      fc.property(cases, ({ currency, mid, amount }) => {
        const at = (cents: bigint) => valued(cents, currency, mid)
        const priced = TIERS.map((tier) => ({ ...tier, start: at(tier.from) }))
        const mine = priced.findLastIndex(({ start }) => amount >= start)
        const platform = priced
          .slice(mine)
          .map(({ bps, fixed, start }, index) => ((index === 0 ? amount : start) * bps) / 10_000n + at(fixed))
          .reduce((least, each) => (each < least ? each : least))
        const fees = feesFor(amount, currency, mid)
        expect(fees).toEqual({
          platform,
          onramp: amount / 100n + at(50n),
          offramp: (amount * 150n) / 10_000n + at(75n),
          gas: 0n,
          riskPremium: 0n,
          total: fees.total,
        })
      }),
      runs,
    )
  })

  test('the parts sum to the total and none is negative', () => {
    fc.assert(
      fc.property(cases, ({ currency, mid, amount }) => {
        const { platform, onramp, offramp, total } = feesFor(amount, currency, mid)
        return platform + onramp + offramp === total && [platform, onramp, offramp].every((fee) => fee >= 0n)
      }),
      runs,
    )
  })

  test('a larger amount never pays a smaller total', () => {
    fc.assert(
      fc.property(cases, fc.bigInt(1n, 1_000_000n), ({ currency, mid, amount }, more) => {
        const total = (each: bigint) => feesFor(each, currency, mid).total
        return total(amount) <= total(amount + 1n) && total(amount) <= total(amount + more)
      }),
      runs,
    )
  })

  test('one minor unit more never leaves the payee more than two minor units worse off', () => {
    fc.assert(
      fc.property(cases, ({ currency, mid, amount }) => {
        const net = (each: bigint) => each - feesFor(each, currency, mid).total
        return net(amount + 1n) >= net(amount) - 2n
      }),
      runs,
    )
  })
})
