import type { Clock } from '../core/clock.ts'
import type { Board, Subject } from './board.ts'
import type { Exchange } from './exchange.ts'
import { elapsedOf, freeUnits, minuteOf, WINDOW_MS, waitMs } from './window.ts'

/** What a process may count of one caller before it has to tell the others, as a share of the limit. */
const STINT_SHARE = 20

/** What was decided about one request. */
export interface Verdict {
  allowed: boolean
  /** Units that are left after it. */
  remaining: number
  /** Whole seconds within which `remaining` stays available. */
  resetSeconds: number
  /** Whole seconds after which the request would be allowed, if nothing else is used until then; 0 when it is. */
  retryAfterSeconds: number
}

/** Counts what callers use, and says when it is too much. */
export interface Limiter {
  /** Units a minute. */
  readonly limit: number
  /** Decides about a request of `weight` units, and counts it when it may pass. */
  take(subject: Subject, weight: number): Promise<Verdict>
  /** Counts `weight` units in any case, as the price of what has happened already. */
  charge(subject: Subject, weight: number): Verdict
}

export interface LimiterDeps {
  /** Units that each caller may use in any minute, at least 1. */
  limit: number
  board: Board
  exchange: Pick<Exchange, 'now' | 'works'>
  clock: Clock
}

/**
 * Limits each caller over all processes. A request costs no round trip: it is counted here, and sums are exchanged about
 * once a second. A caller who would use more than a twentieth of the limit in between waits for an exchange, so N
 * processes let pass at most (N - 1) x max(limit / 20, the heaviest weight) too many; while the database is away, N times
 * the limit. What is refused is not counted, and what weighs more than the limit weighs as much as it.
 */
export const createLimiter = ({ limit, board, exchange, clock }: LimiterDeps): Limiter => {
  const stint = Math.ceil(limit / STINT_SHARE)

  const judge = (subject: Subject, weight: number): Verdict => {
    const nowMs = clock.now()
    const elapsed = elapsedOf(nowMs)
    const used = board.used(subject, minuteOf(nowMs))
    const free = freeUnits(limit, used, elapsed)
    const allowed = free >= weight
    return {
      allowed,
      remaining: Math.max(0, allowed ? free - weight : free),
      resetSeconds: Math.ceil((WINDOW_MS - elapsed) / 1000),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(waitMs(limit, used, elapsed, weight) / 1000)),
    }
  }

  const mustTell = (subject: Subject, weight: number): boolean => {
    const pending = board.pending(subject)
    return pending > 0 && pending + weight > stint && exchange.works()
  }

  return {
    limit,
    charge: (subject, weight) => {
      board.add(subject, minuteOf(clock.now()), weight)
      return judge(subject, 0)
    },
    take: async (subject, units) => {
      const weight = Math.min(units, limit)
      let verdict = judge(subject, weight)
      while (verdict.allowed && mustTell(subject, weight)) {
        await exchange.now()
        verdict = judge(subject, weight)
      }
      if (verdict.allowed) board.add(subject, minuteOf(clock.now()), weight)
      return verdict
    },
  }
}
