import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { AppError } from '../../src/core/errors.ts'
import { parseRate, type Rate, rateToNumber, ratioDown } from '../../src/core/rate.ts'
import { type PricingInput, priceQuote } from '../../src/quotes/pricing.ts'

const ONE = parseRate('1')

const refusal = (input: PricingInput): AppError | null => {
  try {
    priceQuote(input)
    return null
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

/** The bound that a refusal names, in minor units. */
const named = (error: AppError | null): bigint => {
  const [detail] = error?.details ?? []
  expect(detail?.path).toBe('/amount')
  return BigInt(/^must be at (?:least|most) (\d+)$/.exec(detail?.message ?? '')?.[1] ?? '-1')
}

const SAMPLE: PricingInput = {
  amount: 100_000n,
  from: 'USD',
  to: 'EUR',
  fromPerUsd: ONE,
  onrampRate: ONE,
  offrampRate: parseRate('0.92049'),
}

describe('seed.md’s sample', () => {
  test('100000 USD cents at 0.92049 pay out 87699 EUR cents', () => {
    expect(priceQuote(SAMPLE)).toEqual({
      rate: parseRate('0.92049'),
      fees: { platform: 2100n, onramp: 1050n, offramp: 1575n, gas: 0n, riskPremium: 0n, total: 4725n },
      payout: 87_699n,
      usdcAmount: 952_750_000n,
    })
  })

  test('164 cents are the least that pays out: the original quoted zero and less below', () => {
    expect(named(refusal({ ...SAMPLE, amount: 163n }))).toBe(164n)
    expect(priceQuote({ ...SAMPLE, amount: 164n }).payout).toBe(1n)
    expect(refusal({ ...SAMPLE, amount: 1n })).toMatchObject({
      code: 'AMOUNT_TOO_SMALL',
      message: 'Fees leave nothing to pay out; the smallest amount is 1.64 USD',
    })
  })

  test('ten million dollars are the most', () => {
    expect(priceQuote({ ...SAMPLE, amount: 1_000_000_000n }).fees.total).toBe(45_000_225n)
    expect(refusal({ ...SAMPLE, amount: 1_000_000_001n })).toMatchObject({
      code: 'AMOUNT_TOO_LARGE',
      message: 'The largest amount is 10000000.00 USD',
      details: [{ path: '/amount', message: 'must be at most 1000000000' }],
    })
  })
})

test.each([
  ['JPY', '155.2', 1_552_000_000n],
  ['EUR', '0.92049', 920_490_000n],
  ['MXN', '17.05', 17_050_000_000n],
] as const)('the most is ten million dollars’ worth in the source currency: %s', (from, mid, maximum) => {
  const input = { ...SAMPLE, from, fromPerUsd: parseRate(mid), onrampRate: ratioDown(ONE, parseRate(mid)) }
  expect(refusal({ ...input, amount: maximum })).toBeNull()
  expect(named(refusal({ ...input, amount: maximum + 1n }))).toBe(maximum)
})

const mids = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.bigInt(1_000_000_000n, 9_999_999_999n))
  .map(([digits, head]) => ((head * 10n ** BigInt(digits)) / 1_000n) as Rate)

/** Any pair at any mids between a thousandth and ten thousand units a dollar, with a spread on the way out. */
const markets = fc
  .record({
    from: fc.constantFrom(...FIAT_CURRENCIES),
    to: fc.constantFrom(...FIAT_CURRENCIES),
    source: mids,
    target: mids,
    amount: fc.oneof(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 1_000_000_000_000n)),
  })
  .map(
    ({ from, to, source, target, amount }): PricingInput => ({
      amount,
      from,
      to,
      fromPerUsd: source,
      onrampRate: ratioDown(ONE, source),
      offrampRate: target,
    }),
  )

const runs = { numRuns: 3_000 }

describe('for every pair and market', () => {
  test('a quote pays at least one minor unit, from a positive amount of USDC, and fees below the amount', () => {
    fc.assert(
      fc.property(markets, (input) => {
        if (refusal(input)) return
        const { payout, usdcAmount, fees } = priceQuote(input)
        expect(payout >= 1n && usdcAmount >= 1n && fees.total < input.amount).toBe(true)
      }),
      runs,
    )
  })

  test('the USDC that the net amount buys covers the payout at the off-ramp’s rate', () => {
    fc.assert(
      fc.property(markets, (input) => {
        if (refusal(input)) return
        const { payout, usdcAmount } = priceQuote(input)
        const perMinor = input.to === 'JPY' ? 1n : 100n
        // One USDC minor unit of slack: the on-ramp's own rounding down.
        expect((usdcAmount + 1n) * input.offrampRate * perMinor).toBeGreaterThanOrEqual(payout * 10n ** 16n)
      }),
      runs,
    )
  })

  test('AMOUNT_TOO_SMALL names an amount that works, and one minor unit less does not', () => {
    fc.assert(
      fc.property(markets, (input) => {
        const error = refusal({ ...input, amount: 1n })
        if (!error) return
        expect(error.code).toBe('AMOUNT_TOO_SMALL')
        const minimum = named(error)
        expect(refusal({ ...input, amount: minimum })).toBeNull()
        expect(refusal({ ...input, amount: minimum - 1n })?.code).toBe('AMOUNT_TOO_SMALL')
      }),
      runs,
    )
  })

  test('AMOUNT_TOO_LARGE names an amount that works, and one minor unit more does not', () => {
    fc.assert(
      fc.property(markets, (input) => {
        const error = refusal({ ...input, amount: 10n ** 15n })
        expect(error?.code).toBe('AMOUNT_TOO_LARGE')
        const maximum = named(error)
        expect(refusal({ ...input, amount: maximum })).toBeNull()
        expect(refusal({ ...input, amount: maximum + 1n })?.code).toBe('AMOUNT_TOO_LARGE')
      }),
      runs,
    )
  })

  test('the rate fits a JSON number exactly, so that the payout can be checked', () => {
    fc.assert(
      fc.property(markets, (input) => {
        if (refusal(input)) return
        const { rate } = priceQuote(input)
        fc.pre(rate < 10n ** 15n)
        expect(parseRate(rateToNumber(rate).toFixed(10))).toBe(rate)
      }),
      runs,
    )
  })
})
