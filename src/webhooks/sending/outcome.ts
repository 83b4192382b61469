import { disabledByUs } from '../policy.ts'
import { retryDelayMs } from '../schedule.ts'
import type { SendResult } from './send.ts'
import type { Due } from './sql/load.ts'

/** What changes about a delivery. It applies only while the row still has this many attempts and is pending. */
export interface Change {
  account_id: string
  id: string
  attempts: number
  status: 'delivered' | 'pending' | 'dead' | 'dropped'
  /** False when nothing was sent; then the facts of an attempt are null. */
  attempted: boolean
  /** When it was sent, epoch milliseconds. */
  sent_ms: number | null
  last_status: number | null
  last_error: string | null
  latency_ms: number | null
  /** The start of the receiver's answer. */
  excerpt: string | null
  /** Until the next attempt; null when there is none. */
  next_ms: number | null
  /** True when the receiver asked to be sent nothing more. */
  gone: boolean
}

const NOTHING_SENT = {
  attempted: false,
  sent_ms: null,
  last_status: null,
  latency_ms: null,
  excerpt: null,
  next_ms: null,
  gone: false,
}

/**
 * Ends a delivery that has nowhere to go, or null while its endpoint takes events. What its owner no longer wants is
 * dropped; what an endpoint that we disabled did not get is dead, so that it can be redriven once it is back.
 */
export const droppedChange = (due: Due): Change | null => {
  const { account_id, id, attempts, url, enabled, disabled_reason } = due
  if (enabled) return null
  const status = disabledByUs(disabled_reason) ? 'dead' : 'dropped'
  const last_error = url === null ? 'the endpoint was deleted' : 'the endpoint is disabled'
  return { ...NOTHING_SENT, account_id, id, attempts, status, last_error }
}

/** What an attempt's result means for its delivery: delivered, tried again by the schedule, or dead. */
export const attemptedChange = (due: Due, result: SendResult, sentMs: number, timeScale: number): Change => {
  const { account_id, id, attempts, schedule_from } = due
  const base = {
    account_id,
    id,
    attempts,
    attempted: true,
    sent_ms: sentMs,
    last_status: result.status,
    latency_ms: result.latencyMs,
    excerpt: result.excerpt,
    next_ms: null,
    gone: false,
  }
  if (result.kind === 'delivered') return { ...base, status: 'delivered', last_error: null }
  if (result.kind === 'gone') return { ...base, status: 'dead', last_error: result.error, gone: true }
  const { retryAfterMs, error } = result
  const made = attempts - schedule_from + 1
  const next_ms = retryDelayMs({ deliveryId: id, attempts: made, retryAfterMs, timeScale })
  return { ...base, status: next_ms === null ? 'dead' : 'pending', last_error: error, next_ms }
}
