import type { Payment, Quote, Transition, WebhookEvent } from '../../src/demo/wire.ts'

export const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString()

export const QUOTE: Quote = {
  quote_id: 'quote_a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  amount: 100_000,
  currency: 'USD',
  exchange_rate: 0.92049,
  fees: { platform_fee: 2100, onramp_fee: 1050, offramp_fee: 1575, total_fees: 4725 },
  guaranteed_payout: 87_699,
  payout_currency: 'EUR',
  expires_at: at(60),
  valid_for_seconds: 60,
  rate_source: 'fallback',
  provider: 'sandbox_a',
  route: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
}

const PAYMENT_ID = '01a20896-5956-74ca-98b8-94bfbfa5c3f4'

const change = (sequence: number, from: string | null, to: string, seconds: number): Transition => ({
  sequence,
  from_status: from,
  to_status: to,
  message: `Now ${to}`,
  timestamp: at(seconds),
})

export const CHANGES: Transition[] = [
  change(1, null, 'PENDING', 0),
  change(2, 'PENDING', 'ONRAMP_PENDING', 0.1),
  change(3, 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 10.1),
  change(4, 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 10.2),
  change(5, 'OFFRAMP_PENDING', 'COMPLETED', 20.2),
]
/** What happens when the payout fails and the payer is refunded. */
export const REFUND: Transition[] = [
  ...CHANGES.slice(0, 4),
  change(5, 'OFFRAMP_PENDING', 'OFFRAMP_PENDING', 11),
  change(6, 'OFFRAMP_PENDING', 'REFUND_PENDING', 12),
  change(7, 'REFUND_PENDING', 'REFUNDED', 13),
]

const ENDS: Record<string, string> = { PENDING: 'payment.created', COMPLETED: 'payment.completed' }

export const EVENTS: WebhookEvent[] = CHANGES.map(({ sequence, to_status }) => ({
  type: ENDS[to_status] ?? 'payment.updated',
  data: { payment_id: PAYMENT_ID, sequence, status: to_status, guaranteed_payout: 87_699 },
}))

export const PAYMENT: Payment = {
  payment_id: PAYMENT_ID,
  status: 'COMPLETED',
  amount: 100_000,
  currency: 'USD',
  exchange_rate: 0.92049,
  executed_rate: 0.9194327082,
  usdc: { received: 952_750_000, spent: 953_838_158, difference: -1_088_158 },
  legs: [
    { leg: 'onramp', status: 'done', amount: 95_275, currency: 'USD' },
    { leg: 'offramp', status: 'done', amount: 87_699, currency: 'EUR' },
  ],
  created_at: at(0),
  completed_at: at(20.2),
  failure_reason: null,
}
