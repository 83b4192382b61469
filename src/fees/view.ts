import { toJsonInteger } from '../core/money.ts'
import type { Candidate } from './candidates.ts'
import type { Decision } from './engine.ts'
import type { FeeAnswer } from './model.ts'
import { recommendationIdOf } from './recommendation.ts'

const settlementTime = ([least, most]: Candidate['minutes']): string => `${least}-${most} minutes`

/** A decision as its caller sees it. `nowMs` dates the market data. */
export const feeView = (
  id: string,
  currency: string,
  decision: Decision,
  expiresAt: Date,
  nowMs: number,
): FeeAnswer => {
  const { choice, fees, candidates, facts } = decision
  const chosen = candidates.find(({ chain }) => chain === choice.chain)
  if (!chosen) throw new Error('the chosen chain is no candidate')
  return {
    recommendation_id: recommendationIdOf(id),
    total_fee: toJsonInteger(fees.total),
    currency,
    fee_breakdown: {
      platform_fee: toJsonInteger(fees.platform),
      onramp_fee: toJsonInteger(fees.onramp),
      offramp_fee: toJsonInteger(fees.offramp),
      gas_cost: toJsonInteger(fees.gas),
      risk_premium: toJsonInteger(fees.riskPremium),
    },
    recommended_provider: {
      onramp: choice.onramp,
      offramp: choice.offramp,
      chain: choice.chain,
      reasoning: choice.reasoning,
    },
    estimated_settlement_time: settlementTime(chosen.minutes),
    confidence_score: choice.confidence,
    risk_factors: [...choice.riskFactors],
    source: decision.source,
    fallback_reason: decision.reason,
    market: facts.sources.map(({ name, status, fetched_at }) => ({
      source: name,
      status,
      age_seconds: fetched_at === null ? null : Math.max(0, Math.floor((nowMs - fetched_at) / 1000)),
    })),
    candidates: candidates.map((candidate) => ({
      chain: candidate.chain,
      gas_usd: candidate.gasUsd,
      gas_cost: toJsonInteger(candidate.gasCost),
      total_fee: toJsonInteger(candidate.totalFee),
      settlement_time: settlementTime(candidate.minutes),
      score: candidate.score,
      eligible: candidate.ineligible === null,
      reason: candidate.ineligible,
    })),
    expires_at: expiresAt.toISOString(),
  }
}
