import { type Fiat, minorUnitsPerMajor } from '../../core/currency.ts'
import { divFloor, parseAmount } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Operation, Outcome } from '../port.ts'
import type { CpnClient } from './client.ts'
import type { Journal, Signed } from './journal.ts'
import type { CpnPayment } from './model.ts'
import { refused } from './refusals.ts'
import {
  meaningOf,
  PAYMENT_FAILURES,
  REFUND_STATES,
  TRANSACTION_FAILURES,
  TRANSACTION_STATES,
} from './states.ts'

export interface EndingDeps {
  client: CpnClient
  journal: Journal
  log: Logger
  now(): number
}

export type Ending = ReturnType<typeof createEnding>

const unknown = (message: string): Outcome => ({ kind: 'unknown', message })

/** Fiat per USDC of a payout, rounded down. */
const rateOf = (fiat: bigint, currency: Fiat, usdc: bigint): Rate =>
  divFloor(fiat * RATE_UNITS * minorUnitsPerMajor('USDC'), usdc * minorUnitsPerMajor(currency)) as Rate

/** Whether CPN says of the payment that it has taken USDC for it, or is about to. */
export const isFunded = ({ onChainTransactions }: CpnPayment): boolean =>
  (onChainTransactions ?? []).some(({ status }) => {
    const state = meaningOf(TRANSACTION_STATES, status)
    return state !== 'unsigned' && state !== 'failed'
  })

/** What payments that have ended come to. */
export const createEnding = ({ client, journal, log, now }: EndingDeps) => {
  /** Whether the permit has been used for a payment that failed: never, not any more, or that cannot be told yet. */
  const useOf = async (
    payment: CpnPayment,
    { transactionId, deadlineMs }: Signed,
    signal: AbortSignal,
  ): Promise<'none' | 'none_yet' | 'used' | 'unclear'> => {
    const transaction = await client.transaction(payment.id, transactionId, signal)
    const state = meaningOf(TRANSACTION_STATES, transaction.status)
    if (isFunded(payment) || state === 'taken' || state === 'under_way') return 'used'
    const failure = transaction.failureReason ?? ''
    if (state === null || (state === 'failed' && meaningOf(TRANSACTION_FAILURES, failure) !== 'no'))
      return 'unclear'
    return now() > deadlineMs ? 'none' : 'none_yet'
  }

  const returned = (operation: Operation, payment: CpnPayment, { amount }: Signed): void => {
    const back = (payment.refunds ?? [])
      .filter(({ status }) => meaningOf(REFUND_STATES, status) === 'returned')
      .reduce((sum, refund) => sum + ((refund.amount && parseAmount(refund.amount.amount, 'USDC')) ?? 0n), 0n)
    // What the chain and the paying institution kept is ours to bear; treasury has to know.
    if (back !== amount)
      log.warn(
        {
          payment_id: operation.paymentId,
          cpn_payment: payment.id,
          signed: `${amount}`,
          returned: `${back}`,
        },
        'cpn gave back another amount of USDC than was signed for',
      )
  }

  return {
    /** A payment whose fiat was sent; unknown when its numbers are not those of the operation. */
    paidOut: (operation: Operation, payment: CpnPayment, decision: Signed | null): Outcome => {
      const { amount, currency } = operation
      const { destinationAmount, sourceAmount, refunds } = payment
      if (!decision) return unknown('it was paid out without our signature')
      if (refunds && refunds.length > 0) return unknown('it was paid out and given back')
      const usdc = parseAmount(sourceAmount.amount, 'USDC')
      const reconciles =
        destinationAmount.currency === currency &&
        parseAmount(destinationAmount.amount, currency) === amount &&
        sourceAmount.currency === 'USDC' &&
        usdc !== null &&
        usdc >= decision.amount
      if (!reconciles) return unknown('it was paid out with other amounts than were agreed')
      return {
        kind: 'done',
        reference: payment.id,
        settled: {
          amount: decision.amount,
          currency: 'USDC',
          fiat: amount,
          rate: rateOf(amount, currency, decision.amount),
        },
      }
    },

    /** A payment that failed: refused as soon as it is certain that our USDC never left or came back. */
    failed: async (
      operation: Operation,
      payment: CpnPayment,
      decision: Signed | null,
      signal: AbortSignal,
    ): Promise<Outcome> => {
      const { id, failureReason, failureCode } = payment
      const reason = meaningOf(PAYMENT_FAILURES, failureReason ?? 'OTHER')
      if (!reason) return unknown(`it failed with ${failureReason} ${failureCode ?? ''}`)
      const refusal = { ...refused(reason), reference: id }
      const pending: Outcome = { kind: 'accepted', reference: id }
      if (!decision) {
        const held = await journal.decide(operation, refusal)
        return held.kind === 'refused' ? held : pending
      }
      const refunds = (payment.refunds ?? []).map(({ status }) => meaningOf(REFUND_STATES, status))
      if (refunds.includes(null)) return unknown('its refund is in a state that is not documented')
      if (refunds.includes('returned')) {
        returned(operation, payment, decision)
        return refusal
      }
      if (refunds.includes('under_way')) return pending
      if (refunds.includes('stuck')) return unknown('its refund failed; the USDC has to be claimed by hand')
      const use = await useOf(payment, decision, signal)
      if (use === 'none') return refusal
      if (use === 'none_yet') return { ...pending, checkAfterMs: decision.deadlineMs - now() + 1_000 }
      if (use === 'unclear') return unknown('it failed, and whether its USDC was taken is unclear')
      return pending
    },
  }
}
