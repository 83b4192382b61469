import type { Sql } from '../db/client.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type AuditEntry, newerAudit } from './sql/audit.ts'
import { isTerminal } from './transitions.ts'

/** How often the database is asked, once for all followers of this process. */
const LOOK_MS = 500
/** Silence after which a stream says that it is still there. */
const HEARTBEAT_MS = 15_000

interface Follower {
  accountId: string
  paymentId: string
  after: number
  arrived: AuditEntry[]
  /** Wakes the follower's generator. */
  nudge(): void
}

export interface PaymentFeed {
  /**
   * The changes of one payment after version `after`, until it ends, the signal is set or the feed closes.
   * Null stands for a heartbeat. The payment must exist.
   */
  follow(
    accountId: string,
    paymentId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEntry | null>
  /** The changes of a payment that has ended, after version `after`. */
  replay(accountId: string, paymentId: string, after: number): Promise<AuditEntry[]>
  /** Looks now instead of at the next turn, because this process has just changed something. */
  look(): void
  /** Ends all streams. */
  close(): void
}

/** Tells followers what happens to payments. The audit table is the source, so no change is ever missed. */
export const createPaymentFeed = ({ sql, log }: { sql: Sql; log: Logger }): PaymentFeed => {
  const followers = new Set<Follower>()
  let timer: ReturnType<typeof setTimeout> | null = null
  let looking = false
  let closed = false

  const schedule = () => {
    if (timer === null && followers.size > 0 && !closed) timer = setTimeout(look, LOOK_MS)
  }

  const hand = (entries: readonly AuditEntry[]) => {
    for (const follower of followers) {
      const news = entries.filter((e) => e.payment_id === follower.paymentId && e.version > follower.after)
      const last = news.at(-1)
      if (!last) continue
      follower.after = last.version
      follower.arrived.push(...news)
      follower.nudge()
    }
  }

  const look = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (looking || followers.size === 0) return
    looking = true
    const followed = [...followers].map((f) => ({
      account_id: f.accountId,
      payment_id: f.paymentId,
      after: f.after,
    }))
    newerAudit(sql, followed)
      .then(hand, (error: unknown) => log.warn({ err: error }, 'payment feed: the database did not answer'))
      .finally(() => {
        looking = false
        schedule()
      })
  }

  async function* follow(accountId: string, paymentId: string, after: number, signal: AbortSignal) {
    let wake = () => {}
    const follower: Follower = { accountId, paymentId, after, arrived: [], nudge: () => wake() }
    const stop = () => wake()
    followers.add(follower)
    signal.addEventListener('abort', stop)
    try {
      look()
      while (!signal.aborted && !closed) {
        const entry = follower.arrived.shift()
        if (entry) {
          yield entry
          if (isTerminal(entry.to_status)) return
          continue
        }
        const silent = await new Promise<boolean>((resolve) => {
          const heartbeat = setTimeout(() => resolve(true), HEARTBEAT_MS)
          wake = () => {
            clearTimeout(heartbeat)
            resolve(false)
          }
        })
        if (silent) yield null
      }
    } finally {
      followers.delete(follower)
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    follow,
    replay: (accountId, paymentId, after) =>
      newerAudit(sql, [{ account_id: accountId, payment_id: paymentId, after }]),
    look,
    close: () => {
      closed = true
      if (timer) clearTimeout(timer)
      for (const follower of followers) follower.nudge()
    },
  }
}
