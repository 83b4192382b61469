import { toJsonInteger } from '../core/money.ts'
import { multiplyDown, type Rate, rateToNumber } from '../core/rate.ts'
import type { RefusalClass } from '../providers/port.ts'
import { feeLines, quoteIdOf, routeOf } from '../quotes/view.ts'
import type { Payment, PaymentSummary } from './model.ts'
import type { PaymentDetail } from './sql/read.ts'
import type { Exception, Status } from './transitions.ts'

const integerOrNull = (amount: bigint | null) => (amount === null ? null : toJsonInteger(amount))
const rateOrNull = (rate: Rate | null) => (rate === null ? null : rateToNumber(rate))
const timeOrNull = (time: Date | null) => time?.toISOString() ?? null

/** What a list shows of a payment. */
export const summaryOf = ({ payment, quote }: Pick<PaymentDetail, 'payment' | 'quote'>): PaymentSummary => ({
  payment_id: payment.id,
  sequence: payment.version,
  quote_id: quoteIdOf(quote.id),
  status: payment.status as Status,
  exception: payment.exception as Exception,
  amount: toJsonInteger(quote.amount),
  currency: quote.fromCurrency,
  guaranteed_payout: toJsonInteger(quote.payout),
  payout_currency: quote.toCurrency,
  paid_out:
    payment.status === 'COMPLETED' && payment.returnedAt === null ? toJsonInteger(quote.payout) : null,
  returned_at: timeOrNull(payment.returnedAt),
  refunded: payment.status === 'REFUNDED' ? toJsonInteger(quote.amount) : null,
  exchange_rate: rateToNumber(quote.rate),
  source_account: payment.sourceAccount,
  destination_account: payment.destinationAccount,
  failure_reason: payment.failureReason,
  created_at: payment.createdAt.toISOString(),
  updated_at: payment.updatedAt.toISOString(),
  settle_by: payment.settleBy.toISOString(),
  completed_at: timeOrNull(payment.endedAt),
})

const executedRate = (legs: PaymentDetail['legs']): number | null => {
  const done = (leg: string) =>
    legs.find((operation) => operation.leg === leg && operation.status === 'done')?.rate
  const [onramp, offramp] = [done('onramp'), done('offramp')]
  return onramp && offramp ? rateToNumber(multiplyDown(onramp, offramp)) : null
}

/** Everything that its owner may know of a payment. */
export const detailOf = (found: PaymentDetail): Payment => {
  const { payment, quote, legs, history } = found
  const { usdcReceived: received, usdcSpent: spent } = payment
  return {
    ...summaryOf(found),
    fees: feeLines(quote),
    executed_rate: executedRate(legs),
    usdc: {
      expected: toJsonInteger(quote.usdcAmount),
      received: integerOrNull(received),
      spent: integerOrNull(spent),
      difference: received === null || spent === null ? null : toJsonInteger(received - spent),
    },
    route: routeOf(quote),
    legs: legs.map((operation) => ({
      leg: operation.leg as 'onramp',
      attempt: operation.attempt,
      provider: operation.provider,
      status: operation.status as 'submitted',
      reference: operation.reference,
      amount: toJsonInteger(operation.amount),
      currency: operation.currency,
      usdc_amount: operation.leg === 'refund' ? null : integerOrNull(operation.settledAmount),
      rate: rateOrNull(operation.rate),
      reason: operation.reason,
      refusal: operation.refusal as RefusalClass | null,
      instructions: operation.status === 'accepted' ? operation.instructions : null,
      submitted_at: operation.submittedAt.toISOString(),
      settled_at: timeOrNull(operation.settledAt),
    })),
    // Attempts and exceptions are audited too, but only a change of state is history to a caller.
    state_history: history
      .filter((entry) => entry.fromStatus !== entry.toStatus)
      .map((entry) => ({
        sequence: entry.version,
        from_status: entry.fromStatus as Status | null,
        to_status: entry.toStatus as Status,
        timestamp: entry.at.toISOString(),
        message: entry.message,
      })),
  }
}
