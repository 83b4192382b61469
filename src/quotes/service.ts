import type { Fiat } from '../core/currency.ts'
import { AppError, type ErrorCode } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import { costOf } from '../core/money.ts'
import { currencyPair } from '../core/pair.ts'
import type { Conversion } from '../fees/candidates.ts'
import type { Engine } from '../fees/engine.ts'
import { assertNotTooLarge } from '../fees/limits.ts'
import type { Recommendation, Recommendations } from '../fees/recommendation.ts'
import type { LockPrice } from '../market/lock-price.ts'
import type { Market, Mid } from '../market/service.ts'
import type { Ask, Chain, LegPrice } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import { QUOTE_SECONDS, type Quote, type QuoteRequest, type QuoteWithStatus } from './model.ts'
import { priceQuote } from './pricing.ts'
import { type DoubtPolicy, guardRate } from './rate-guard.ts'
import type { NewQuote, QuoteStore } from './store.ts'
import { parseQuoteId, quoteView } from './view.ts'

/** Unused quotes stay readable this long after they expired. */
const KEEP_HOURS = 24
const SWEEP_BATCH = 5_000

/** Throws RECOMMENDATION_MISMATCH unless the request asks for exactly what was recommended. */
const assertSame = (promised: Recommendation, request: QuoteRequest): void => {
  const wanted = {
    amount: promised.amount.toString(),
    from_currency: promised.from,
    to_currency: promised.to,
  }
  const details = Object.entries(wanted)
    .filter(([field, value]) => String(request[field as keyof QuoteRequest]) !== value)
    .map(([field, value]) => ({ path: `/${field}`, message: `must be ${value}, as recommended` }))
  if (details.length > 0)
    throw new AppError('RECOMMENDATION_MISMATCH', 'The recommendation is for another conversion', details)
}

/** Told what became of each request that was answered, for metrics. */
export type QuoteObserver = (outcome: 'created' | ErrorCode) => void

export interface QuoteDeps {
  store: QuoteStore
  market: Pick<Market, 'mid'>
  router: Router
  /** Hundredths of a percent that locking a pair's rate now is worth. */
  lockPrice: Pick<LockPrice, 'bps'>
  /** The rules about chains, which hold for every quote. */
  routes: Pick<Engine, 'chainFor' | 'objection'>
  recommendations: Recommendations
  doubtPolicy: DoubtPolicy
  ids: Ids
  observe?: QuoteObserver
}

/** Makes and finds quotes. */
export const createQuoteService = (deps: QuoteDeps) => {
  const { store, market, router, lockPrice, routes, recommendations, ids, observe = () => {} } = deps

  /** The wanted provider's offer, or the best. Throws SERVICE_UNAVAILABLE when there is none now. */
  const offer = (offers: LegPrice[], currency: Fiat, wanted: string | undefined): LegPrice => {
    const found = wanted === undefined ? offers[0] : offers.find(({ provider }) => provider === wanted)
    if (found) return found
    const message = wanted
      ? `The recommended provider ${wanted} does not serve ${currency} right now; ask for another recommendation`
      : `No provider serves ${currency} right now`
    throw new AppError('SERVICE_UNAVAILABLE', message, undefined, { retryAfterSeconds: 5 })
  }

  /** The promised chain, which the rules must still allow, or the one that they choose. */
  const chainOf = (conversion: Conversion, promised: Recommendation | null): Chain => {
    if (!promised) return routes.chainFor(conversion)
    const objection = routes.objection(conversion, promised.chain)
    if (objection === null) return promised.chain
    const message = `The recommended chain ${promised.chain} cannot be used any more, because ${objection}; ask for another recommendation`
    throw new AppError('SERVICE_UNAVAILABLE', message, undefined, { retryAfterSeconds: 5 })
  }

  const make = async (accountId: string, request: QuoteRequest): Promise<Quote> => {
    const { from, to } = currencyPair(request)
    const asked = request.recommendation_id
    const promised = asked === undefined ? null : await recommendations.find(accountId, asked)
    if (promised) assertSame(promised, request)
    const amount = BigInt(request.amount)
    const [source, target] = [market.mid(from), market.mid(to)]
    // Before providers are asked, whose own limits say less about ours.
    assertNotTooLarge(amount, from, source.fiatPerUsd)
    const priority = promised?.priority ?? 'standard'
    const chain = chainOf({ from, to, amount, priority }, promised)
    const usdCents = costOf(amount, 'USD', from, source.fiatPerUsd)
    const offered = (leg: Ask['leg'], currency: Fiat, { fiatPerUsd }: Mid, wanted: string | undefined) =>
      offer(router.offers({ leg, currency, chain, fiatPerUsd, usdCents }), currency, wanted)
    const onramp = offered('onramp', from, source, promised?.onramp)
    const offramp = offered('offramp', to, target, promised?.offramp)
    const realMoney = !(onramp.sandbox && offramp.sandbox)
    const { rateSource, marketBufferBps } = guardRate([source, target], realMoney, deps.doubtPolicy)
    const lockBufferBps = lockPrice.bps(from, to)
    const terms = priceQuote({
      amount,
      from,
      to,
      fromPerUsd: source.fiatPerUsd,
      onrampRate: onramp.rate,
      offrampRate: offramp.rate,
      bufferBps: BigInt(marketBufferBps + lockBufferBps),
      ...(promised ? { promised: promised.fees } : {}),
    })
    const quote: NewQuote = {
      accountId,
      id: ids.uuid(),
      fromCurrency: from,
      toCurrency: to,
      amount,
      rate: terms.rate,
      onrampRate: onramp.rate,
      offrampRate: offramp.rate,
      rateSource,
      platformFee: terms.fees.platform,
      onrampFee: terms.fees.onramp,
      offrampFee: terms.fees.offramp,
      gasCost: terms.fees.gas,
      riskPremium: terms.fees.riskPremium,
      payout: terms.payout,
      usdcAmount: terms.usdcAmount,
      chain,
      onrampProvider: onramp.provider,
      offrampProvider: offramp.provider,
      marketBufferBps,
      lockBufferBps,
      recommendationId: promised?.id ?? null,
      priority,
    }
    const expiresAt = await store.insert(quote)
    if (!expiresAt)
      throw new AppError('RECOMMENDATION_ALREADY_USED', 'Another quote has locked this recommendation')
    return quoteView(quote, expiresAt, QUOTE_SECONDS)
  }

  return {
    /**
     * Locks rate and fees for 60 seconds, and with a recommendation its route and fees. Throws
     * UNSUPPORTED_CURRENCY_PAIR, AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, RATE_UNAVAILABLE, SERVICE_UNAVAILABLE, and
     * RECOMMENDATION_NOT_FOUND, _EXPIRED, _MISMATCH or _ALREADY_USED.
     */
    create: async (accountId: string, request: QuoteRequest): Promise<Quote> => {
      try {
        const quote = await make(accountId, request)
        observe('created')
        return quote
      } catch (error) {
        if (error instanceof AppError) observe(error.code)
        throw error
      }
    },

    /** The account's quote with its status. Throws QUOTE_NOT_FOUND. */
    get: async (accountId: string, quoteId: string): Promise<QuoteWithStatus> => {
      const id = parseQuoteId(quoteId)
      const found = id ? await store.find(accountId, id) : null
      if (!found)
        throw new AppError('QUOTE_NOT_FOUND', `There is no quote ${quoteId.slice(0, 64).toWellFormed()}`)
      const status = found.used ? 'used' : found.expired ? 'expired' : 'open'
      return { ...quoteView(found.quote, found.quote.expiresAt, found.secondsLeft), status }
    },

    /** Tidies up what expired long ago and was never used; correctness never depends on it. */
    sweep: async (): Promise<number> => {
      let total = 0
      for (let gone = SWEEP_BATCH; gone === SWEEP_BATCH; total += gone)
        gone = await store.sweep(KEEP_HOURS, SWEEP_BATCH)
      return total
    },
  }
}

export type QuoteService = ReturnType<typeof createQuoteService>
