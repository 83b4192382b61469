import { FIAT_CURRENCIES, type Fiat } from '../core/currency.ts'
import { parseRate, type Rate } from '../core/rate.ts'
import { ratesDisagree, type Tolerances, usdcOffPeg } from './doubts.ts'
import { DOUBTS, type Doubt, type MarketFacts, type RateSource } from './facts.ts'
import { fallbackMids } from './fallback.ts'
import { type Readings, usable } from './readings.ts'

export interface Mid {
  /** Units of the currency for one US dollar. */
  fiatPerUsd: Rate
  source: RateSource
  /** Why the mid is doubted right now; empty when it is not. */
  doubts: readonly Doubt[]
}

/** The mids as facts, and as what a quote asks for. */
export interface Fx {
  facts: MarketFacts['fx']
  mids: Readonly<Record<Fiat, Mid>>
}

/**
 * The mids of the first source while it has usable ones, even if only the second is live: both publish once a day, so
 * live ones are no newer, and each change between the two would move every rate by what they differ. A source that
 * has nothing usable leaves nothing to check, and that by itself is no doubt.
 */
export const fxOf = (readings: Readings, nowMs: number, tolerances: Tolerances): Fx => {
  const first = usable(readings, 'exchangerate_api', nowMs)
  const second = usable(readings, 'frankfurter', nowMs)
  const used = first ?? second
  const usdc = usable(readings, 'coingecko', nowMs)?.value.USDC
  const offPeg = usdc !== undefined && usdcOffPeg(parseRate(usdc), tolerances)
  const disagree = (code: Fiat): boolean =>
    first !== null &&
    second !== null &&
    ratesDisagree(
      parseRate(first.value.fiat_per_usd[code]),
      parseRate(second.value.fiat_per_usd[code]),
      tolerances,
    )

  const fiat_per_usd = { ...(used?.value.fiat_per_usd ?? fallbackMids) }
  const source = used?.status ?? 'fallback'
  const midOf = (code: Fiat): Mid => ({
    fiatPerUsd: parseRate(fiat_per_usd[code]),
    source,
    doubts: DOUBTS.filter((doubt) => (doubt === 'usdc_off_peg' ? offPeg : disagree(code))),
  })
  const mids = Object.fromEntries(FIAT_CURRENCIES.map((code) => [code, midOf(code)])) as Record<Fiat, Mid>
  const doubts = DOUBTS.filter((doubt) => FIAT_CURRENCIES.some((code) => mids[code].doubts.includes(doubt)))
  return { facts: { fiat_per_usd, source, doubts }, mids }
}
