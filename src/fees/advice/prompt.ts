import countries from 'i18n-iso-countries'
import english from 'i18n-iso-countries/langs/en.json'
import { formatAmount } from '../../core/money.ts'
import { congestion } from '../band.ts'
import type { Candidate, ProviderOption } from '../candidates.ts'
import type { Question } from './adviser.ts'

countries.registerLocale(english)

/** As its code, so that a text which is no country's name has no way in. */
const countryCode = (name: string | null): string | null =>
  name === null ? null : (countries.getAlpha2Code(name, 'en') ?? null)

const shownOptions = (options: readonly ProviderOption[]) =>
  options.map(({ provider, behindBps }) => ({ name: provider, behind_bps: behindBps }))

const shownChain = ({ from, facts }: Question, candidate: Candidate) => {
  const { chain, gasUsd, totalFee, minutes, score, ineligible, onramps, offramps } = candidate
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
    total_fee: formatAmount(totalFee, from),
    onramps: shownOptions(onramps),
    offramps: shownOptions(offramps),
  }
}

/** The question as the model reads it: compact JSON of codes, enums and numbers of ours. */
export const questionText = (question: Question): string => {
  const { from, to, amount, band, priority, tier, country, facts, candidates } = question
  return JSON.stringify({
    corridor: `${from}-${to}`,
    amount: formatAmount(amount, from),
    amount_band: band,
    priority,
    tier,
    destination_country: countryCode(country),
    market: {
      exchange_rates: { source: facts.fx.source, doubts: facts.fx.doubts },
      usdc_usd: facts.usd.USDC,
      issuer_health: facts.circle.overall,
    },
    chains: candidates.map((candidate) => shownChain(question, candidate)),
  })
}
