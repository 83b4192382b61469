import { Type } from '@sinclair/typebox'
import { formatRate, RATE_SCALE, type Rate } from './rate.ts'

/** A plain decimal above zero that core/rate.ts can parse, as in the values of sources. */
export const Decimal = Type.String({ pattern: `^(?=.*[1-9])\\d{1,14}(\\.\\d{1,${RATE_SCALE}})?$` })

/** A whole number as text, of any size that a chain may use. */
export const Integer = Type.String({ pattern: '^\\d{1,40}$' })

// The lengths bound what an exponent can blow up: 1e999 would be fine, 1e999999999 a gigabyte of zeros.
const NUMERAL = /^(-?)(\d{1,50})(?:\.(\d{1,200}))?(?:[eE]([+-]?\d{1,3}))?$/

/** A JSON number as it was written, exponent included, or the same in quotes: some sources send the one, some the other. */
export const Numeral = Type.String({ pattern: NUMERAL.source })

/** Unix time as a JSON number: whole seconds, or milliseconds, no later than a `Date` can hold. */
export const UnixSeconds = Type.String({ pattern: '^\\d{1,11}$' })
export const UnixMillis = Type.String({ pattern: '^\\d{1,14}$' })

const asWritten = (_key: string, value: unknown, context: { source?: string }): unknown =>
  typeof value === 'number' ? context.source : value

/**
 * Reads JSON with every number as the text that it was written as, so that none is ever a float. A `__proto__` in the
 * text becomes an ordinary key. Throws SyntaxError, and RangeError for text that is nested too deep.
 */
export const parseExact = (text: string): unknown =>
  // The library's type of a reviver still lacks the third argument of ECMAScript 2026.
  JSON.parse(text, asWritten as (key: string, value: unknown) => unknown)

/** A `Numeral` times 10^places as an integer; what is smaller than that is cut off. Throws RangeError for other text. */
export const scaled = (numeral: string, places: number): bigint => {
  const [match, sign = '', whole = '', fraction = '', exponent = '0'] = NUMERAL.exec(numeral) ?? []
  if (match === undefined) throw new RangeError('not a decimal number')
  const digits = whole + fraction
  const length = whole.length + Number(exponent) + places
  return BigInt(`${sign}${digits.slice(0, Math.max(0, length)).padEnd(length, '0') || '0'}`)
}

/**
 * The numeral as the shortest `Decimal`, cut off after ten places, as every rate has ten. Null when it is not between
 * the bounds, which are in 10^-10ths like a `Rate` and above zero.
 */
export const decimalWithin = (numeral: string, [least, most]: readonly [bigint, bigint]): string | null => {
  const units = scaled(numeral, RATE_SCALE)
  return units < least || units > most ? null : formatRate(units as Rate)
}
