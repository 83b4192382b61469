import { isUuid } from '../core/ids.ts'
import { toJsonInteger } from '../core/money.ts'
import { rateToNumber } from '../core/rate.ts'
import { recommendationIdOf } from '../fees/recommendation.ts'
import type { RateSource } from '../market/service.ts'
import type { Quote } from './model.ts'
import type { NewQuote } from './store.ts'

const PREFIX = 'quote_'

/** The public form of a quote's UUID. */
export const quoteIdOf = (id: string): string => PREFIX + id

/** The UUID in a public quote id, or null when it cannot be one of ours. */
export const parseQuoteId = (quoteId: string): string | null => {
  const id = quoteId.startsWith(PREFIX) ? quoteId.slice(PREFIX.length) : ''
  return isUuid(id) ? id : null
}

/** What a quote is shown from; the priority is the route's business. */
type ShownQuote = Omit<NewQuote, 'priority'>

const totalOf = (quote: ShownQuote) =>
  quote.platformFee + quote.onrampFee + quote.offrampFee + quote.gasCost + quote.riskPremium

/** The fees of a quote as its callers and those of its payment see them. */
export const feeLines = (quote: ShownQuote): Quote['fees'] => ({
  platform_fee: toJsonInteger(quote.platformFee),
  onramp_fee: toJsonInteger(quote.onrampFee),
  offramp_fee: toJsonInteger(quote.offrampFee),
  // Only a recommendation charges these two; other quotes keep the three lines of the schedule.
  ...(quote.recommendationId
    ? { gas_cost: toJsonInteger(quote.gasCost), risk_premium: toJsonInteger(quote.riskPremium) }
    : {}),
  total_fees: toJsonInteger(totalOf(quote)),
  currency: quote.fromCurrency,
})

/** The chain and providers that a quote was priced for. */
export const routeOf = (quote: ShownQuote): Quote['route'] => ({
  chain: quote.chain,
  onramp: quote.onrampProvider,
  offramp: quote.offrampProvider,
})

/** A quote as its caller sees it. */
export const quoteView = (quote: NewQuote, expiresAt: Date, validForSeconds: number): Quote => ({
  quote_id: quoteIdOf(quote.id),
  amount: toJsonInteger(quote.amount),
  currency: quote.fromCurrency,
  exchange_rate: rateToNumber(quote.rate),
  fees: feeLines(quote),
  guaranteed_payout: toJsonInteger(quote.payout),
  payout_currency: quote.toCurrency,
  expires_at: expiresAt.toISOString(),
  valid_for_seconds: validForSeconds,
  rate_source: quote.rateSource as RateSource,
  provider: quote.offrampProvider,
  route: routeOf(quote),
  market_buffer_bps: quote.marketBufferBps,
  lock_buffer_bps: quote.lockBufferBps,
  recommendation_id: quote.recommendationId && recommendationIdOf(quote.recommendationId),
})
