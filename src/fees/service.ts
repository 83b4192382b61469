import type { Clock } from '../core/clock.ts'
import type { Fiat } from '../core/currency.ts'
import { AppError } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import { currencyPair } from '../core/pair.ts'
import type { Market } from '../market/service.ts'
import type { Chain } from '../providers/port.ts'
import { LEAST_AMOUNT } from './charge.ts'
import { countryName } from './country.ts'
import type { Engine, FeeQuestion } from './engine.ts'
import { assertNotTooLarge } from './limits.ts'
import type { FeeAnswer, FeeRequest } from './model.ts'
import { parseRecommendationId, type Recommendations } from './recommendation.ts'
import { type DecisionInput, inputOf } from './replay.ts'
import { withTotal } from './schedule.ts'
import type { FeeStore } from './store.ts'
import { feeView } from './view.ts'

/** Recommendations that became no quote stay this long after they expired. */
const KEEP_HOURS = 24
/** Calls of the model that no kept recommendation rests on. */
const KEEP_ADVICE_DAYS = 30
const SWEEP_BATCH = 5_000

const tooSmall = (message: string) =>
  new AppError('AMOUNT_TOO_SMALL', 'The fees leave nothing to pay out', [{ path: '/amount', message }])

export interface FeeDeps {
  engine: Engine
  store: FeeStore
  market: Pick<Market, 'mid'>
  clock: Clock
  ids: Ids
}

/** Recommends routes and fees, and finds what was recommended. */
export const createFeeService = ({ engine, store, market, clock, ids }: FeeDeps) => {
  const recommendations: Recommendations = {
    find: async (accountId, recommendationId) => {
      const id = parseRecommendationId(recommendationId)
      const found = id ? await store.find(accountId, id) : null
      if (!found)
        throw new AppError(
          'RECOMMENDATION_NOT_FOUND',
          `There is no recommendation ${recommendationId.slice(0, 64).toWellFormed()}`,
        )
      if (found.expired)
        throw new AppError('RECOMMENDATION_EXPIRED', 'Recommendation has expired, please request a new one')
      const row = found.recommendation
      return {
        id: row.id,
        from: row.fromCurrency as Fiat,
        to: row.toCurrency as Fiat,
        amount: row.amount,
        fees: withTotal({
          platform: row.platformFee,
          onramp: row.onrampFee,
          offramp: row.offrampFee,
          gas: row.gasCost,
          riskPremium: row.riskPremium,
        }),
        chain: row.chain as Chain,
        priority: (row.input as DecisionInput).question.priority,
        onramp: row.onrampProvider,
        offramp: row.offrampProvider,
      }
    },
  }

  return {
    ...recommendations,

    /**
     * Chooses chain and providers for a conversion and prices them. Throws UNSUPPORTED_CURRENCY_PAIR,
     * VALIDATION_ERROR for a country, AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, SERVICE_UNAVAILABLE.
     */
    calculate: async (accountId: string, request: FeeRequest): Promise<FeeAnswer> => {
      const { from, to } = currencyPair(request)
      const question: FeeQuestion = {
        from,
        to,
        amount: BigInt(request.amount),
        priority: request.priority ?? 'standard',
        tier: request.customer_tier ?? 'standard',
        country: request.destination_country === undefined ? null : countryName(request.destination_country),
      }
      assertNotTooLarge(question.amount, from, market.mid(from).fiatPerUsd)
      if (question.amount < LEAST_AMOUNT) throw tooSmall(`must be at least ${LEAST_AMOUNT}`)
      const decision = await engine.decide(question, accountId)
      const { fees, choice } = decision
      if (fees.total >= question.amount)
        throw tooSmall(`must be more than ${fees.total}, which the fees on it come to`)
      const id = ids.uuid()
      const expiresAt = await store.insert({
        accountId,
        id,
        fromCurrency: from,
        toCurrency: to,
        amount: question.amount,
        platformFee: fees.platform,
        onrampFee: fees.onramp,
        offrampFee: fees.offramp,
        gasCost: fees.gas,
        riskPremium: fees.riskPremium,
        chain: choice.chain,
        onrampProvider: choice.onramp,
        offrampProvider: choice.offramp,
        source: decision.source,
        reason: decision.reason,
        input: inputOf(question, decision),
        adviceId: decision.adviceId,
      })
      return feeView(id, from, decision, expiresAt, clock.now())
    },

    /** Tidies up what expired long ago and became no quote; correctness never depends on it. */
    sweep: async (): Promise<number> => {
      let total = 0
      for (let gone = SWEEP_BATCH; gone === SWEEP_BATCH; total += gone)
        gone = await store.sweep(KEEP_HOURS, SWEEP_BATCH)
      for (let gone = SWEEP_BATCH; gone === SWEEP_BATCH; total += gone)
        gone = await store.sweepAdvice(KEEP_ADVICE_DAYS, SWEEP_BATCH)
      return total
    },
  }
}

export type FeeService = ReturnType<typeof createFeeService>
