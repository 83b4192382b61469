import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES, type Fiat } from '../core/currency.ts'
import { oneOf } from '../core/schema.ts'
import { SOURCE_NAMES } from './source.ts'

/** Where a value comes from, the best first: younger than two minutes, older, or the built-in sample. */
export const RATE_SOURCES = ['live', 'cached', 'fallback'] as const
export type RateSource = (typeof RATE_SOURCES)[number]

/** The worst of them, by which what is made of them all is labelled; the sample when there are none. */
export const worstOf = (sources: readonly RateSource[]): RateSource =>
  RATE_SOURCES.findLast((each) => sources.includes(each)) ?? 'fallback'

/** The coin in which each chain takes its gas. */
export const COIN_OF = {
  base: 'ETH',
  polygon: 'POL',
  arbitrum: 'ETH',
  solana: 'SOL',
  ethereum: 'ETH',
} as const

/** What a status page says of a service; `unknown` when it was not asked or says nothing of it. */
export const HEALTH = ['operational', 'degraded', 'outage', 'unknown'] as const
export type Health = (typeof HEALTH)[number]

/** Why the FX mids are doubted: the two sources disagree, or USDC is not worth a dollar. */
export const DOUBTS = ['fx_disagreement', 'usdc_off_peg'] as const
export type Doubt = (typeof DOUBTS)[number]

const Decimal = Type.String({ pattern: '^\\d+(\\.\\d+)?$' })
const Integer = Type.String({ pattern: '^\\d+$' })
const Source = oneOf(RATE_SOURCES)
const Gas = Type.Object({
  /** Wei for one unit of gas; on Solana micro-lamports for one compute unit. */
  price: Integer,
  /** The chain's usual price, by which a busy chain is told from a calm one. */
  usual: Integer,
  source: Source,
})
const ChainHealth = oneOf(HEALTH)

/**
 * All that is known of the market at one moment, as plain JSON: decimals and big integers are text. It is what fees
 * are computed from, what a model is shown and what a recommendation keeps, so that it can be computed again.
 */
export const MarketFacts = Type.Object({
  /** Epoch milliseconds at which this was put together. */
  at: Type.Integer(),
  sources: Type.Array(
    Type.Object({
      name: oneOf(SOURCE_NAMES),
      status: Source,
      /** Epoch milliseconds of its last good answer; null when it never gave one. */
      fetched_at: Type.Union([Type.Integer(), Type.Null()]),
    }),
  ),
  fx: Type.Object({
    /** Units of each currency for one US dollar. */
    fiat_per_usd: Type.Unsafe<Record<Fiat, string>>(
      Type.Object(Object.fromEntries(FIAT_CURRENCIES.map((code) => [code, Decimal]))),
    ),
    source: Source,
    doubts: Type.Array(oneOf(DOUBTS)),
  }),
  gas: Type.Object({ base: Gas, polygon: Gas, arbitrum: Gas, solana: Gas, ethereum: Gas }),
  /** US dollars for one coin. */
  usd: Type.Object({ ETH: Decimal, POL: Decimal, SOL: Decimal, USDC: Decimal }),
  /** Circle's own view of minting, redeeming and paying out, and of each chain. */
  circle: Type.Object({
    overall: ChainHealth,
    base: ChainHealth,
    polygon: ChainHealth,
    arbitrum: ChainHealth,
    solana: ChainHealth,
    ethereum: ChainHealth,
  }),
})

export type MarketFacts = Static<typeof MarketFacts>
