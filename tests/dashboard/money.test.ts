import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { exponentOf, FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { money, parseMoney } from '../../src/dashboard/page/lib/money.ts'

const currency = fc.constantFrom(...FIAT_CURRENCIES)
const minor = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe('amounts on the page', () => {
  test('what is shown is the amount to the last minor unit, however large it is', () => {
    fc.assert(
      fc.property(currency, minor, (code, amount) => {
        const digits = money(amount, code).replace(/\D/g, '')
        expect(BigInt(digits)).toBe(BigInt(amount))
      }),
    )
  })

  test('what is shown can be typed in again and is the same amount', () => {
    fc.assert(
      fc.property(currency, minor, (code, amount) => {
        const typed = money(amount, code).replace(/[^\d.,]/g, '')
        expect(parseMoney(typed, code)).toEqual({ minor: amount })
      }),
    )
  })

  test('each currency has its own minor units: two places for most, none for yen, six for USDC', () => {
    expect(money(100_000, 'USD')).toBe('$1,000.00')
    expect(money(100_000, 'JPY')).toBe('¥100,000')
    expect(money(952_750_001, 'USDC')).toBe('952.750001 USDC')
    expect(money(-5, 'EUR')).toBe('-€0.05')
    expect(money(5, 'EUR', { signed: true })).toBe('+€0.05')
  })

  test.each([
    ['', 'USD'],
    ['-5', 'USD'],
    ['1e3', 'USD'],
    ['0', 'USD'],
    ['1.234', 'USD'],
    ['1.5', 'JPY'],
    ['99999999999999999', 'USD'],
    ['0x10', 'USD'],
    ['1000,50', 'USD'],
    ['1,5', 'USD'],
    ['1,00', 'USD'],
    ['1,0000', 'USD'],
    ['1.000,50', 'USD'],
    ['1.5.0', 'USD'],
    [',5', 'USD'],
  ] as const)('%p %s is no amount', (text, code) => {
    expect(parseMoney(text, code)).toHaveProperty('problem')
  })

  test('places that are left out are zero, not lost', () => {
    for (const [text, amount] of [
      ['5', 500],
      ['5.', 500],
      ['5.5', 550],
      ['1,000.05', 100_005],
      ['1 000.05', 100_005],
      ['1’000', 100_000],
      ['1,234,567', 123_456_700],
    ] as const)
      expect(parseMoney(text, 'USD')).toEqual({ minor: amount })
    expect(exponentOf('USD')).toBe(2)
  })
})
