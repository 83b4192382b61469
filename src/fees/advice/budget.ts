import type { Clock } from '../../core/clock.ts'
import type { FallbackReason } from './adviser.ts'

const WINDOW_MS = 60_000
/** No answer of the API can keep it from being asked for longer. */
const MOST_BLOCKED_MS = 3_600_000

/** How often the model may be asked. */
export interface Budget {
  /** Takes one call out of the budget, or says why there is none to take. */
  take(): FallbackReason | null
  /** Allows no call for some milliseconds, as a Retry-After wants it; the reason is then told to all who ask. */
  block(reason: FallbackReason, ms: number): void
}

/** Allows `perMinute` calls in any 60 seconds. */
export const createBudget = (perMinute: number, clock: Clock): Budget => {
  let taken: number[] = []
  let blocked: { reason: FallbackReason; until: number } | null = null
  return {
    take: () => {
      const now = clock.now()
      if (blocked && now < blocked.until) return blocked.reason
      // What lies ahead was taken before the clock was set back, and must not count until it is reached again.
      taken = taken.filter((at) => at > now - WINDOW_MS && at <= now)
      if (taken.length >= perMinute) return 'budget_spent'
      taken.push(now)
      return null
    },
    block: (reason, ms) => {
      blocked = { reason, until: clock.now() + Math.min(ms, MOST_BLOCKED_MS) }
    },
  }
}
