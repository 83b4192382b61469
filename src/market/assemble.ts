import type { Fiat } from '../core/currency.ts'
import type { Tolerances } from './doubts.ts'
import { COIN_OF, type MarketFacts, type RateSource, worstOf } from './facts.ts'
import { fallbackGas, fallbackUsd, usualGas } from './fallback.ts'
import { fxOf, type Mid } from './fx.ts'
import { type Readings, type Usable, usable } from './readings.ts'
import { SOURCE_NAMES } from './source.ts'
import { statusAt, statusEndsAt } from './timing.ts'

/** The market as it was put together at one moment; deeply frozen. */
export interface Snapshot {
  facts: MarketFacts
  mids: Readonly<Record<Fiat, Mid>>
  /** Epoch milliseconds from which a status is another one by age alone; infinite when none will be. */
  until: number
}

type Chain = keyof MarketFacts['gas']

/** Gas is paid in the chain's coin, so what it costs is only as well known as the worse of the two. */
const gasOf = (readings: Readings, nowMs: number, coins: Coins): MarketFacts['gas'] => {
  const gas = <T>(chain: Chain, found: Usable<T> | null, priceIn: (value: T) => string) => ({
    price: found ? priceIn(found.value) : fallbackGas[chain],
    usual: usualGas[chain],
    source: worstOf([found?.status ?? 'fallback', coins[COIN_OF[chain]].status]),
  })
  const wei = (value: { wei: string }) => value.wei
  return {
    base: gas('base', usable(readings, 'blockscout_base', nowMs), wei),
    polygon: gas('polygon', usable(readings, 'blockscout_polygon', nowMs), wei),
    arbitrum: gas('arbitrum', usable(readings, 'blockscout_arbitrum', nowMs), wei),
    solana: gas('solana', usable(readings, 'solana_rpc', nowMs), (value) => value.micro_lamports),
    ethereum: gas('ethereum', usable(readings, 'beaconchain', nowMs), wei),
  }
}

interface Price {
  usd: string
  status: RateSource
}

type Coins = Record<keyof MarketFacts['usd'], Price>

/** The first live price, else the first at all: prices of coins move within minutes. */
const best = (prices: readonly (Price | null)[], sample: string): Price => {
  const known = prices.filter((price) => price !== null)
  return known.find(({ status }) => status === 'live') ?? known[0] ?? { usd: sample, status: 'fallback' }
}

const coinsOf = (readings: Readings, nowMs: number): Coins => {
  const coingecko = usable(readings, 'coingecko', nowMs)
  const quoted = (coin: keyof MarketFacts['usd']): Price | null =>
    coingecko && { status: coingecko.status, usd: coingecko.value[coin] }
  const beside = (name: 'blockscout_base' | 'blockscout_polygon' | 'blockscout_arbitrum'): Price | null => {
    const stats = usable(readings, name, nowMs)
    return stats?.value.coin_usd ? { status: stats.status, usd: stats.value.coin_usd } : null
  }
  return {
    ETH: best([quoted('ETH'), beside('blockscout_base'), beside('blockscout_arbitrum')], fallbackUsd.ETH),
    POL: best([quoted('POL'), beside('blockscout_polygon')], fallbackUsd.POL),
    SOL: best([quoted('SOL')], fallbackUsd.SOL),
    USDC: best([quoted('USDC')], fallbackUsd.USDC),
  }
}

const circleOf = (readings: Readings, nowMs: number): MarketFacts['circle'] => {
  const said = usable(readings, 'circle_status', nowMs)?.value
  const of = (subject: keyof MarketFacts['circle']) => said?.[subject] ?? 'unknown'
  return {
    overall: of('overall'),
    base: of('base'),
    polygon: of('polygon'),
    arbitrum: of('arbitrum'),
    solana: of('solana'),
    ethereum: of('ethereum'),
  }
}

const frozen = <T extends object>(value: T): T => {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part)
  return Object.freeze(value)
}

/** Puts together what the sources have said, with the built-in sample where they have not, labelled as such. */
export const assemble = (readings: Readings, nowMs: number, tolerances: Tolerances): Snapshot => {
  const fx = fxOf(readings, nowMs, tolerances)
  const sources = SOURCE_NAMES.map((name) => {
    const fetchedAt = readings[name]?.fetchedAt ?? null
    return {
      name,
      status: fetchedAt === null ? ('fallback' as const) : statusAt(name, nowMs - fetchedAt),
      fetched_at: fetchedAt,
    }
  })
  const ends = sources.map(({ name, fetched_at }) =>
    fetched_at === null ? Number.POSITIVE_INFINITY : fetched_at + statusEndsAt(name, nowMs - fetched_at),
  )
  const coins = coinsOf(readings, nowMs)
  const { ETH, POL, SOL, USDC } = coins
  return frozen({
    facts: {
      at: nowMs,
      sources,
      fx: fx.facts,
      gas: gasOf(readings, nowMs, coins),
      usd: { ETH: ETH.usd, POL: POL.usd, SOL: SOL.usd, USDC: USDC.usd },
      circle: circleOf(readings, nowMs),
    },
    mids: fx.mids,
    until: Math.min(...ends),
  })
}
