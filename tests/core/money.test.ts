import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import {
  convertDown,
  convertUp,
  costOf,
  formatAmount,
  parseAmount,
  portion,
  toJsonInteger,
} from '../../src/core/money.ts'
import { formatRate, lessBps, parseRate, type Rate, rateToNumber, ratioDown } from '../../src/core/rate.ts'

const rates = fc.bigInt(1_000_000n, 9_999_999_999_999n).map((units) => units as Rate)
const amounts = fc.bigInt(0n, 1_000_000_000_000n)
const currencies = fc.constantFrom(...FIAT_CURRENCIES, 'USDC' as const)

describe('rates are exact decimals', () => {
  test.each(['0.92049', '1', '155.2', '0.0064432989', '999999999999.9999999999'])(
    '%s survives a round trip',
    (text) => {
      expect(formatRate(parseRate(text))).toBe(text)
    },
  )

  test('trailing zeros, as numeric columns print them, do not change a rate', () => {
    expect(parseRate('0.9204900000')).toBe(parseRate('0.92049'))
  })

  test.each(['', '0', '0.0', '-1', '1e3', '.5', '1.', 'NaN', '0.92049000001', ' 1', '1,5'])(
    '%p is refused',
    (text) => {
      expect(() => parseRate(text)).toThrow(RangeError)
    },
  )

  test('the JSON number of a rate reads back as exactly that rate', () => {
    fc.assert(fc.property(rates, (rate) => parseRate(String(rateToNumber(rate))) === rate))
  })

  test('taking a spread off a rate never favours the customer', () => {
    fc.assert(
      fc.property(
        rates,
        fc.bigInt(0n, 9_000n),
        (rate, bps) => lessBps(rate, bps) * 10_000n <= rate * (10_000n - bps),
      ),
    )
  })

  test('a cross rate never exceeds the exact quotient', () => {
    fc.assert(
      fc.property(rates, rates, (a, b) => {
        fc.pre(a * 10n ** 10n >= b)
        return ratioDown(a, b) * b <= a * 10n ** 10n
      }),
    )
  })
})

describe('amounts are exact minor units', () => {
  test('a conversion and its rounding differ by at most one minor unit, never in the payee’s favour', () => {
    fc.assert(
      fc.property(amounts, currencies, currencies, rates, (amount, from, to, rate) => {
        const down = convertDown(amount, from, to, rate)
        const up = convertUp(amount, from, to, rate)
        return down <= up && up - down <= 1n
      }),
    )
  })

  test('what a payout costs always covers the payout', () => {
    fc.assert(
      fc.property(amounts, currencies, currencies, rates, (payout, from, to, rate) => {
        const cost = costOf(payout, from, to, rate)
        return (
          convertDown(cost, from, to, rate) >= payout &&
          (cost === 0n || convertDown(cost - 1n, from, to, rate) < payout)
        )
      }),
    )
  })

  test('seed.md: 95275 USD cents at 0.92049 are 87699 EUR cents', () => {
    expect(convertDown(95_275n, 'USD', 'EUR', parseRate('0.92049'))).toBe(87_699n)
  })

  test('the yen has no minor unit', () => {
    expect(convertDown(10_000n, 'USD', 'JPY', parseRate('155.2'))).toBe(15_520n)
    expect(formatAmount(15_520n, 'JPY')).toBe('15520')
    expect(formatAmount(-5n, 'EUR')).toBe('-0.05')
    expect(formatAmount(952_750_000n, 'USDC')).toBe('952.750000')
  })

  test('percentages are truncated, as seed.md does', () => {
    expect(portion(99_999n, 290n)).toBe(2_899n)
  })

  test('an amount that JSON could not carry exactly is refused instead of rounded', () => {
    expect(toJsonInteger(2n ** 53n - 1n)).toBe(9_007_199_254_740_991)
    expect(() => toJsonInteger(2n ** 53n)).toThrow(RangeError)
  })
})

describe('an amount from outside is read exactly or not at all', () => {
  test('every amount survives a round trip, with any number of zeros more', () => {
    fc.assert(
      fc.property(amounts, currencies, fc.nat({ max: 10 }), (amount, currency, zeros) => {
        const text = formatAmount(amount, currency)
        const longer = zeros === 0 ? text : `${text.includes('.') ? text : `${text}.`}${'0'.repeat(zeros)}`
        expect(parseAmount(longer, currency)).toBe(amount)
      }),
    )
  })

  test.each(['', ' 1', '1 ', '-1', '+1', '1e3', '1.', '.5', '1,000.00', '0x10', 'NaN', '١', '1'.repeat(19)])(
    '%p is none',
    (text) => expect(parseAmount(text, 'EUR')).toBeNull(),
  )

  test('digits below the minor unit are none of the currency’s', () => {
    expect(parseAmount('876.991', 'EUR')).toBeNull()
    expect(parseAmount('876.9900000001', 'EUR')).toBeNull()
    expect(parseAmount('155.5', 'JPY')).toBeNull()
    expect(parseAmount('0.0000001', 'USDC')).toBeNull()
    expect(parseAmount('155.0', 'JPY')).toBe(155n)
  })
})
