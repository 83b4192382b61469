import type { PaymentSummary } from '../model.ts'

const PAYMENT: PaymentSummary = {
  payment_id: 'd910ce80-3f54-46bf-a1b0-256234c6c08a',
  sequence: 2,
  quote_id: 'quote_a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  status: 'ONRAMP_PENDING',
  exception: 'none',
  amount: 100_000,
  currency: 'USD',
  guaranteed_payout: 87_699,
  payout_currency: 'EUR',
  paid_out: null,
  returned_at: null,
  refunded: null,
  exchange_rate: 0.92049,
  source_account: 'user123',
  destination_account: 'merchant456',
  failure_reason: null,
  created_at: '2026-11-23T12:00:00.000Z',
  updated_at: '2026-11-23T12:00:01.000Z',
  settle_by: '2026-11-23T14:00:00.000Z',
  completed_at: null,
}

const TRANSITION = {
  payment_id: PAYMENT.payment_id,
  from_status: 'PENDING',
  to_status: 'ONRAMP_PENDING',
  exception: 'none',
  message: 'On-ramp transfer initiated',
  timestamp: PAYMENT.updated_at,
  sequence: 2,
}

const written = (id: number, event: string, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** What a stream of all payments may look like. */
export const ACCOUNT_STREAM = [
  written(4711, 'ready', {}),
  written(4711, 'payment', PAYMENT),
  written(4713, 'heartbeat', {}),
  written(9120, 'reload', {}),
].join('')

/** What the stream of one payment may look like. */
export const PAYMENT_STREAM = written(2, 'transition', TRANSITION)
