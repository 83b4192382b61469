import { AppError } from '../core/errors.ts'
import type { MarketFacts } from '../market/facts.ts'
import type { Market } from '../market/service.ts'
import type { Chain } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import type { Advice, Adviser, Choice, FallbackReason } from './advice/adviser.ts'
import { bandOf, inUsdCents, regimeOf } from './band.ts'
import { type Candidate, type Conversion, candidatesFor } from './candidates.ts'
import { chargeFor } from './charge.ts'
import type { CustomerTier } from './model.ts'
import { bestOf, chooseByRules, RULES_CONFIDENCE } from './rules.ts'
import type { Fees } from './schedule.ts'

/** A conversion with what the model may know about who wants it. */
export interface FeeQuestion extends Conversion {
  tier: CustomerTier
  /** English ISO 3166 name; null when none was given. */
  country: string | null
}

/** Why the rules decided although the model may have spoken. */
export type RulesReason = FallbackReason | 'no_longer_eligible'

export interface Decision {
  choice: Choice
  fees: Fees
  /** Whether the model was asked for this, had answered the same question before, or did not decide. */
  source: 'claude' | 'cache' | 'rules'
  reason: RulesReason | null
  adviceId: string | null
  candidates: readonly Candidate[]
  facts: MarketFacts
}

/**
 * Applies a choice to what the candidates say now: the same input gives the same fees for ever. Null when the choice
 * is not among the eligible ones.
 */
export const applyChoice = (
  amount: bigint,
  choice: Choice,
  candidates: readonly Candidate[],
): Fees | null => {
  const { chain, onramp, offramp, riskPremiumBps } = choice
  const found = candidates.find((candidate) => candidate.chain === chain && candidate.ineligible === null)
  const serves = (options: Candidate['onramps'], name: string) =>
    options.some(({ provider }) => provider === name)
  if (!found || !serves(found.onramps, onramp) || !serves(found.offramps, offramp)) return null
  return chargeFor(amount, found.gasCost, riskPremiumBps)
}

/** What the scores alone decide. Throws SERVICE_UNAVAILABLE when no chain is eligible. */
const byRules = (amount: bigint, candidates: readonly Candidate[], facts: MarketFacts) => {
  const best = bestOf(candidates)
  if (!best) {
    const message = 'No chain can carry this payment right now'
    throw new AppError('SERVICE_UNAVAILABLE', message, undefined, { retryAfterSeconds: 30 })
  }
  return { choice: chooseByRules(best, candidates, facts), fees: chargeFor(amount, best.gasCost, 0) }
}

/** Sample data behind the choice is no better known with a model than without. */
const tempered = (choice: Choice, facts: MarketFacts): Choice =>
  facts.fx.source === 'fallback' || facts.gas[choice.chain].source === 'fallback'
    ? { ...choice, confidence: Math.min(choice.confidence, RULES_CONFIDENCE) }
    : choice

/** One answer of the model serves all questions with the same key. */
const keyOf = (
  { from, to, priority, tier, country }: FeeQuestion,
  band: string,
  facts: MarketFacts,
): string => [from, to, band, priority, tier, country ?? '', regimeOf(facts)].join('|')

export interface EngineDeps {
  market: Pick<Market, 'facts' | 'refreshDue'>
  router: Pick<Router, 'offers'>
  adviser: Adviser
}

/** Chooses the route of a conversion: the model advises, the arithmetic here decides. */
export const createEngine = ({ market, router, adviser }: EngineDeps) => {
  const ask = (question: FeeQuestion, facts: MarketFacts, accountId: string): Advice | Promise<Advice> => {
    const band = bandOf(inUsdCents(question.amount, question.from, facts), question.from, facts)
    const key = keyOf(question, band.words, facts)
    const known = adviser.known(key)
    if (known) return known
    const { from, to, priority, tier, country } = question
    const candidates = candidatesFor({ from, to, priority, amount: band.amount }, facts, router)
    const asked = { from, to, priority, tier, country, facts, candidates }
    const answer = adviser.ask(key, { ...asked, amount: band.amount, band: band.words }, accountId)
    // Begun in the same moment as the question, and not waited for: what has arrived with the answer is used.
    void market.refreshDue()
    return answer
  }

  return {
    /** The chain that the rules alone choose now. Throws SERVICE_UNAVAILABLE when none is eligible. */
    chainFor: (conversion: Conversion): Chain => {
      const facts = market.facts()
      return byRules(conversion.amount, candidatesFor(conversion, facts, router), facts).choice.chain
    },

    /** Why the chain may not carry the conversion right now; null when it may. */
    objection: (conversion: Conversion, chain: Chain): string | null => {
      const candidates = candidatesFor(conversion, market.facts(), router)
      return candidates.find((candidate) => candidate.chain === chain)?.ineligible ?? null
    },

    /** Decides for an account, never slower than the adviser's deadline. Throws SERVICE_UNAVAILABLE when no chain is eligible. */
    decide: async (question: FeeQuestion, accountId: string): Promise<Decision> => {
      const answer = ask(question, market.facts(), accountId)
      const advice = answer instanceof Promise ? await answer : answer
      const facts = market.facts()
      const candidates = candidatesFor(question, facts, router)
      const common = { adviceId: advice.adviceId, candidates, facts }
      if (advice.kind === 'choice') {
        const fees = applyChoice(question.amount, advice.choice, candidates)
        const source = advice.shared ? 'cache' : 'claude'
        if (fees) return { ...common, choice: tempered(advice.choice, facts), fees, source, reason: null }
      }
      const reason = advice.kind === 'none' ? advice.reason : 'no_longer_eligible'
      return { ...common, ...byRules(question.amount, candidates, facts), source: 'rules', reason }
    },
  }
}

export type Engine = ReturnType<typeof createEngine>
