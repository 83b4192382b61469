import type { Fiat } from '../core/currency.ts'
import { convertUp, portion } from '../core/money.ts'
import type { Rate } from '../core/rate.ts'

interface Tariff {
  bps: bigint
  /** USD cents. */
  fixed: bigint
}

/** seed.md's schedule. Amounts are USD cents and stand for their value in the source currency. */
const PLATFORM_TIERS: readonly (Tariff & { from: bigint })[] = [
  { from: 0n, bps: 290n, fixed: 30n },
  { from: 10_000n, bps: 250n, fixed: 50n },
  { from: 100_000n, bps: 200n, fixed: 100n },
]
const ONRAMP: Tariff = { bps: 100n, fixed: 50n }
const OFFRAMP: Tariff = { bps: 150n, fixed: 75n }

/** Minor units of the source currency. */
export interface Fees {
  platform: bigint
  onramp: bigint
  offramp: bigint
  /** What the chain takes, and what a doubtful route costs more; only recommendations charge them. */
  gas: bigint
  riskPremium: bigint
  total: bigint
}

/** The lines with their sum, which is never computed anywhere else. */
export const withTotal = (lines: Omit<Fees, 'total'>): Fees => ({
  ...lines,
  total: lines.platform + lines.onramp + lines.offramp + lines.gas + lines.riskPremium,
})

/**
 * The fees on `amount` minor units of `currency`, with the schedule's USD figures valued at `fiatPerUsd`
 * (rounded up). Percentages are truncated as in seed.md. A tier costs at most what the next one costs at
 * its start, so that a larger amount never pays a smaller total.
 */
export const feesFor = (amount: bigint, currency: Fiat, fiatPerUsd: Rate): Fees => {
  const local = (cents: bigint) => convertUp(cents, 'USD', currency, fiatPerUsd)
  const charge = ({ bps, fixed }: Tariff, on: bigint) => portion(on, bps) + local(fixed)
  const tier = PLATFORM_TIERS.findLastIndex(({ from }) => amount >= local(from))
  const caps = PLATFORM_TIERS.slice(tier + 1).map((next) => charge(next, local(next.from)))
  const uncapped = charge(PLATFORM_TIERS[tier] ?? ONRAMP, amount)
  const platform = caps.reduce((least, cap) => (cap < least ? cap : least), uncapped)
  const onramp = charge(ONRAMP, amount)
  const offramp = charge(OFFRAMP, amount)
  return withTotal({ platform, onramp, offramp, gas: 0n, riskPremium: 0n })
}
