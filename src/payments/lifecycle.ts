import { derivedUuid } from '../core/ids.ts'
import type { Terms } from '../ledger/postings.ts'
import type {
  Chain,
  Instructions,
  Leg,
  Operation,
  Outcome,
  RefusalClass,
  Settled,
  Speed,
} from '../providers/port.ts'
import { pauseAfter, refusalsOf, type Successor, successorOf } from './succession.ts'
import { type Event, type Exception, isTerminal, type Status, transition } from './transitions.ts'

/** A journalled provider operation, as far as decisions need it. */
export interface JournalEntry {
  leg: Leg
  attempt: number
  provider: string
  status: 'submitted' | 'accepted' | 'done' | 'refused'
  /** Why it was refused. */
  refusal: RefusalClass | null
  reference: string | null
  /** Milliseconds since the provider's last new answer, or since the submission. */
  waitedMs: number
  /** Milliseconds since the submission. */
  ageMs: number
}

/** A payment as a step sees it: its row, its quote's terms and its journal. */
export interface PaymentState extends Terms {
  accountId: string
  id: string
  status: Status
  exception: Exception
  version: number
  /** Attempt within the present leg, 0 before the first. */
  attempt: number
  /** USDC minor units that the on-ramp delivered; null before that. */
  usdcReceived: bigint | null
  chain: Chain
  speed: Speed
  /** The quote's providers, which are asked first. */
  onrampProvider: string
  offrampProvider: string
  sourceAccount: string
  destinationAccount: string
  /** Judged by the database's clock. */
  pastSettleBy: boolean
  /** Milliseconds since the payment last changed. */
  sinceMs: number
  /** Whether the payout has come back after it was done. */
  returned: boolean
  journal: readonly JournalEntry[]
}

/** Who may serve a leg, best first, and who must be left alone for now. */
export interface Choice {
  ranked: readonly string[]
  resting: ReadonlySet<string>
}

/** What a payment needs next. */
export type Move =
  | { kind: 'rest' }
  | { kind: 'submit'; provider: string; operation: Operation }
  | { kind: 'inquire'; provider: string; operation: Operation; waitedMs: number }
  | { kind: 'poll'; provider: string; operation: Operation; waitedMs: number }
  /** Whether a payout that was done still stands. */
  | { kind: 'recheck'; provider: string; operation: Operation }
  | { kind: 'wait' }
  | { kind: 'give_up'; leg: Leg }

/** Change of a journal row. */
export interface JournalPatch {
  leg: Leg
  attempt: number
  status: JournalEntry['status']
  reference: string | null
  settled: Settled | null
  reason: string | null
  refusal: RefusalClass | null
  instructions: Instructions | null
}

/** What an outcome changes. Nothing is written when `changed` is false; the next step is due after the delay. */
export interface Effect {
  changed: boolean
  /** What led to another state; null when the state stays. */
  event: Event | null
  to: Status
  exception: Exception
  message: string
  provider: string | null
  patch: JournalPatch | null
  failureReason: string | null
  /** The payout has come back. */
  returned: boolean
  /** Milliseconds until the next step; null ends the payment. */
  nextMs: number | null
}

/** Pauses between steps, in milliseconds. */
export interface Timing {
  firstPollMs: number
  pollMinMs: number
  pollMaxMs: number
  retryMinMs: number
  retryMaxMs: number
  /** About what a provider's breaker rests. */
  restMs: number
  /** Between tries of something that a person should look at. */
  reviewMs: number
}

const LEG_OF: Record<Status, Leg | null> = {
  PENDING: 'onramp',
  ONRAMP_PENDING: 'onramp',
  ONRAMP_COMPLETE: 'offramp',
  OFFRAMP_PENDING: 'offramp',
  REFUND_PENDING: 'refund',
  COMPLETED: null,
  FAILED: null,
  CANCELLED: null,
  REFUNDED: null,
}

/** The leg that a payment in this state is in, null when it has ended. */
export const legOf = (status: Status): Leg | null => LEG_OF[status]

/**
 * What a payout may cost at most, as a share of what was quoted for it. The lock is kept through any real market; a
 * provider that wants a tenth more has mistaken the price, or we the payment.
 */
const MOST_COST_PERCENT = 110n

/** The operation that an attempt stands for; equal inputs give an equal operation, its key included. */
export const operationOf = (
  payment: PaymentState,
  leg: Leg,
  attempt: number,
  journalled?: JournalEntry,
): Operation => ({
  accountId: payment.accountId,
  paymentId: payment.id,
  key: derivedUuid(payment.id, leg, attempt),
  leg,
  attempt,
  // A refund undoes exactly what the on-ramp was given. The fees never left us: only a completed payment pays them.
  amount: leg === 'offramp' ? payment.payout : payment.net,
  currency: leg === 'offramp' ? payment.payoutCurrency : payment.currency,
  chain: payment.chain,
  speed: payment.speed,
  mostUsdc: ((payment.usdcReceived ?? payment.usdcAmount) * MOST_COST_PERCENT) / 100n,
  sourceAccount: payment.sourceAccount,
  destinationAccount: payment.destinationAccount,
  undoes: leg === 'refund' ? (onramped(payment)?.reference ?? null) : null,
  reference: journalled?.reference ?? null,
  sentBefore: journalled !== undefined,
  ageMs: journalled?.ageMs ?? 0,
})

const onramped = (payment: PaymentState): JournalEntry | undefined =>
  payment.journal.find((entry) => entry.leg === 'onramp' && entry.status === 'done')

/** A completed payment is looked at only when somebody has reason to: a bank may send a payout back days later. */
const recheck = (payment: PaymentState): Move => {
  const paid = payment.journal.find((entry) => entry.leg === 'offramp' && entry.status === 'done')
  if (!paid || payment.returned) return { kind: 'rest' }
  const operation = operationOf(payment, 'offramp', paid.attempt, paid)
  return { kind: 'recheck', provider: paid.provider, operation }
}

/** What a second look at a payout comes to: nothing, unless it has come back. */
const settleRecheck = (payment: PaymentState, provider: string, outcome: Outcome | null): Effect => {
  if (outcome?.kind !== 'refused') return unchanged(payment, null)
  const reason = `The payout came back from ${provider}: ${outcome.message}`
  return {
    ...unchanged(payment, null),
    changed: true,
    exception: 'needs_review',
    message: reason,
    provider,
    failureReason: reason,
    returned: true,
  }
}

/** Decides the next move from the payment alone; calling it twice for the same state gives the same move. */
export const decide = (payment: PaymentState, choice: Choice): Move => {
  if (payment.status === 'COMPLETED') return recheck(payment)
  const leg = LEG_OF[payment.status]
  if (!leg) return { kind: 'rest' }
  const open = payment.journal.find((entry) => entry.leg === leg && entry.attempt === payment.attempt)
  if (open && open.status !== 'refused') {
    const operation = operationOf(payment, leg, open.attempt, open)
    const kind = open.status === 'submitted' ? 'inquire' : 'poll'
    return { kind, provider: open.provider, operation, waitedMs: open.waitedMs }
  }
  const successor: Successor =
    leg === 'refund'
      ? { kind: 'next', names: [onramped(payment)?.provider ?? ''] }
      : successorOf(choice, refusalsOf(payment, leg), payment)
  if (successor.kind === 'nobody') return { kind: 'give_up', leg }
  const provider = successor.names.find((name) => !choice.resting.has(name))
  if (!provider) return { kind: 'wait' }
  return { kind: 'submit', provider, operation: operationOf(payment, leg, payment.attempt + 1) }
}

/** A step that changes nothing; the next one is due after `nextMs`, null for none of its own. */
export const unchanged = (payment: PaymentState, nextMs: number | null): Effect => ({
  changed: false,
  event: null,
  to: payment.status,
  exception: payment.exception,
  message: '',
  provider: null,
  patch: null,
  failureReason: null,
  returned: false,
  nextMs,
})

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max)

/** What giving up a leg, or its last refusal, means in each state. */
const EXHAUSTED: Partial<Record<Status, Event>> = {
  PENDING: 'onramp_refused',
  ONRAMP_PENDING: 'onramp_failed',
  ONRAMP_COMPLETE: 'offramp_refused',
  OFFRAMP_PENDING: 'offramp_exhausted',
}

const ACCEPTED: Partial<Record<Status, Event>> = {
  PENDING: 'onramp_accepted',
  ONRAMP_COMPLETE: 'offramp_accepted',
}

const SETTLED: Partial<Record<Status, Event>> = {
  ONRAMP_PENDING: 'onramp_settled',
  OFFRAMP_PENDING: 'offramp_settled',
  REFUND_PENDING: 'refund_settled',
}

/** Turns what is now known into the change that must be committed. Pure; `timing` gives the pauses. */
export const settle = (
  payment: PaymentState,
  move: Move,
  outcome: Outcome | null,
  choice: Choice,
  timing: Timing,
): Effect => {
  const effect = (change: Omit<Partial<Effect>, 'event'> & { event?: Event | undefined }): Effect => {
    const made = change.event ? transition(payment.status, change.event) : null
    const to = made?.to ?? payment.status
    const ended = isTerminal(to)
    const exception = ended ? 'none' : (change.exception ?? (payment.pastSettleBy ? 'overdue' : 'none'))
    return {
      message: change.message ?? made?.message ?? '',
      provider: null,
      patch: null,
      failureReason: null,
      returned: false,
      ...change,
      event: made?.event ?? null,
      to,
      exception,
      nextMs: ended ? null : (change.nextMs ?? 0),
      changed: made !== null || change.patch != null || exception !== payment.exception,
    }
  }
  if (move.kind === 'rest') return unchanged(payment, null)
  if (move.kind === 'recheck') return settleRecheck(payment, move.provider, outcome)
  // Capped, so that whoever shortens the pauses between tries shortens this one too.
  const { restMs } = timing
  if (move.kind === 'wait')
    return effect({
      message: 'Every provider is resting after errors',
      nextMs: restMs,
      // Nothing was asked, so nothing has become better.
      ...(payment.exception === 'needs_review' ? { exception: 'needs_review' as const } : {}),
    })
  if (move.kind === 'give_up') {
    const asked = refusalsOf(payment, move.leg).length > 0
    const reason = asked ? 'no provider was available in time' : 'no provider can serve this leg'
    return effect({ event: EXHAUSTED[payment.status], failureReason: reason })
  }
  const { provider, operation } = move
  const { leg, attempt } = operation
  const patch = (status: JournalEntry['status'], more: Partial<JournalPatch> = {}): JournalPatch => ({
    leg,
    attempt,
    status,
    reference: null,
    settled: null,
    reason: null,
    refusal: null,
    instructions: null,
    ...more,
  })
  const known = outcome ?? { kind: 'unknown', message: 'no answer' }

  if (known.kind === 'not_sent') {
    // Nothing was learned: what was unknown stays so, and a person looks at it once it is late.
    const unsure = payment.exception === 'provider_unknown' || payment.exception === 'needs_review'
    return effect({
      provider,
      message: `${provider} is resting after errors`,
      nextMs: restMs,
      ...(unsure ? { exception: payment.pastSettleBy ? 'needs_review' : payment.exception } : {}),
    })
  }

  if (known.kind === 'unknown' || known.kind === 'not_found') {
    const waited = move.kind === 'submit' ? 0 : move.waitedMs
    return effect({
      provider,
      exception:
        payment.pastSettleBy || payment.exception === 'needs_review' ? 'needs_review' : 'provider_unknown',
      // Constant, because customers read it: the cause is in the log.
      message: `Outcome at ${provider} is not known yet; asking again`,
      nextMs: clamp(waited / 2, timing.retryMinMs, timing.retryMaxMs),
    })
  }

  if (known.kind === 'refused') {
    const refusal = {
      provider,
      patch: patch('refused', {
        reason: known.message,
        refusal: known.reason,
        reference: known.reference ?? null,
      }),
    }
    if (leg === 'refund') {
      const message = `Refund refused by ${provider}: ${known.message}`
      return effect({ ...refusal, exception: 'needs_review', message, nextMs: timing.reviewMs })
    }
    const refusals = [...refusalsOf(payment, leg), { provider, refusal: known.reason }]
    const { kind: successor } = successorOf(choice, refusals, payment)
    if (successor === 'nobody' || payment.status === 'ONRAMP_PENDING')
      return effect({ ...refusal, event: EXHAUSTED[payment.status], failureReason: known.message })
    const [pause, words] =
      successor === 'next'
        ? [0, 'trying the next provider']
        : [pauseAfter(refusals.length, timing), 'trying again']
    if (payment.status === 'OFFRAMP_PENDING')
      return effect({ ...refusal, event: 'offramp_failed', nextMs: pause })
    return effect({ ...refusal, message: `${provider} refused: ${known.message}; ${words}`, nextMs: pause })
  }

  if (move.kind === 'poll') {
    if (known.kind === 'accepted')
      return effect({
        provider,
        nextMs: known.checkAfterMs ?? clamp(move.waitedMs / 10, timing.pollMinMs, timing.pollMaxMs),
      })
    return effect({
      event: SETTLED[payment.status],
      provider,
      patch: patch('done', { reference: known.reference, settled: known.settled }),
    })
  }

  // An operation that is done at once is first recorded as accepted; the next step then asks and finds it done.
  const first = known.kind === 'done' ? 0 : (known.checkAfterMs ?? timing.firstPollMs)
  return effect({
    event: ACCEPTED[payment.status],
    provider,
    patch: patch('accepted', {
      reference: known.reference,
      instructions: known.kind === 'accepted' ? (known.instructions ?? null) : null,
    }),
    nextMs: first,
    ...(leg === 'refund' ? { message: `Refund initiated at ${provider}` } : {}),
  })
}
