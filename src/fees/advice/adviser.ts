import type { Fiat } from '../../core/currency.ts'
import type { MarketFacts } from '../../market/facts.ts'
import type { Chain } from '../../providers/port.ts'
import type { Candidate } from '../candidates.ts'
import type { CustomerTier, Priority } from '../model.ts'
import { createBreaker } from './breaker.ts'
import { createBudget } from './budget.ts'
import type { Claude } from './claude.ts'
import { type ConsultDeps, createConsult } from './consult.ts'
import { createMemory } from './memory.ts'
import { type AdviserStats, createStats } from './stats.ts'

/** Everything that the model may learn. Nothing in it is a caller's own text: codes, enums, and our own numbers. */
export interface Question {
  from: Fiat
  to: Fiat
  /** Minor units of `from`: a round figure for the band of the amount, so that one answer serves all amounts in it. */
  amount: bigint
  /** The band in words, such as "100 to 1,000 USD". */
  band: string
  priority: Priority
  tier: CustomerTier
  /** English ISO 3166 name; null when the caller named none. */
  country: string | null
  facts: MarketFacts
  candidates: readonly Candidate[]
}

/** What the model chose, after every bound was checked. Its texts are untrusted and only ever shown. */
export interface Choice {
  chain: Chain
  onramp: string
  offramp: string
  /** Hundredths of a percent of the amount, 0 to MAX_RISK_PREMIUM_BPS. */
  riskPremiumBps: number
  /** 0 to 1. */
  confidence: number
  reasoning: string
  riskFactors: readonly string[]
}

/** Why there is no choice of the model's. */
export const FALLBACK_REASONS = [
  'no_key',
  'budget_spent',
  'breaker_open',
  'deadline',
  'unauthorized',
  'rate_limited',
  'overloaded',
  'http_error',
  'connection_lost',
  'refusal',
  'truncated',
  'invalid_json',
  'unexpected_shape',
  'unknown_chain',
  'ineligible_chain',
  'unknown_provider',
  'premium_out_of_bounds',
  'confidence_out_of_bounds',
  'internal_error',
] as const
export type FallbackReason = (typeof FALLBACK_REASONS)[number]

/**
 * `shared` when another request's question, the same as this one, was answered a moment ago or is being answered.
 * `adviceId` is the row of the call in fee_advice; null when no call was made, or when it could not be stored in time.
 */
export type Advice =
  | { kind: 'choice'; choice: Choice; adviceId: string | null; shared: boolean }
  | { kind: 'none'; reason: FallbackReason; adviceId: string | null; shared: boolean }

/** Asks the model, or answers from what it said a moment ago; never throws, never takes longer than its deadline. */
export interface Adviser {
  /** What is known without asking: an answer given a moment ago to the question with this key. */
  known(key: string): Advice | null
  /** `accountId` is whose share of the calls it comes out of; the model does not learn it. */
  ask(key: string, question: Question, accountId: string): Promise<Advice>
}

export interface AdviserDeps extends Omit<ConsultDeps, 'claude'> {
  /** Null without a key; every question is then left to the rules at once. */
  claude: Claude | null
  /** Most calls of the model in any minute, of which each account has a share. */
  budgetPerMinute: number
  /** How long a choice answers the questions that are the same. */
  cacheMs?: number
}

const CHOICE_MS = 120_000

const none = (reason: FallbackReason, adviceId: string | null = null): Advice => ({
  kind: 'none',
  reason,
  adviceId,
  shared: false,
})

/** An adviser that shares each answer among all who ask the same, now and for a while, and counts what it does. */
export const createAdviser = (deps: AdviserDeps): Adviser & { stats(): AdviserStats } => {
  const { claude, clock, log, budgetPerMinute, cacheMs = CHOICE_MS } = deps
  const stats = createStats()
  const refused = (reason: FallbackReason): Advice => {
    stats.fellBack(reason)
    return none(reason)
  }
  if (!claude) return { known: () => null, ask: async () => refused('no_key'), stats: stats.read }

  const consult = createConsult({ ...deps, claude })
  const memory = createMemory(clock, cacheMs)
  const flights = new Map<string, Promise<Advice>>()
  const budget = createBudget(budgetPerMinute, clock)
  const breaker = createBreaker(clock)

  const known = (key: string): Advice | null => {
    const answer = memory.recall(key)
    if (answer) stats.shared()
    return answer
  }

  const consulted = async (key: string, question: Question): Promise<Advice> => {
    try {
      const consultation = await consult(key, question)
      stats.called(consultation)
      const { outcome, adviceId, retryAfterMs } = consultation
      if (typeof outcome === 'object') return { kind: 'choice', choice: outcome, adviceId, shared: false }
      if (retryAfterMs) budget.block(outcome, retryAfterMs)
      return none(outcome, adviceId)
    } catch (err) {
      log.error({ err, question: key }, 'asking the model broke')
      return refused('internal_error')
    }
  }

  /** Never rejects. */
  const fly = async (key: string, question: Question): Promise<Advice> => {
    breaker.begins()
    const advice = await consulted(key, question)
    breaker.ends(advice.kind === 'choice')
    memory.keep(key, advice)
    flights.delete(key)
    return advice
  }

  return {
    known,
    ask: async (key, question, accountId) => {
      const answer = known(key)
      if (answer) return answer
      const joined = flights.get(key)
      if (joined !== undefined) {
        stats.shared()
        return { ...(await joined), shared: true }
      }
      const reason = breaker.resting() ? 'breaker_open' : budget.take(accountId)
      if (reason) return refused(reason)
      const flight = fly(key, question)
      flights.set(key, flight)
      return flight
    },
    stats: stats.read,
  }
}
