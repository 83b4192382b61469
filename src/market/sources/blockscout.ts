import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Decimal, Integer, Numeral, scaled } from '../../core/decimal.ts'
import type { Source } from '../source.ts'
import { checkAge, failure, inShape, instantOf, parseAnswer, plausibleWhole } from './answer.ts'
import { type Coin, coinUsd } from './coins.ts'

/** It looks at new blocks about every 30 seconds. */
const MOST_AGE_MS = 5 * 60_000

const GWEI_PLACES = 9

export type BlockscoutChain = 'base' | 'polygon' | 'arbitrum'

interface ChainTerms {
  /** What gas is paid in. */
  coin: Coin
  /**
   * Wei to go by when the price is zero, which means less than it can show, since it rounds to hundredths of a gwei,
   * and never that gas is free: on Base and Arbitrum the least usual price; on Polygon, the least tip that nodes take.
   */
  floor: bigint
  /** Wei above which a price is a mistake: a thousand times a usual one and more. */
  most: bigint
}

const TERMS: Record<BlockscoutChain, ChainTerms> = {
  base: { coin: 'ETH', floor: 5_000_000n, most: 1_000_000_000_000n },
  arbitrum: { coin: 'ETH', floor: 5_000_000n, most: 1_000_000_000_000n },
  polygon: { coin: 'POL', floor: 25_000_000_000n, most: 500_000_000_000_000n },
}

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

// An object with the header updated-gas-oracle, as sent here; a plain number of gwei from servers that do not know it.
const Tier = Type.Union([
  Type.Null(),
  Numeral,
  Type.Object({ wei: Type.Optional(nullable(Numeral)), price: Type.Optional(nullable(Numeral)) }),
])

const Answer = Type.Object({
  gas_prices: nullable(Type.Object({ slow: Tier, average: Tier, fast: Tier })),
  gas_price_updated_at: nullable(Type.String()),
  coin_price: nullable(Numeral),
})

/** Gas on a chain, and the price of the coin that it is paid in. */
export const ChainGas = Type.Object({
  /** Wei for a unit of gas that is enough on average. */
  wei: Integer,
  slow_wei: Type.Optional(Integer),
  fast_wei: Type.Optional(Integer),
  /** US dollars for one of the chain's coins: POL on Polygon, ETH on Base and Arbitrum. */
  coin_usd: nullable(Decimal),
  /** Epoch milliseconds of the gas price; null where the server does not say. */
  at: nullable(Type.Integer()),
})
export type ChainGas = Static<typeof ChainGas>

const exactWei = (tier: Static<typeof Tier>): bigint | null => {
  if (tier === null) return null
  if (typeof tier === 'string') return scaled(tier, GWEI_PLACES)
  if (typeof tier.wei === 'string') return scaled(tier.wei, 0)
  return typeof tier.price === 'string' ? scaled(tier.price, GWEI_PLACES) : null
}

/**
 * Gas of one chain from its Blockscout's /api/v2/stats, per instance or of the PRO API. https://docs.blockscout.com
 */
export const blockscout = (chain: BlockscoutChain, url: string, key?: string): Source<ChainGas> => {
  const name = `blockscout_${chain}` as const
  const { coin, floor, most } = TERMS[chain]

  const weiOf = (tier: Static<typeof Tier>): string | undefined => {
    const wei = exactWei(tier)
    return wei === null ? undefined : plausibleWhole(name, 'gas price', wei === 0n ? floor : wei, most)
  }

  const read = (body: string, nowMs: number): ChainGas => {
    const answer = inShape(name, Answer, parseAnswer(name, body))
    const { gas_prices: prices, gas_price_updated_at: updated, coin_price: coinPrice } = answer
    const wei = prices ? weiOf(prices.average) : undefined
    if (prices === null || wei === undefined) throw failure(name, 'empty', 'has no gas price right now')
    const at = updated === null ? null : instantOf(name, updated)
    if (at !== null) checkAge(name, at, nowMs, MOST_AGE_MS)
    const [slow, fast] = [weiOf(prices.slow), weiOf(prices.fast)]
    return {
      wei,
      ...(slow === undefined ? {} : { slow_wei: slow }),
      ...(fast === undefined ? {} : { fast_wei: fast }),
      coin_usd: coinPrice === null ? null : coinUsd(name, coin, coinPrice),
      at,
    }
  }

  const headers = { 'updated-gas-oracle': 'true', ...(key ? { authorization: `Bearer ${key}` } : {}) }
  return { name, request: { url, method: 'GET', headers }, value: ChainGas, read }
}
