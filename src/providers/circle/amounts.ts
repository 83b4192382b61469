import { type Currency, minorUnitsPerMajor } from '../../core/currency.ts'
import { divFloor, parseAmount } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import type { Money } from './shapes.ts'

/** Minor units of the currency that the API labels so. Throws for another label, or digits below the minor unit. */
export const unitsOf = ({ amount, currency }: Money, label: string, as: Currency): bigint => {
  const units = currency === label ? parseAmount(amount, as) : null
  if (units === null) throw new Error('circle names an amount that is not what was asked for')
  return units
}

/** `to` for one `from`, as it was carried out, rounded down. Throws RangeError when `from` is nothing. */
export const executedRate = (
  [to, toCurrency]: readonly [bigint, Currency],
  [from, fromCurrency]: readonly [bigint, Currency],
): Rate =>
  divFloor(to * RATE_UNITS * minorUnitsPerMajor(fromCurrency), from * minorUnitsPerMajor(toCurrency)) as Rate
