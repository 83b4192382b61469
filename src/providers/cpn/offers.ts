import type { X509Certificate } from 'node:crypto'
import type { Fiat } from '../../core/currency.ts'
import { parseAmount } from '../../core/money.ts'
import { isTrusted } from './certificate.ts'
import type { CpnQuote, Jwk } from './model.ts'

/** A quote that says what it was asked for, in minor units. */
export interface Offer {
  quoteId: string
  jwk: Jwk
  /** USDC that it takes, all fees included. */
  usdc: bigint
  /** How much of it is fees. */
  fees: bigint
  fiat: bigint
}

/** What every quote has to agree with. */
export interface Wanted {
  currency: Fiat
  blockchain: string
  paymentMethodType: string
}

const offerOf = (
  quote: CpnQuote,
  { currency, blockchain, paymentMethodType }: Wanted,
  authorities: readonly X509Certificate[],
  nowMs: number,
): Offer | null => {
  const { sourceAmount, destinationAmount, certificate } = quote
  const { totalAmount } = quote.fees
  const usdc = parseAmount(sourceAmount.amount, 'USDC')
  const fees = parseAmount(totalAmount.amount, 'USDC')
  const fiat = parseAmount(destinationAmount.amount, currency)
  if (!usdc || fees === null || !fiat || fees >= usdc) return null
  const agrees =
    sourceAmount.currency === 'USDC' &&
    totalAmount.currency === 'USDC' &&
    destinationAmount.currency === currency &&
    quote.blockchain === blockchain &&
    quote.paymentMethodType === paymentMethodType &&
    Date.parse(quote.quoteExpireDate) > nowMs &&
    isTrusted(certificate, authorities, nowMs)
  const { kty, crv, x, y } = certificate.jwk
  return agrees ? { quoteId: quote.id, jwk: { kty, crv, x, y }, usdc, fees, fiat } : null
}

/** The quotes that agree with what is wanted and have not expired; the others are left out. */
export const offersIn = (
  quotes: readonly CpnQuote[],
  wanted: Wanted,
  authorities: readonly X509Certificate[],
  nowMs: number,
): Offer[] => quotes.flatMap((quote) => offerOf(quote, wanted, authorities, nowMs) ?? [])

/** The offer that pays out exactly that much for the least USDC; null when none does. */
export const cheapest = (offers: readonly Offer[], fiat: bigint): Offer | null =>
  offers
    .filter((offer) => offer.fiat === fiat)
    .reduce<Offer | null>((best, offer) => (best && best.usdc <= offer.usdc ? best : offer), null)
