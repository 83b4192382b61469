import type { Fiat } from '../core/currency.ts'
import { parseRate } from '../core/rate.ts'
import type { MarketFacts } from '../market/facts.ts'
import type { Choice } from './advice/adviser.ts'
import type { Candidate } from './candidates.ts'
import { chargeFor } from './charge.ts'
import type { Decision, FeeQuestion } from './engine.ts'
import { gasCost, gasUsd } from './gas.ts'
import type { Fees } from './schedule.ts'

/** All that a recommendation was computed from, as plain JSON. */
export interface DecisionInput {
  question: Omit<FeeQuestion, 'amount'> & { amount: string }
  facts: MarketFacts
  choice: Choice
  /** Who chose, and why not the model. */
  source: Decision['source']
  reason: Decision['reason']
  /** What could be chosen, as it was scored and offered then. */
  candidates: readonly Pick<Candidate, 'chain' | 'score' | 'ineligible' | 'onramps' | 'offramps'>[]
}

export const inputOf = (question: FeeQuestion, decision: Decision): DecisionInput => ({
  question: { ...question, amount: question.amount.toString() },
  facts: decision.facts,
  choice: decision.choice,
  source: decision.source,
  reason: decision.reason,
  candidates: decision.candidates.map(({ chain, score, ineligible, onramps, offramps }) => ({
    chain,
    score,
    ineligible,
    onramps,
    offramps,
  })),
})

/** The fees of a stored decision, computed again. Equal to what was charged, unless a formula or a fee has changed. */
export const replay = ({ question, facts, choice }: DecisionInput): Fees => {
  const from: Fiat = question.from
  const fiatPerUsd = parseRate(facts.fx.fiat_per_usd[from])
  return chargeFor(
    BigInt(question.amount),
    gasCost(gasUsd(facts, choice.chain), from, fiatPerUsd),
    choice.riskPremiumBps,
  )
}
