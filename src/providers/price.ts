import { RATE_UNITS, type Rate } from '../core/rate.ts'

/** What a provider takes for one operation. */
export interface Charge {
  /** Hundredths of a percent of the amount. */
  bps: bigint
  /** USD cents, whatever the amount. */
  flatUsdCents: bigint
}

/**
 * A rate with the charge in it, for an operation of that size in USD cents, rounded down. Null when the charge takes all
 * of it.
 */
export const chargedRate = (rate: Rate, { bps, flatUsdCents }: Charge, usdCents: bigint): Rate | null => {
  if (usdCents <= 0n) return null
  // Both parts as a share of the amount in units of a rate, rounded up: in the house's favour.
  const flat = (flatUsdCents * RATE_UNITS + usdCents - 1n) / usdCents
  const left = RATE_UNITS - (bps * RATE_UNITS) / 10_000n - flat
  const charged = left > 0n ? (rate * left) / RATE_UNITS : 0n
  return charged > 0n ? (charged as Rate) : null
}
