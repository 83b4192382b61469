import { type Static, Type } from '@sinclair/typebox'
import { Decimal, Numeral, UnixSeconds } from '../../core/decimal.ts'
import type { Source } from '../source.ts'
import { checkAge, failure, inShape, parseAnswer } from './answer.ts'
import { COINS, type Coin, coinUsd } from './coins.ts'

const NAME = 'coingecko'

/** It caches for up to a minute. */
const MOST_AGE_MS = 10 * 60_000

/** Takes its keys in another header than the host for free keys. */
const PRO_HOST = 'pro-api.coingecko.com'

const IDS = {
  ETH: 'ethereum',
  SOL: 'solana',
  // Not matic-network, which POL has replaced.
  POL: 'polygon-ecosystem-token',
  USDC: 'usd-coin',
} as const satisfies Record<Coin, string>

// Coins and currencies that it does not know are left out without a word.
const Price = Type.Object({ usd: Type.Optional(Numeral), last_updated_at: UnixSeconds })
const Answer = Type.Object({
  ethereum: Type.Optional(Price),
  solana: Type.Optional(Price),
  'polygon-ecosystem-token': Type.Optional(Price),
  'usd-coin': Type.Optional(Price),
})

/** US dollars for one of each coin. */
export const CoinPrices = Type.Object({
  ETH: Decimal,
  SOL: Decimal,
  POL: Decimal,
  USDC: Decimal,
  /** Epoch milliseconds of the oldest of them. */
  at: Type.Integer(),
})
export type CoinPrices = Static<typeof CoinPrices>

const read = (body: string, nowMs: number): CoinPrices => {
  const answer = inShape(NAME, Answer, parseAnswer(NAME, body))
  const usd = (coin: Coin) => answer[IDS[coin]]?.usd
  const missing = COINS.filter((coin) => usd(coin) === undefined)
  if (missing.length === COINS.length) throw failure(NAME, 'empty', 'answered with no prices')
  if (missing.length > 0) throw failure(NAME, 'unexpected_shape', `has no price of ${missing.join(', ')}`)
  const at = Math.min(...COINS.map((coin) => Number(answer[IDS[coin]]?.last_updated_at ?? 0) * 1000))
  checkAge(NAME, at, nowMs, MOST_AGE_MS)
  const price = (coin: Coin) => coinUsd(NAME, coin, usd(coin) ?? '0')
  return { ETH: price('ETH'), SOL: price('SOL'), POL: price('POL'), USDC: price('USDC'), at }
}

const keyHeader = (url: string, key: string): Record<string, string> =>
  new URL(url).hostname === PRO_HOST ? { 'x-cg-pro-api-key': key } : { 'x-cg-demo-api-key': key }

/** Prices of coins in US dollars from CoinGecko's simple/price. https://docs.coingecko.com/reference/simple-price */
export const coingecko = (url: string, key?: string): Source<CoinPrices> => ({
  name: NAME,
  request: { url, method: 'GET', headers: key ? keyHeader(url, key) : {} },
  value: CoinPrices,
  read,
})
