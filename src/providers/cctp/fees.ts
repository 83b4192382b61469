import { divCeil } from '../../core/money.ts'
import type { Rate } from '../../core/rate.ts'

/** Hundredths of a percent with ten decimal places, because Circle's fees may have some. */
export type FeeBps = bigint & { readonly feeBps: unique symbol }

export const FEE_PLACES = 10
const ALL = 10n ** BigInt(FEE_PLACES) * 10_000n

/** More than any fee that was ever published; an answer above it is taken for a fault. */
export const MOST_FEE_BPS = (100n * 10n ** BigInt(FEE_PLACES)) as FeeBps

/** A fifth of the fee is kept ready on top, so that a fee that rises before the burn is seen still pays for speed. */
const BUFFER_PARTS = 5n

/** USDC minor units that a burn of `amount` may cost at most, rounded up: the fee and its buffer, nothing when free. */
export const maxFeeOf = (amount: bigint, fee: FeeBps): bigint => {
  const due = divCeil(amount * fee, ALL)
  return due + divCeil(due, BUFFER_PARTS)
}

/** A rate in USDC less the fee, rounded down. Null when nothing is left. */
export const lessFee = (rate: Rate, fee: FeeBps): Rate | null => {
  const left = rate - divCeil(rate * fee, ALL)
  return left > 0n ? (left as Rate) : null
}
