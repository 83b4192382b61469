import type { Due } from './delivery-store.ts'
import { retryDelayMs } from './schedule.ts'
import type { SendResult } from './send.ts'

/** What changes about a delivery. It applies only while the row still has this many attempts and is pending. */
export interface Change {
  account_id: string
  id: string
  attempts: number
  status: 'delivered' | 'pending' | 'dead' | 'dropped'
  /** False when nothing was sent. */
  attempted: boolean
  last_status: number | null
  last_error: string | null
  /** Until the next attempt; null when there is none. */
  next_ms: number | null
  /** Why its endpoint is disabled by this; null leaves it alone. */
  disable: string | null
}

const GONE = 'it answered 410 Gone'

/** Ends a delivery that has nowhere to go, or null while its endpoint takes events. */
export const droppedChange = ({ account_id, id, attempts, url, enabled }: Due): Change | null => {
  if (enabled) return null
  const last_error = url === null ? 'the endpoint was deleted' : 'the endpoint is disabled'
  const rest = { attempted: false, last_status: null, next_ms: null, disable: null }
  return { account_id, id, attempts, status: 'dropped', last_error, ...rest }
}

/** What an attempt's result means for its delivery: delivered, tried again by the schedule, or dead. */
export const attemptedChange = (due: Due, result: SendResult, timeScale: number): Change => {
  const { account_id, id, attempts } = due
  const base = { account_id, id, attempts, attempted: true, last_status: result.status, next_ms: null }
  if (result.kind === 'delivered') return { ...base, status: 'delivered', last_error: null, disable: null }
  if (result.kind === 'gone') return { ...base, status: 'dead', last_error: result.error, disable: GONE }
  const { retryAfterMs, error } = result
  const next_ms = retryDelayMs({ deliveryId: id, attempts: attempts + 1, retryAfterMs, timeScale })
  return { ...base, status: next_ms === null ? 'dead' : 'pending', last_error: error, next_ms, disable: null }
}
