import type { Ids } from '../core/ids.ts'
import { formatRate } from '../core/rate.ts'
import { entriesWire } from '../ledger/journal.ts'
import { postingsOf } from '../ledger/postings.ts'
import type { Leg } from '../providers/port.ts'
import { eventTypeOf } from './announcements.ts'
import { type Effect, legOf, type PaymentState } from './lifecycle.ts'
import type { Change } from './sql/commit.ts'
import { isTerminal } from './transitions.ts'

/** Whoever wrote an audit row: a worker of ours, or a request, with the public id of its API key where it has one. */
export type Actor = 'worker' | 'api' | `api:${string}`

/** The actor that a request is; open access knows no keys. */
export const requestActor = (keyId: string | undefined): Actor =>
  keyId === undefined ? 'api' : `api:${keyId}`

/** Who causes a change, for the audit row. */
export interface Cause {
  actor: Actor
  jobId: string | null
  requestId: string | null
  /** Attempt number that the payment's row must still have. */
  attempt: number
}

/** USDC minor units that this change settles the leg with, null when it does not. */
const usdc = ({ patch }: Effect, leg: Leg): bigint | null =>
  patch?.leg === leg ? (patch.settled?.amount ?? null) : null

const entriesOf = (payment: PaymentState, effect: Effect) => {
  const event = effect.returned ? 'payout_returned' : effect.event
  if (event === null) return []
  const received = usdc(effect, 'onramp') ?? payment.usdcReceived
  return postingsOf(event, payment, { received, spent: usdc(effect, 'offramp') })
}

/** Writes an effect down as the change to commit. */
export const changeOf = (payment: PaymentState, effect: Effect, cause: Cause, ids: Ids): Change => ({
  account_id: payment.accountId,
  payment_id: payment.id,
  from_status: payment.status,
  version: payment.version,
  attempt: cause.attempt,
  changed: effect.changed,
  to_status: effect.to,
  exception: effect.exception,
  new_leg: legOf(effect.to) !== null && legOf(effect.to) !== legOf(payment.status),
  ended: isTerminal(effect.to),
  failure_reason: effect.failureReason,
  returned: effect.returned,
  usdc_received: usdc(effect, 'onramp')?.toString() ?? null,
  usdc_spent: usdc(effect, 'offramp')?.toString() ?? null,
  entries: entriesWire(entriesOf(payment, effect)),
  event_id: ids.uuid(),
  event_type: eventTypeOf(payment, effect),
  actor: cause.actor,
  message: effect.message,
  job_id: cause.jobId,
  request_id: cause.requestId,
  provider: effect.provider,
  leg: effect.patch?.leg ?? null,
  leg_attempt: effect.patch?.attempt ?? null,
  journal_status: effect.patch?.status ?? null,
  reference: effect.patch?.reference ?? null,
  settled_amount: effect.patch?.settled?.amount.toString() ?? null,
  rate: effect.patch?.settled ? formatRate(effect.patch.settled.rate) : null,
  reason: effect.patch?.reason ?? null,
  refusal: effect.patch?.refusal ?? null,
  instructions: effect.patch?.instructions ?? null,
  next_ms: effect.nextMs,
  since_ms: payment.sinceMs,
})
