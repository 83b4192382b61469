import { DemoFailure } from './failure.ts'
import type { Payment, Quote, Transition, WebhookEvent } from './wire.ts'

/** How the payment ended, in minor units. */
export interface Outcome {
  quote: Quote
  payment: Payment
  paidOut: bigint
  executedRate: number
  /** USDC that the platform received less what it spent: negative is a loss. */
  carried: bigint
  tookMs: number
  webhooks: number
}

const demand: (holds: boolean, otherwise: string) => asserts holds = (holds, otherwise) => {
  if (!holds) throw new DemoFailure(otherwise)
}

/** Sequences of the changes that must each be announced by a webhook. */
export const announced = (changes: readonly Transition[]): number[] =>
  changes.filter((change) => change.from_status !== change.to_status).map(({ sequence }) => sequence)

/** What came of the quote. Throws DemoFailure when it is not what was promised. */
export const outcomeOf = (
  quote: Quote,
  payment: Payment,
  changes: readonly Transition[],
  events: readonly WebhookEvent[],
): Outcome => {
  const reason = payment.failure_reason ? ` (${payment.failure_reason})` : ''
  demand(payment.status === 'COMPLETED', `the payment ended as ${payment.status}${reason}, not COMPLETED`)

  const missing = announced(changes).filter((each) => !events.some(({ data }) => data.sequence === each))
  const names = missing.map((each) => changes.find(({ sequence }) => sequence === each)?.to_status)
  demand(missing.length === 0, `no verified webhook arrived for ${names.join(', ')}`)
  const final = events.find(({ type }) => type === 'payment.completed')
  demand(final !== undefined, 'no verified payment.completed webhook arrived')

  const paid = payment.legs.find(({ leg, status }) => leg === 'offramp' && status === 'done')
  demand(paid !== undefined, 'the payment is COMPLETED, but no off-ramp is done')
  const same = paid.amount === quote.guaranteed_payout && paid.currency === quote.payout_currency
  demand(
    same,
    `the payee got ${paid.amount} ${paid.currency}, the quote promised ${quote.guaranteed_payout} ${quote.payout_currency}`,
  )
  demand(
    final.data.guaranteed_payout === quote.guaranteed_payout,
    'the webhook names another payout than the quote',
  )
  demand(payment.exchange_rate === quote.exchange_rate, 'the payment has another locked rate than the quote')

  const { received, spent } = payment.usdc
  const { executed_rate: executedRate, completed_at: completedAt } = payment
  const missingFigures = 'the payment is COMPLETED, but its figures are not'
  demand(received !== null && spent !== null, missingFigures)
  demand(executedRate !== null && completedAt !== null, missingFigures)
  return {
    quote,
    payment,
    paidOut: BigInt(paid.amount),
    executedRate,
    carried: BigInt(received) - BigInt(spent),
    tookMs: Date.parse(completedAt) - Date.parse(payment.created_at),
    webhooks: events.length,
  }
}
