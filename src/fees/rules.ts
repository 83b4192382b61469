import type { MarketFacts } from '../market/facts.ts'
import type { Choice } from './advice/adviser.ts'
import type { Candidate } from './candidates.ts'

/** seed.md's confidence where the model or live data are missing. */
export const RULES_CONFIDENCE = 0.75

const NAMES = {
  base: 'Base',
  polygon: 'Polygon',
  arbitrum: 'Arbitrum',
  solana: 'Solana',
  ethereum: 'Ethereum',
}

/** The eligible candidate with the highest score, the first of equals; undefined when none is eligible. */
export const bestOf = (candidates: readonly Candidate[]): Candidate | undefined =>
  candidates
    .filter(({ ineligible }) => ineligible === null)
    .reduce<Candidate | undefined>((top, each) => (top && top.score >= each.score ? top : each), undefined)

/** What speaks against any route right now, from the data alone. */
export const riskFactorsOf = (facts: MarketFacts, { chain }: Pick<Candidate, 'chain'>): string[] => [
  ...facts.fx.doubts.map((doubt) =>
    doubt === 'usdc_off_peg' ? 'USDC trades away from one US dollar' : 'Exchange rate sources disagree',
  ),
  ...(facts.fx.source === 'fallback' ? ['No live exchange rate: sample values'] : []),
  ...(facts.gas[chain].source === 'fallback' ? [`No live gas price for ${NAMES[chain]}: sample value`] : []),
  ...(facts.circle[chain] === 'degraded' ? [`USDC on ${NAMES[chain]} is degraded`] : []),
  ...(facts.circle[chain] === 'unknown' ? ['The state of the issuer is unknown'] : []),
]

/** What the scores alone choose; the same candidates always give the same choice. */
export const chooseByRules = (
  best: Candidate,
  candidates: readonly Candidate[],
  facts: MarketFacts,
): Choice => {
  const eligible = candidates.filter(({ ineligible }) => ineligible === null).length
  const [least, most] = best.minutes
  const field =
    eligible === 1 ? 'is the only eligible chain' : `scores highest of ${eligible} eligible chains`
  return {
    chain: best.chain,
    onramp: best.onramps[0]?.provider ?? '',
    offramp: best.offramps[0]?.provider ?? '',
    riskPremiumBps: 0,
    confidence: RULES_CONFIDENCE,
    reasoning: `${NAMES[best.chain]} ${field}: gas ${best.gasUsd} USD, usually settled in ${least} to ${most} minutes.`,
    riskFactors: riskFactorsOf(facts, best),
  }
}
