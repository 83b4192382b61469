import type { Fiat } from '../core/currency.ts'
import { AppError } from '../core/errors.ts'
import { convertDown, formatAmount } from '../core/money.ts'
import type { Rate } from '../core/rate.ts'

/** USD cents that one payment may be worth. */
const MAX_USD_CENTS = 1_000_000_000n

/** Throws AMOUNT_TOO_LARGE above 10,000,000 USD in value, naming the bound in minor units of the currency. */
export const assertNotTooLarge = (amount: bigint, currency: Fiat, fiatPerUsd: Rate): void => {
  const maximum = convertDown(MAX_USD_CENTS, 'USD', currency, fiatPerUsd)
  if (amount <= maximum) return
  throw new AppError(
    'AMOUNT_TOO_LARGE',
    `The largest amount is ${formatAmount(maximum, currency)} ${currency}`,
    [{ path: '/amount', message: `must be at most ${maximum}` }],
  )
}
