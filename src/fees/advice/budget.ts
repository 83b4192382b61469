import type { Clock } from '../../core/clock.ts'
import type { FallbackReason } from './adviser.ts'

const WINDOW_MS = 60_000
/** No answer of the API can keep it from being asked for longer. */
const MOST_BLOCKED_MS = 3_600_000

/** How often the model may be asked. */
export interface Budget {
  /** Takes one call out of the account's share of the budget, or says why there is none to take. */
  take(accountId: string): FallbackReason | null
  /** Allows no call for some milliseconds, as a Retry-After wants it; the reason is then told to all who ask. */
  block(reason: FallbackReason, ms: number): void
}

interface Taken {
  at: number
  by: string
}

/**
 * Allows `perMinute` calls in any 60 seconds. One account gets half of them, each of two a third, and so on: whoever asks
 * most, a share is left for one who has not asked yet. An answer is shared by all accounts, whoever's call it was.
 */
export const createBudget = (perMinute: number, clock: Clock): Budget => {
  let taken: Taken[] = []
  let blocked: { reason: FallbackReason; until: number } | null = null
  return {
    take: (accountId) => {
      const now = clock.now()
      if (blocked && now < blocked.until) return blocked.reason
      // What lies ahead was taken before the clock was set back, and must not count until it is reached again.
      taken = taken.filter(({ at }) => at > now - WINDOW_MS && at <= now)
      const own = taken.filter(({ by }) => by === accountId).length
      const others = new Set(taken.map(({ by }) => by).filter((by) => by !== accountId)).size
      const share = Math.ceil(perMinute / (others + 2))
      if (taken.length >= perMinute || own >= share) return 'budget_spent'
      taken.push({ at: now, by: accountId })
      return null
    },
    block: (reason, ms) => {
      blocked = { reason, until: clock.now() + Math.min(ms, MOST_BLOCKED_MS) }
    },
  }
}
