import { type Currency, exponentOf, minorUnitsPerMajor } from './currency.ts'
import { RATE_UNITS, type Rate } from './rate.ts'

const BPS = 10_000n

/** Quotient rounded towards zero for non-negative operands. Throws RangeError otherwise. */
export const divFloor = (numerator: bigint, denominator: bigint): bigint => {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('divFloor takes non-negative money')
  return numerator / denominator
}

/** Quotient rounded up for non-negative operands. Throws RangeError otherwise. */
export const divCeil = (numerator: bigint, denominator: bigint): bigint => {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('divCeil takes non-negative money')
  return (numerator + denominator - 1n) / denominator
}

/** `bps` hundredths of a percent of `amount` (minor units), truncated as in seed.md. */
export const portion = (amount: bigint, bps: bigint): bigint => divFloor(amount * bps, BPS)

const conversion = (amount: bigint, from: Currency, to: Currency, rate: Rate): [bigint, bigint] => [
  amount * rate * minorUnitsPerMajor(to),
  RATE_UNITS * minorUnitsPerMajor(from),
]

/** Converts minor units of `from` to minor units of `to`, rounded down: what a payee gets. */
export const convertDown = (amount: bigint, from: Currency, to: Currency, rate: Rate): bigint =>
  divFloor(...conversion(amount, from, to, rate))

/** Converts minor units of `from` to minor units of `to`, rounded up: what a payer is charged. */
export const convertUp = (amount: bigint, from: Currency, to: Currency, rate: Rate): bigint =>
  divCeil(...conversion(amount, from, to, rate))

/** Minor units of `from` that buy `amount` minor units of `to` at `rate` (to per from), rounded up. */
export const costOf = (amount: bigint, from: Currency, to: Currency, rate: Rate): bigint =>
  divCeil(amount * RATE_UNITS * minorUnitsPerMajor(from), rate * minorUnitsPerMajor(to))

/** Minor units as a JSON number. Throws RangeError past 2^53 - 1, which the amount limits never reach. */
export const toJsonInteger = (amount: bigint): number => {
  const number = Number(amount)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${amount} does not fit a JSON integer`)
  return number
}

/** Minor units as a plain decimal in major units, for messages and terminals: 87699n EUR is "876.99". */
export const formatAmount = (amount: bigint, currency: Currency): string => {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponentOf(currency) + 1, '0')
  const point = digits.length - exponentOf(currency)
  const text = exponentOf(currency) === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return amount < 0n ? `-${text}` : text
}

/**
 * Minor units of a decimal amount in major units, however many zeros follow: "876.99", "876.9900" and "0876.99" are
 * all 87699n EUR. Null for anything else: a sign, an exponent, digits below the minor unit, more than 18 digits.
 */
export const parseAmount = (text: string, currency: Currency): bigint | null => {
  const [match, whole = '', fraction = ''] = /^(\d{1,18})(?:\.(\d{1,30}))?$/.exec(text) ?? []
  const places = exponentOf(currency)
  if (match === undefined || /[1-9]/.test(fraction.slice(places))) return null
  return BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
}
