import { type Currency, type Fiat, minorUnitsPerMajor } from '../../core/currency.ts'
import { divFloor, formatAmount, parseAmount } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import type { Chain, Operation, Settled } from '../port.ts'
import type { Ends } from './parties.ts'
import type { Preview } from './shapes.ts'

/** A transfer as we ask for it. */
export interface NewTransfer {
  source: { accountId: string; asset: string }
  target: { asset: string } & (
    | { accountId: string }
    | { paymentMethodId: string }
    | { address: string; network: string }
  )
  amount: string
  asset: string
  amountType: 'source' | 'target'
  execute: false
  metadata?: Record<string, string>
}

/** The names in a transfer's metadata by which it is known to be ours. */
export const OPERATION_NAME = 'ratelock_operation'
export const LEG_NAME = 'ratelock_leg'

/** How Coinbase writes a currency. */
export const assetOf = (currency: Currency): string => currency.toLowerCase()

/** What a transfer has to be: one side exactly so much, between two ends. */
export interface Order {
  ends: Ends
  from: Currency
  to: Currency
  /** The side whose amount is given; the other one floats. */
  exact: 'source' | 'target'
  /** Minor units of the exact side. */
  amount: bigint
  /** Minor units that the source may give at most. */
  most: bigint
}

/** What an operation asks for: on-ramps give exactly its amount, off-ramps and refunds deliver exactly that. */
export const orderOf = ({ leg, currency, amount, mostUsdc }: Operation, ends: Ends): Order =>
  leg === 'onramp'
    ? { ends, from: currency, to: 'USDC', exact: 'source', amount, most: amount }
    : { ends, from: 'USDC', to: currency, exact: 'target', amount, most: mostUsdc }

const targetOf = (id: string, asset: string, network: Chain): NewTransfer['target'] => {
  if (id.startsWith('paymentMethod_')) return { paymentMethodId: id, asset }
  if (id.startsWith('account_')) return { accountId: id, asset }
  return { address: id, network, asset }
}

/** The request that places an order, always as a quote; `network` is where an address is. */
export const requestOf = (order: Order, network: Chain): NewTransfer => {
  const { ends, from, to, exact, amount } = order
  const currency = exact === 'source' ? from : to
  return {
    source: { accountId: ends.source, asset: assetOf(from) },
    target: targetOf(ends.target, assetOf(to), network),
    amount: formatAmount(amount, currency),
    asset: assetOf(currency),
    amountType: exact,
    execute: false,
  }
}

/** Addresses on EVM chains may come back in the case of their checksum. */
const sameEnd = (asked: string, answered: string | undefined): boolean =>
  asked.startsWith('0x') ? asked.toLowerCase() === answered?.toLowerCase() : asked === answered

/**
 * Minor units that the source gives, fees included, and that the target gets. Null unless the transfer is exactly what
 * was ordered, with fees in its own two assets alone: what is charged elsewhere would be in no one's books.
 */
export const amountsOf = (transfer: Preview, order: Order): { given: bigint; received: bigint } | null => {
  const { ends, from, to, exact, amount } = order
  const { source, target, sourceAsset, targetAsset, sourceAmount, targetAmount, fees = [] } = transfer
  const assets = [assetOf(from), assetOf(to)]
  if (sourceAsset !== assets[0] || targetAsset !== assets[1]) return null
  if (!sameEnd(ends.source, source.accountId)) return null
  if (!sameEnd(ends.target, target.paymentMethodId ?? target.accountId ?? target.address)) return null
  if (fees.some(({ asset }) => !assets.includes(asset))) return null
  const given = parseAmount(sourceAmount ?? '', from)
  const received = parseAmount(targetAmount ?? '', to)
  if (!given || !received) return null
  return (exact === 'source' ? given : received) === amount ? { given, received } : null
}

/** Whether a quote can be executed as it is: of exact amounts, none of them an estimate, at a price that can be meant. */
export const isFit = (quote: Preview, order: Order): boolean => {
  const amounts = amountsOf(quote, order)
  return quote.estimate === undefined && amounts !== null && amounts.given <= order.most
}

/** Units of `to` for one unit of `from`, rounded down. */
const ratio = (received: bigint, to: Currency, given: bigint, from: Currency): Rate =>
  divFloor(received * RATE_UNITS * minorUnitsPerMajor(from), given * minorUnitsPerMajor(to)) as Rate

/** What a completed transfer settled; null when its numbers are not what was ordered. */
export const settledOf = (transfer: Preview, order: Order, { leg, currency }: Operation): Settled | null => {
  const amounts = amountsOf(transfer, order)
  if (!amounts) return null
  const { given, received } = amounts
  const fiat: Fiat = currency
  if (leg === 'refund') return { amount: received, currency: fiat, fiat: received, rate: RATE_UNITS as Rate }
  const rate = ratio(received, order.to, given, order.from)
  return leg === 'onramp'
    ? { amount: received, currency: 'USDC', fiat: given, rate }
    : { amount: given, currency: 'USDC', fiat: received, rate }
}
