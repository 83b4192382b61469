import { formatAmount } from '../../core/money.ts'
import type { Chain, Operation } from '../port.ts'
import type { BridgeSettings } from './settings.ts'

/** A request for a transfer, as it is sent and written down. */
export interface TransferRequest {
  on_behalf_of: string
  client_reference_id: string
  amount?: string
  source: Readonly<Record<string, string>>
  destination: Readonly<Record<string, string>>
  features?: { flexible_amount: false }
}

/** The rail that a deposit comes by; dollars have a choice of two. */
export const ONRAMP_RAILS = { USD: null, EUR: 'sepa' } as const

/** The rail that a payout leaves by; dollars have a choice of three. */
export const PAYOUT_RAILS = {
  USD: null,
  EUR: 'sepa',
  MXN: 'spei',
  BRL: 'pix',
  GBP: 'faster_payments',
} as const

export type OnrampCurrency = keyof typeof ONRAMP_RAILS
export type PayoutCurrency = keyof typeof PAYOUT_RAILS

export const isOnrampCurrency = (currency: string): currency is OnrampCurrency =>
  Object.hasOwn(ONRAMP_RAILS, currency)
export const isPayoutCurrency = (currency: string): currency is PayoutCurrency =>
  Object.hasOwn(PAYOUT_RAILS, currency)

/** Who an account is at Bridge: a customer, and one of the customer's external accounts where it can be paid. */
export interface Party {
  customer: string
  externalAccount: string | null
}

const LINK = /^([^/\s]+)(?:\/([^/\s]+))?$/

/** Reads a link, `customer` or `customer/external account`. Null for any other text. */
export const parseLink = (link: string): Party | null => {
  const [match, customer = '', externalAccount] = LINK.exec(link) ?? []
  return match === undefined ? null : { customer, externalAccount: externalAccount ?? null }
}

const lower = (currency: string): string => currency.toLowerCase()

const deposit = (
  { key, amount, currency, chain }: Operation,
  { customer }: Party,
  { usdDepositRail }: BridgeSettings,
  wallets: Readonly<Partial<Record<Chain, string>>>,
): TransferRequest | null => {
  const wallet = wallets[chain]
  if (!wallet || !isOnrampCurrency(currency)) return null
  return {
    on_behalf_of: customer,
    client_reference_id: key,
    amount: formatAmount(amount, currency),
    source: { payment_rail: ONRAMP_RAILS[currency] ?? usdDepositRail, currency: lower(currency) },
    destination: { payment_rail: chain, currency: 'usdc', to_address: wallet },
    // A deposit of another amount is to be sent back, not to be taken as the payment.
    features: { flexible_amount: false },
  }
}

const payout = (
  { key, amount, currency }: Operation,
  { customer, externalAccount }: Party,
  { payouts }: BridgeSettings,
): TransferRequest | null => {
  if (!payouts || !externalAccount || !isPayoutCurrency(currency)) return null
  const text = formatAmount(amount, currency)
  const to = {
    payment_rail: PAYOUT_RAILS[currency] ?? payouts.usdRail,
    currency: lower(currency),
    external_account_id: externalAccount,
  }
  const common = {
    on_behalf_of: customer,
    client_reference_id: key,
    source: { payment_rail: 'bridge_wallet', currency: 'usdc', bridge_wallet_id: payouts.walletId },
  }
  // Fixed outputs are not documented for dollars; there USDC is exchanged one to one, so that both sides are the amount.
  return currency === 'USD'
    ? { ...common, amount: text, destination: to }
    : { ...common, destination: { ...to, amount: text } }
}

/** The transfer that carries out the operation; null when Bridge cannot do it for this party, currency or chain. */
export const requestFor = (
  operation: Operation,
  party: Party,
  settings: BridgeSettings,
  wallets: Readonly<Partial<Record<Chain, string>>>,
): TransferRequest | null =>
  operation.leg === 'onramp'
    ? deposit(operation, party, settings, wallets)
    : payout(operation, party, settings)
