import type { Fiat } from '../core/currency.ts'
import { parseRate, RATE_UNITS } from '../core/rate.ts'
import type { MarketFacts } from '../market/facts.ts'
import { CHAINS, type Chain, type LegPrice } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import { congestion, inUsdCents } from './band.ts'
import { chargeFor } from './charge.ts'
import { formatUsd, gasCost, gasUsd } from './gas.ts'
import type { Priority } from './model.ts'
import { CHAIN_POLICY, LARGE_USD_CENTS, SMALL_USD_CENTS } from './policy.ts'
import { scoreOf } from './score.ts'

/** A provider that can carry one leg now, and how many hundredths of a percent its rate is below the best one. */
export interface ProviderOption {
  provider: string
  behindBps: number
}

/** One chain as a way for the money, priced by code. */
export interface Candidate {
  chain: Chain
  /** US dollars for the transfer on that chain, as an exact decimal. */
  gasUsd: string
  /** The same in minor units of the source currency, rounded to the nearest. */
  gasCost: bigint
  /** All fees without a risk premium, in minor units of the source currency. */
  totalFee: bigint
  /** Usual minutes from the first step to the last, from and to. */
  minutes: readonly [number, number]
  /** 0 to 1000; the rules take the highest of those that are eligible. */
  score: number
  /** Why this chain may not be used for this payment; null when it may. */
  ineligible: string | null
  /** As the router would choose them, and so mostly the best rate first; never empty for an eligible chain. */
  onramps: readonly ProviderOption[]
  offramps: readonly ProviderOption[]
}

/** A conversion that wants a route. */
export interface Conversion {
  from: Fiat
  to: Fiat
  /** Minor units of `from`. */
  amount: bigint
  priority: Priority
}

const BPS = 10_000n

const optionsOf = (offers: readonly LegPrice[]): ProviderOption[] => {
  const best = offers.reduce((top, { rate }) => (rate > top ? rate : top), offers[0]?.rate ?? RATE_UNITS)
  return offers.map(({ provider, rate }) => ({ provider, behindBps: Number(((best - rate) * BPS) / best) }))
}

type Served = Pick<Candidate, 'onramps' | 'offramps'>

const whyUnusable = (chain: Chain, facts: MarketFacts, { onramps, offramps }: Served): string | null => {
  if (facts.circle[chain] === 'outage') return 'its issuer reports an outage of USDC on this chain'
  if (onramps.length === 0) return 'no on-ramp serves it right now'
  if (offramps.length === 0) return 'no off-ramp serves it right now'
  return null
}

const isAtItsBest = (chain: Chain, facts: MarketFacts): boolean =>
  facts.circle[chain] !== 'degraded' && congestion(facts, chain) !== 'jammed'

/** All five chains, priced for one conversion; the order is that of CHAINS. */
export const candidatesFor = (
  { from, to, amount, priority }: Conversion,
  facts: MarketFacts,
  router: Pick<Router, 'offers'>,
): Candidate[] => {
  const midOf = (currency: Fiat) => parseRate(facts.fx.fiat_per_usd[currency])
  const [source, target] = [midOf(from), midOf(to)]
  const usdCents = inUsdCents(amount, from, facts)
  const chains = CHAINS.map((chain) => {
    const served = {
      onramps: optionsOf(
        router.offers({ leg: 'onramp', currency: from, chain, fiatPerUsd: source, usdCents }),
      ),
      offramps: optionsOf(
        router.offers({ leg: 'offramp', currency: to, chain, fiatPerUsd: target, usdCents }),
      ),
    }
    return { chain, served, unusable: whyUnusable(chain, facts, served) }
  })
  const baseWorks = chains.some((each) => each.chain === 'base' && each.unusable === null)
  const baseTakesAll = usdCents <= SMALL_USD_CENTS && isAtItsBest('base', facts) && baseWorks
  const forbidden = (chain: Chain): string | null => {
    if (usdCents >= LARGE_USD_CENTS && !CHAIN_POLICY[chain].carriesLarge)
      return 'amounts from 500,000 USD need a chain with its own consensus'
    if (baseTakesAll && chain !== 'base')
      return 'Base carries amounts up to 500 USD while it is calm and healthy'
    return null
  }
  return chains.map(({ chain, served, unusable }) => {
    const gas = gasUsd(facts, chain)
    const cost = gasCost(gas, from, source)
    return {
      chain,
      gasUsd: formatUsd(gas),
      gasCost: cost,
      totalFee: chargeFor(amount, cost, 0).total,
      minutes: CHAIN_POLICY[chain].minutes,
      score: scoreOf({
        chain,
        priority,
        usdCents,
        gas,
        health: facts.circle[chain],
        congestion: congestion(facts, chain),
      }),
      ineligible: unusable ?? forbidden(chain),
      ...served,
    }
  })
}
