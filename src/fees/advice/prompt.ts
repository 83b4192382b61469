import { congestion } from '../band.ts'
import type { Candidate, ProviderOption } from '../candidates.ts'
import { countryCode } from '../country.ts'
import type { Question } from './adviser.ts'

const shownOptions = (options: readonly ProviderOption[]) =>
  options.map(({ provider, behindBps }) => ({ name: provider, behind_bps: behindBps }))

const shownChain = ({ facts }: Question, candidate: Candidate) => {
  const { chain, gasUsd, minutes, score, ineligible, onramps, offramps } = candidate
  if (ineligible !== null) return { chain, eligible: false, why_not: ineligible }
  return {
    chain,
    eligible: true,
    score,
    minutes,
    gas_usd: gasUsd,
    gas_source: facts.gas[chain].source,
    congestion: congestion(facts, chain),
    health: facts.circle[chain],
    onramps: shownOptions(onramps),
    offramps: shownOptions(offramps),
  }
}

/**
 * The question as the model reads it: compact JSON of codes, enums and numbers of ours. Of the amount it has the band
 * alone, for its reasoning is shown to everyone whose amount is in it.
 */
export const questionText = (question: Question): string => {
  const { from, to, band, priority, tier, country, facts, candidates } = question
  return JSON.stringify({
    corridor: `${from}-${to}`,
    amount_band: band,
    priority,
    tier,
    destination_country: country === null ? null : countryCode(country),
    market: {
      exchange_rates: { source: facts.fx.source, doubts: facts.fx.doubts },
      usdc_usd: facts.usd.USDC,
      issuer_health: facts.circle.overall,
    },
    chains: candidates.map((candidate) => shownChain(question, candidate)),
  })
}
