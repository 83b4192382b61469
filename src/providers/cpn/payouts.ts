import type { Logger } from '../../telemetry/logger.ts'
import { byKeyAge } from '../adapter.ts'
import type { Operation, Outcome } from '../port.ts'
import type { CpnClient } from './client.ts'
import type { Ending } from './ending.ts'
import type { Funding } from './funding.ts'
import type { Attempt, Decision, Journal, Refusal, Signed } from './journal.ts'
import type { CpnPayment } from './model.ts'
import type { Payments } from './payments.ts'
import { refused } from './refusals.ts'
import { meaningOf, PAYMENT_STATES, RFI_STATES } from './states.ts'

/** CPN does not say for how long it remembers a key; this is what such interfaces promise at least. */
const KEY_LIFE_MS = 86_400_000

export interface PayoutsDeps {
  client: CpnClient
  journal: Journal
  payments: Payments
  funding: Funding
  ending: Ending
  log: Logger
  serves(operation: Operation): boolean
}

const isRefused = (made: CpnPayment | Refusal): made is Refusal => 'kind' in made

/** Carries payouts from one step to the next. Each call may be repeated, and made by several processes at once. */
export const createPayouts = (deps: PayoutsDeps) => {
  const { client, journal, payments, funding, ending, log, serves } = deps

  const decline = async (operation: Operation, refusal: Refusal): Promise<Outcome> => {
    const decision = await journal.decide(operation, refusal)
    return decision.kind === 'refused'
      ? decision
      : { kind: 'unknown', message: 'it was signed for by another process meanwhile' }
  }

  const review = ({ id, activeRfi }: CpnPayment, operation: Operation): Outcome => {
    const turn = activeRfi ? meaningOf(RFI_STATES, activeRfi.status) : 'nobody'
    if (turn === null)
      return { kind: 'unknown', message: `a request for information is ${activeRfi?.status}` }
    if (turn === 'ours')
      log.warn(
        { payment_id: operation.paymentId, cpn_payment: id, rfi: activeRfi?.id },
        'cpn waits for information that somebody has to give by hand',
      )
    return { kind: 'accepted', reference: id }
  }

  const follow = async (
    operation: Operation,
    attempt: Attempt,
    payment: CpnPayment,
    decision: Signed | null,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    switch (meaningOf(PAYMENT_STATES, payment.status)) {
      case 'in_review':
        return review(payment, operation)
      case 'awaits_usdc':
        return funding.fund(operation, attempt, payment, decision, signal)
      case 'paying_out':
        return { kind: 'accepted', reference: payment.id }
      case 'paid_out':
        return ending.paidOut(operation, payment, decision)
      case 'failed':
        return ending.failed(operation, payment, decision, signal)
      default:
        return { kind: 'unknown', message: `payment ${payment.id} is in the state ${payment.status}` }
    }
  }

  /** The payment of an attempt as far as CPN has one. */
  const known = (operation: Operation, attempt: Attempt, signal: AbortSignal) =>
    attempt.paymentId ? client.payment(attempt.paymentId, signal) : payments.find(operation, attempt, signal)

  const isSigned = (decision: Decision | null): decision is Signed | null => decision?.kind !== 'refused'

  return {
    /** Begins the payout, or carries it on. */
    initiate: async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
      const progress = await journal.progress(operation)
      const { attempt, decision } = progress
      if (!isSigned(decision)) return decision
      if (!serves(operation)) return decline(operation, refused('route'))
      const payment = attempt ? await known(operation, attempt, signal) : null
      if (attempt && payment) return follow(operation, attempt, payment, decision, signal)
      const age = byKeyAge(operation, KEY_LIFE_MS)
      if (age.kind === 'unknown') return age
      const made = await payments.establish(operation, progress, signal)
      if (isRefused(made)) return decline(operation, made)
      const { attempt: paid, decision: decided } = await journal.progress(operation)
      if (!isSigned(decided)) return decided
      if (!paid) throw new Error('the payment was not written down')
      return follow(operation, paid, made, decided, signal)
    },

    /** What became of the payout; carries it on where it waits for us. */
    status: async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
      const { attempt, decision } = await journal.progress(operation)
      if (!isSigned(decision)) return decision
      const payment = attempt ? await known(operation, attempt, signal) : null
      return attempt && payment
        ? follow(operation, attempt, payment, decision, signal)
        : byKeyAge(operation, KEY_LIFE_MS)
    },
  }
}
