import type { Fiat } from '../core/currency.ts'
import { minorUnitsPerMajor } from '../core/currency.ts'
import { parseRate, RATE_SCALE, RATE_UNITS, type Rate } from '../core/rate.ts'
import { shortestDecimal } from '../core/shortest.ts'
import { COIN_OF, type MarketFacts } from '../market/facts.ts'
import type { Chain } from '../providers/port.ts'
import { EVM_TRANSFER_GAS, SOLANA_SIGNATURE_LAMPORTS, SOLANA_TRANSFER_UNITS } from './policy.ts'

/** Decimal places of each chain's coin in its smallest unit: wei and lamports. */
const COIN_SCALE = { base: 18, arbitrum: 18, ethereum: 18, polygon: 18, solana: 9 } as const

const MICRO = 1_000_000n

/** An amount of US dollars as `units` times ten to the minus `scale`, exact. */
export interface ExactUsd {
  units: bigint
  scale: number
}

/** wei or lamports that one USDC transfer takes at the chain's present price. */
const coinUnits = (chain: Chain, price: bigint): bigint =>
  chain === 'solana'
    ? SOLANA_SIGNATURE_LAMPORTS + (price * SOLANA_TRANSFER_UNITS + MICRO - 1n) / MICRO
    : price * EVM_TRANSFER_GAS

/** What one USDC transfer costs on the chain, in US dollars without any rounding. */
export const gasUsd = (facts: MarketFacts, chain: Chain): ExactUsd => ({
  units: coinUnits(chain, BigInt(facts.gas[chain].price)) * parseRate(facts.usd[COIN_OF[chain]]),
  scale: COIN_SCALE[chain] + RATE_SCALE,
})

/** The shortest exact decimal. */
export const formatUsd = ({ units, scale }: ExactUsd): string => shortestDecimal(units, scale)

/**
 * The same in minor units of a currency, rounded to the nearest and a half up: gas below half a minor unit costs the
 * caller nothing, as in seed.md's sample.
 */
export const gasCost = ({ units, scale }: ExactUsd, currency: Fiat, fiatPerUsd: Rate): bigint => {
  const numerator = units * fiatPerUsd * minorUnitsPerMajor(currency)
  const denominator = 10n ** BigInt(scale) * RATE_UNITS
  return (2n * numerator + denominator) / (2n * denominator)
}
