import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { Decimal, decimalWithin, Numeral, parseExact, scaled } from '../../src/core/decimal.ts'
import { parseRate } from '../../src/core/rate.ts'

const ANY = [1n, 10n ** 24n - 1n] as const

/** A non-negative number as JSON may write it, with the digits and the place of the point that it stands for. */
const written = fc
  .record({
    digits: fc.bigInt(0n, 10n ** 30n),
    places: fc.integer({ min: 0, max: 40 }),
    exponent: fc.integer({ min: -30, max: 30 }),
    mark: fc.constantFrom('e', 'E', 'e+', 'E+'),
  })
  .map(({ digits, places, exponent, mark }) => {
    const padded = digits.toString().padStart(places + 1, '0')
    const [whole, fraction] = [padded.slice(0, padded.length - places), padded.slice(padded.length - places)]
    const point = fraction === '' ? whole : `${whole}.${fraction}`
    const power = exponent < 0 ? `${mark.slice(0, 1)}${exponent}` : `${mark}${exponent}`
    return { text: exponent === 0 ? point : `${point}${power}`, digits, shift: exponent - places }
  })

describe('numbers of outside APIs are exact', () => {
  test('every decimal, with or without an exponent, is its digits and nothing else, cut off at the wanted place', () => {
    fc.assert(
      fc.property(written, fc.integer({ min: 0, max: 18 }), ({ text, digits, shift }, places) => {
        expect(Value.Check(Numeral, text)).toBe(true)
        const by = shift + places
        const expected = by >= 0 ? digits * 10n ** BigInt(by) : digits / 10n ** BigInt(-by)
        expect(scaled(text, places)).toBe(expected)
        expect(scaled(`-${text}`, places)).toBe(-expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('the text of a value stands for exactly the same rate as the number it came from, and is plain', () => {
    fc.assert(
      fc.property(written, ({ text }) => {
        const decimal = decimalWithin(text, ANY)
        fc.pre(decimal !== null)
        expect(Value.Check(Decimal, decimal)).toBe(true)
        expect(BigInt(parseRate(decimal ?? ''))).toBe(scaled(text, 10))
        expect(decimal).not.toMatch(/\.$|\.\d*0$|^0\d/)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['1e-7', '0.0000001'],
    ['1E-10', '0.0000000001'],
    ['2.5e3', '2500'],
    ['0.1000000000000000055511151231257827', '0.1'],
    ['0.99999999999999999999', '0.9999999999'],
    ['155.20', '155.2'],
    ['1.0', '1'],
    ['12345678901234.0000000001', '12345678901234.0000000001'],
  ])('%s is the decimal %s', (text, decimal) => {
    expect(decimalWithin(text, ANY)).toBe(decimal)
  })

  test.each(['1e-11', '0', '0.0', '-0', '-1', '1e14', '1e999'])('%s is no rate', (text) => {
    expect(decimalWithin(text, ANY)).toBeNull()
  })

  test('bounds are met, not passed', () => {
    const bounds = [10_000_000_000n, 20_000_000_000n] as const
    const within = (text: string) => decimalWithin(text, bounds)
    expect(['0.9999999999', '1', '2', '2.0000000001'].map(within)).toEqual([null, '1', '2', null])
  })

  test.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '1.',
    '0x10',
    '1e',
    '1e1000',
    'NaN',
    'Infinity',
    '1,5',
    '1_000',
    '٣',
  ])('the text %p is no number', (text) => {
    expect(Value.Check(Numeral, text)).toBe(false)
    expect(() => scaled(text, 10)).toThrow(RangeError)
  })
})

describe('JSON is read without floats', () => {
  test('every number stays as it was written', () => {
    const text = '{"a":0.10000000000000000000001,"b":[9007199254740993,-0.0,1e-7,1E400],"c":{"d":1.0}}'
    expect(parseExact(text)).toEqual({
      a: '0.10000000000000000000001',
      b: ['9007199254740993', '-0.0', '1e-7', '1E400'],
      c: { d: '1.0' },
    })
  })

  test('other values stay what they are', () => {
    const text = '{"text":"1.50","yes":true,"nothing":null,"list":[]}'
    expect(parseExact(text)).toEqual({ text: '1.50', yes: true, nothing: null, list: [] })
  })

  test('a key named __proto__ lends no property to anything', () => {
    const parsed = parseExact('{"rates":{"__proto__":{"EUR":1}},"__proto__":{"base":"USD"}}') as Record<
      string,
      Record<string, unknown>
    >
    expect(parsed.base).toBeUndefined()
    expect(parsed.rates?.EUR).toBeUndefined()
    expect(({} as Record<string, unknown>).base).toBeUndefined()
  })
})
