import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { oneOf, strict } from '../../core/schema.ts'
import { CHAINS } from '../../providers/port.ts'
import type { Candidate } from '../candidates.ts'
import type { Choice, FallbackReason } from './adviser.ts'
import { showable } from './text.ts'

/** Hundredths of a percent of the amount that the model may ask for on top of the fees. */
export const MAX_RISK_PREMIUM_BPS = 25

const MOST_REASONING = 600
const MOST_FACTORS = 5
const MOST_FACTOR = 160

const properties = {
  // First, because what is written first can guide what follows it.
  reasoning: Type.String({
    description: `Why this route, in one to three plain sentences for the payer; at most ${MOST_REASONING} characters`,
  }),
  chain: oneOf(CHAINS, { description: 'An eligible chain' }),
  onramp: Type.String({ description: 'One of the on-ramps listed for that chain' }),
  offramp: Type.String({ description: 'One of the off-ramps listed for that chain' }),
  risk_premium_bps: Type.Integer({
    description: `Hundredths of a percent, from 0 to ${MAX_RISK_PREMIUM_BPS}`,
  }),
  confidence: Type.Number({ description: 'From 0 to 1' }),
  risk_factors: Type.Array(Type.String(), {
    description: `At most ${MOST_FACTORS}, each at most ${MOST_FACTOR} characters; empty when there are none`,
  }),
}

/**
 * What the model is asked to answer. Bounds stand in descriptions, because the API enforces types and enums alone. It
 * never changes between questions, so that the API compiles it once and its prompt cache holds.
 */
export const AnswerSchema = strict(properties)

/** As the API should have enforced it, but for the chain, whose mistakes have a reason of their own. */
const Shape = strict({ ...properties, chain: Type.String() })
type Shape = Static<typeof Shape>

const parsed = (text: string): Shape | FallbackReason => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'invalid_json'
  }
  return Value.Check(Shape, value) ? value : 'unexpected_shape'
}

/**
 * The choice in the model's text, or why there is none: what is not JSON, has another shape (one more field too), leaves
 * the candidates or breaks a bound is dropped as a whole. Its words are made fit to be shown and decide nothing.
 */
export const judge = (text: string, candidates: readonly Candidate[]): Choice | FallbackReason => {
  const answer = parsed(text)
  if (typeof answer === 'string') return answer
  const { onramp, offramp, risk_premium_bps: riskPremiumBps, confidence } = answer
  const candidate = candidates.find(({ chain }) => chain === answer.chain)
  if (!candidate) return 'unknown_chain'
  if (candidate.ineligible !== null) return 'ineligible_chain'
  if (!candidate.onramps.some(({ provider }) => provider === onramp)) return 'unknown_provider'
  if (!candidate.offramps.some(({ provider }) => provider === offramp)) return 'unknown_provider'
  if (riskPremiumBps < 0 || riskPremiumBps > MAX_RISK_PREMIUM_BPS) return 'premium_out_of_bounds'
  if (confidence < 0 || confidence > 1) return 'confidence_out_of_bounds'
  return {
    chain: candidate.chain,
    onramp,
    offramp,
    riskPremiumBps,
    confidence,
    reasoning: showable(answer.reasoning, MOST_REASONING),
    riskFactors: answer.risk_factors
      .slice(0, MOST_FACTORS)
      .map((factor) => showable(factor, MOST_FACTOR))
      .filter(Boolean),
  }
}
