import type { Fiat } from '../core/currency.ts'
import { convertDown, costOf } from '../core/money.ts'
import { parseRate } from '../core/rate.ts'
import { HEALTH, type MarketFacts } from '../market/facts.ts'
import { CHAINS } from '../providers/port.ts'
import { LARGE_USD_CENTS, SMALL_USD_CENTS } from './policy.ts'

/** Amounts within a band share one answer of the model, so the policy's limits are edges of bands; USD cents. */
const BANDS: readonly { from: bigint; typical: bigint; words: string }[] = [
  { from: 0n, typical: 5_000n, words: 'below 100 USD' },
  { from: 10_000n, typical: 30_000n, words: '100 to 500 USD' },
  { from: SMALL_USD_CENTS + 1n, typical: 300_000n, words: '500 to 10,000 USD' },
  { from: 1_000_000n, typical: 5_000_000n, words: '10,000 to 100,000 USD' },
  { from: 10_000_000n, typical: 25_000_000n, words: '100,000 to 500,000 USD' },
  { from: LARGE_USD_CENTS, typical: 100_000_000n, words: '500,000 USD and more' },
]

export interface Band {
  words: string
  /** A typical amount of the band, in minor units of the source currency. */
  amount: bigint
}

/** What an amount is worth in USD cents, rounded up: a limit is met rather than missed. */
export const inUsdCents = (amount: bigint, currency: Fiat, facts: MarketFacts): bigint =>
  costOf(amount, 'USD', currency, parseRate(facts.fx.fiat_per_usd[currency]))

/** The band that an amount of so many USD cents falls into. */
export const bandOf = (usdCents: bigint, currency: Fiat, facts: MarketFacts): Band => {
  const band = BANDS.findLast(({ from }) => usdCents >= from) ?? BANDS[0]
  if (!band) throw new Error('there are no bands')
  const fiatPerUsd = parseRate(facts.fx.fiat_per_usd[currency])
  return { words: band.words, amount: convertDown(band.typical, 'USD', currency, fiatPerUsd) }
}

/** A chain is busy at this many times its usual gas price, and jammed at the second. */
const BUSY_TIMES = 3n
const JAMMED_TIMES = 10n

export const congestion = (
  facts: MarketFacts,
  chain: (typeof CHAINS)[number],
): 'calm' | 'busy' | 'jammed' => {
  const { price, usual } = facts.gas[chain]
  const [now, normal] = [BigInt(price), BigInt(usual)]
  if (now >= normal * JAMMED_TIMES) return 'jammed'
  return now >= normal * BUSY_TIMES ? 'busy' : 'calm'
}

/**
 * What kind of market it is, as a short text: an answer of the model holds while this stays the same. One character
 * a chain for its congestion and one for its health, then the doubts.
 */
export const regimeOf = (facts: MarketFacts): string =>
  [
    CHAINS.map((chain) => congestion(facts, chain)[0]).join(''),
    CHAINS.map((chain) => HEALTH.indexOf(facts.circle[chain])).join(''),
    ...facts.fx.doubts,
  ].join('-')
