import type { Currency } from '../core/currency.ts'

// Written from the API's documentation and not imported from its domains: the demo is a stranger to them.

/** Amounts are minor units. */
export interface Quote {
  quote_id: string
  amount: number
  currency: Currency
  exchange_rate: number
  fees: { platform_fee: number; onramp_fee: number; offramp_fee: number; total_fees: number }
  guaranteed_payout: number
  payout_currency: Currency
  expires_at: string
  valid_for_seconds: number
  rate_source: 'live' | 'cached' | 'fallback'
  provider: string
  route: { chain: string; onramp: string; offramp: string }
}

/** One of a payment's effects. */
export interface Leg {
  leg: 'onramp' | 'offramp' | 'refund'
  status: 'submitted' | 'accepted' | 'done' | 'refused'
  amount: number
  currency: Currency
}

/** A payment with its legs, as far as the demo reads it. */
export interface Payment {
  payment_id: string
  status: string
  amount: number
  currency: Currency
  exchange_rate: number
  executed_rate: number | null
  usdc: { received: number | null; spent: number | null; difference: number | null }
  legs: Leg[]
  created_at: string
  completed_at: string | null
  failure_reason: string | null
}

/** One event of a payment's stream. */
export interface Transition {
  sequence: number
  from_status: string | null
  to_status: string
  message: string
  timestamp: string
}

/** The body of a webhook, as far as the demo reads it. */
export interface WebhookEvent {
  type: string
  data: { payment_id: string; sequence: number; status: string; guaranteed_payout: number }
}

/** A registered webhook endpoint; only the registration tells the secret. */
export interface Endpoint {
  id: string
  url: string
  secret: string
}
