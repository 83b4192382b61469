import type { Fiat } from '../core/currency.ts'
import { parseRate } from '../core/rate.ts'
import type { MarketFacts } from '../market/facts.ts'
import type { Choice } from './advice/adviser.ts'
import { chargeFor } from './charge.ts'
import type { Decision, FeeQuestion } from './engine.ts'
import { gasCost, gasUsd } from './gas.ts'
import type { Fees } from './schedule.ts'

/** All that a recommendation was computed from, as plain JSON. */
export interface DecisionInput {
  question: Omit<FeeQuestion, 'amount'> & { amount: string }
  facts: MarketFacts
  choice: Choice
}

export const inputOf = (question: FeeQuestion, { facts, choice }: Decision): DecisionInput => ({
  question: { ...question, amount: question.amount.toString() },
  facts,
  choice,
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
