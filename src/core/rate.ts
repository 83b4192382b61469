import { shortestDecimal } from './shortest.ts'

/** Decimal places that every rate carries. Ten keep six significant digits even for JPY to USD. */
export const RATE_SCALE = 10

/** Scaled units in a rate of exactly 1. */
export const RATE_UNITS = 10n ** BigInt(RATE_SCALE)

/** Major units of the target for one major unit of the source, times 10^10. Stored as numeric(24,10). */
export type Rate = bigint & { readonly rate: unique symbol }

const DECIMAL = new RegExp(`^(\\d{1,14})(?:\\.(\\d{1,${RATE_SCALE}})0*)?$`)

/** Parses plain decimal text such as "0.92049". Throws RangeError for anything else, zero included. */
export const parseRate = (text: string): Rate => {
  const match = DECIMAL.exec(text)
  const units = match ? BigInt((match[1] ?? '') + (match[2] ?? '').padEnd(RATE_SCALE, '0')) : 0n
  if (units <= 0n) throw new RangeError(`not a positive decimal rate: ${text}`)
  return units as Rate
}

/** The shortest exact decimal of a rate: "0.92049", "155.2", "1". */
export const formatRate = (rate: Rate): string => shortestDecimal(rate, RATE_SCALE)

/** A rate as a JSON number. Exact to read back: a rate has at most 15 significant digits. */
export const rateToNumber = (rate: Rate): number => {
  const text = formatRate(rate)
  const number = Number(text)
  if (String(number) !== text && text.replace(/\D/g, '').replace(/^0+/, '').length > 15)
    throw new RangeError(`rate ${text} does not fit a JSON number`)
  return number
}

/** `numerator / denominator` rounded down, in the house's favour. Throws RangeError when nothing is left. */
export const ratioDown = (numerator: Rate, denominator: Rate): Rate =>
  positive((numerator * RATE_UNITS) / denominator)

/** The product of two rates, rounded down. Throws RangeError when nothing is left. */
export const multiplyDown = (a: Rate, b: Rate): Rate => positive((a * b) / RATE_UNITS)

/** A rate less `bps` hundredths of a percent, rounded down; negative bps raise it. */
export const lessBps = (rate: Rate, bps: bigint): Rate => positive((rate * (10_000n - bps)) / 10_000n)

const positive = (units: bigint): Rate => {
  if (units <= 0n) throw new RangeError('a rate must stay above zero')
  return units as Rate
}
