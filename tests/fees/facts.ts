import { FIAT_CURRENCIES, type Fiat } from '../../src/core/currency.ts'
import { parseRate, type Rate } from '../../src/core/rate.ts'
import type { Health, MarketFacts } from '../../src/market/facts.ts'
import { fallbackMid, fallbackMids } from '../../src/market/fallback.ts'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import type { Chain, LegPrice } from '../../src/providers/port.ts'
import type { Router } from '../../src/providers/router.ts'

const gas = (price: string) => ({ price, usual: price, source: 'live' as const })

/** A calm, healthy market in which everything has just answered; a sample. */
export const sampleFacts = (): MarketFacts => ({
  at: 1_795_418_400_000,
  sources: SOURCE_NAMES.map((name) => ({ name, status: 'live', fetched_at: 1_795_418_400_000 })),
  fx: {
    fiat_per_usd: { ...fallbackMids },
    source: 'live',
    doubts: [],
  },
  gas: {
    base: gas('6000000'),
    polygon: gas('369900000000'),
    arbitrum: gas('10000000'),
    solana: gas('2000'),
    ethereum: gas('900000000'),
  },
  usd: { ETH: '2486.47', POL: '0.100652', SOL: '131.2', USDC: '0.99987' },
  circle: {
    overall: 'operational',
    base: 'operational',
    polygon: 'operational',
    arbitrum: 'operational',
    solana: 'operational',
    ethereum: 'operational',
  },
})

/** The rates of it, exact. */
export const mids = Object.fromEntries(FIAT_CURRENCIES.map((code) => [code, fallbackMid(code)])) as Record<
  Fiat,
  Rate
>

/** The sample with a chain's gas at some times its usual price, or its issuer in another state. */
export const factsWith = (
  changes: Partial<Record<Chain, { times?: bigint; health?: Health; fallback?: boolean }>>,
): MarketFacts => {
  const facts = sampleFacts()
  for (const [name, { times, health, fallback }] of Object.entries(changes)) {
    const chain = name as Chain
    const { price } = facts.gas[chain]
    if (times !== undefined) facts.gas[chain].price = (BigInt(price) * times).toString()
    if (health) facts.circle[chain] = health
    if (fallback) facts.gas[chain].source = 'fallback'
  }
  return facts
}

/** Two providers, the second five bps behind, unless a chain is taken away from them. */
export const offersExcept = (without: readonly Chain[] = []): Pick<Router, 'offers'> => ({
  offers: ({ leg, chain, fiatPerUsd }): LegPrice[] => {
    if (without.includes(chain)) return []
    const rate = leg === 'offramp' ? fiatPerUsd : parseRate('1')
    return [
      { provider: 'alpha', rate, sandbox: true },
      { provider: 'beta', rate: ((rate * 9_995n) / 10_000n) as Rate, sandbox: true },
    ]
  },
})
