import { FIAT_CURRENCIES, type Fiat, isFiat } from '../core/currency.ts'
import { AppError } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import type { Market, RateSource } from '../market/service.ts'
import type { Chain } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import { QUOTE_SECONDS, type Quote, type QuoteRequest, type QuoteWithStatus } from './model.ts'
import { priceQuote } from './pricing.ts'
import type { NewQuote, QuoteStore } from './store.ts'
import { parseQuoteId, quoteView } from './view.ts'

const DEFAULT_CHAIN: Chain = 'base'

/** Unused quotes stay readable this long after they expired. */
const KEEP_HOURS = 24
const SWEEP_BATCH = 5_000

const currencyPair = (request: QuoteRequest): { from: Fiat; to: Fiat } => {
  const { from_currency: from, to_currency: to } = request
  const unsupported = (path: string, message: string) =>
    new AppError('UNSUPPORTED_CURRENCY_PAIR', `Cannot convert ${from} to ${to}`, [{ path, message }])
  const list = `must be one of ${FIAT_CURRENCIES.join(', ')}`
  if (!isFiat(from)) throw unsupported('/from_currency', list)
  if (!isFiat(to)) throw unsupported('/to_currency', list)
  if (from === to) throw unsupported('/to_currency', 'must differ from from_currency')
  return { from, to }
}

const WORST: readonly RateSource[] = ['fallback', 'cached', 'live']

/** Makes and finds quotes. */
export const createQuoteService = (deps: { store: QuoteStore; market: Market; router: Router; ids: Ids }) => {
  const { store, market, router, ids } = deps

  return {
    /** Locks rate and fees for 60 seconds. Throws UNSUPPORTED_CURRENCY_PAIR, AMOUNT_TOO_SMALL or AMOUNT_TOO_LARGE. */
    create: async (accountId: string, request: QuoteRequest): Promise<Quote> => {
      const { from, to } = currencyPair(request)
      const [source, target] = [market.mid(from), market.mid(to)]
      const onramp = router.price('onramp', from, DEFAULT_CHAIN, source.fiatPerUsd)
      const offramp = router.price('offramp', to, DEFAULT_CHAIN, target.fiatPerUsd)
      const amount = BigInt(request.amount)
      const terms = priceQuote({
        amount,
        from,
        to,
        fromPerUsd: source.fiatPerUsd,
        onrampRate: onramp.rate,
        offrampRate: offramp.rate,
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
        rateSource: WORST.find((kind) => source.source === kind || target.source === kind) ?? 'fallback',
        platformFee: terms.fees.platform,
        onrampFee: terms.fees.onramp,
        offrampFee: terms.fees.offramp,
        payout: terms.payout,
        usdcAmount: terms.usdcAmount,
        chain: DEFAULT_CHAIN,
        onrampProvider: onramp.provider,
        offrampProvider: offramp.provider,
      }
      return quoteView(quote, await store.insert(quote), QUOTE_SECONDS)
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
