const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds between an attempt that failed and the next: twelve attempts over about three days. */
export const RETRY_DELAYS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

/** Longest wait that a receiver can ask for. */
const MAX_RETRY_AFTER = 24 * HOUR
const JITTER = 0.2

/** A factor from 0.8 to 1.2, always the same for the same attempt of the same delivery. */
const jitterOf = (deliveryId: string, attempt: number): number =>
  1 - JITTER + 2 * JITTER * (Bun.hash.xxHash32(`${deliveryId}/${attempt}`) / 2 ** 32)

export interface FailedAttempt {
  deliveryId: string
  /** Attempts made so far, the failed one included. */
  attempts: number
  /** What the receiver asked for, in milliseconds. */
  retryAfterMs: number | undefined
  /** Factor on our own delays: below 1 for development. */
  timeScale: number
}

/**
 * Milliseconds until the next attempt, or null after the last. A receiver's Retry-After can lengthen our delay, up to
 * 24 h, but not shorten it: an answer of `Retry-After: 0` would turn the schedule into a hammer. It is never scaled.
 */
export const retryDelayMs = (failed: FailedAttempt): number | null => {
  const { deliveryId, attempts, retryAfterMs = 0, timeScale } = failed
  const planned = RETRY_DELAYS[attempts - 1]
  if (planned === undefined) return null
  const own = planned * jitterOf(deliveryId, attempts) * timeScale
  return Math.round(Math.max(own, Math.min(retryAfterMs, MAX_RETRY_AFTER)))
}
