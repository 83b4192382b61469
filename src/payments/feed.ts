import { AppError } from '../core/errors.ts'
import type { Sql } from '../db/client.ts'
import type { Logger } from '../telemetry/logger.ts'
import { AUDIT_PAGE, type AuditEntry, type Followed, newerAudit } from './sql/audit.ts'
import { isTerminal } from './transitions.ts'

/** How often the database is asked, once for all followers of this process. */
const LOOK_MS = 500
/** Silence after which a stream says that it is still there. */
const HEARTBEAT_MS = 15_000

interface Follower {
  /** The last version that was handed over, or that the follower claims to know. */
  after: number
  /** Handed over and not read yet; at most one page. */
  arrived: AuditEntry[]
  /** There may be more in the database than was handed over. */
  behind: boolean
  /** Nothing will come after what has arrived. */
  over: boolean
  /** Wakes the follower's generator. */
  nudge(): void
}

/** A payment with everybody here who follows it. */
interface Group {
  accountId: string
  paymentId: string
  followers: Set<Follower>
}

export interface PaymentFeed {
  /**
   * The changes of one payment after version `after`, until it ends, the signal is set or the feed closes.
   * Null stands for a heartbeat. The payment must exist; one that has ended is replayed. Throws RATE_LIMITED before
   * anything else when the account or this process has as many streams open as it may.
   */
  follow(
    accountId: string,
    paymentId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEntry | null>
  /** Looks now instead of at the next turn, because this process has just changed something. */
  look(): void
  /** How many streams are open. */
  followers(): number
  /** Ends all streams. */
  close(): void
}

/** Streams that may be open here at once. */
export interface MostStreams {
  perAccount: number
  perProcess: number
}

export interface FeedDeps {
  sql: Sql
  log: Logger
  most: MostStreams
}

/** Each stream holds a connection, and a heartbeat is what notices one whose client has vanished. */
const tooMany = (whose: string, most: number): AppError =>
  new AppError(
    'RATE_LIMITED',
    `${whose} may have ${most} event streams open at once; end one first`,
    undefined,
    {
      retryAfterSeconds: HEARTBEAT_MS / 1000,
    },
  )

const keyOf = (accountId: string, paymentId: string) => `${paymentId}/${accountId}`

const push = (follower: Follower, entries: readonly AuditEntry[]): void => {
  const before = follower.arrived.length
  for (const entry of entries) {
    if (isTerminal(entry.to_status)) follower.over = true
    if (entry.version <= follower.after) continue
    follower.after = entry.version
    follower.arrived.push(entry)
  }
  follower.behind = entries.length === AUDIT_PAGE
  if (follower.arrived.length > before || follower.over || follower.behind) follower.nudge()
}

/** Tells followers what happens to payments. The audit table is the source, so no change is ever missed. */
export const createPaymentFeed = ({ sql, log, most }: FeedDeps): PaymentFeed => {
  const groups = new Map<string, Group>()
  const open = { all: 0, byAccount: new Map<string, number>() }
  let timer: ReturnType<typeof setTimeout> | null = null
  let looking = false
  let again = false
  let closed = false

  /** Counts a stream, or throws when there are too many; the returned function ends the count. */
  const enter = (accountId: string): (() => void) => {
    const own = open.byAccount.get(accountId) ?? 0
    if (own >= most.perAccount) throw tooMany('an account', most.perAccount)
    if (open.all >= most.perProcess) throw tooMany('this process', most.perProcess)
    open.all++
    open.byAccount.set(accountId, own + 1)
    return () => {
      open.all--
      const left = (open.byAccount.get(accountId) ?? 1) - 1
      if (left > 0) open.byAccount.set(accountId, left)
      else open.byAccount.delete(accountId)
    }
  }

  const join = (accountId: string, paymentId: string, follower: Follower) => {
    const exit = enter(accountId)
    const key = keyOf(accountId, paymentId)
    const group = groups.get(key) ?? { accountId, paymentId, followers: new Set() }
    group.followers.add(follower)
    groups.set(key, group)
    return () => {
      exit()
      group.followers.delete(follower)
      if (group.followers.size === 0) groups.delete(key)
    }
  }

  /**
   * One question for each payment, from the least version, and who asks it. Whoever has not read what has arrived
   * does not ask: that bounds the queues, and a slow reader does not hold the page of the others back.
   */
  const questions = () => {
    const followed: Followed[] = []
    const askers = new Map<string, Follower[]>()
    for (const [key, { accountId, paymentId, followers }] of groups) {
      const asking: Follower[] = []
      let after = Number.POSITIVE_INFINITY
      for (const follower of followers) {
        if (follower.over) continue
        if (follower.arrived.length > 0) {
          follower.behind = true
          continue
        }
        asking.push(follower)
        after = Math.min(after, follower.after)
      }
      if (asking.length === 0) continue
      askers.set(key, asking)
      followed.push({ account_id: accountId, payment_id: paymentId, after })
    }
    return { followed, askers }
  }

  const ask = async () => {
    const { followed, askers } = questions()
    if (followed.length === 0) return
    const entries = await newerAudit(sql, followed)
    const news = Map.groupBy(entries, (entry) => keyOf(entry.account_id, entry.payment_id))
    for (const [key, page] of news) for (const follower of askers.get(key) ?? []) push(follower, page)
  }

  const look = () => {
    if (timer) clearTimeout(timer)
    timer = null
    again = looking
    if (looking || closed || groups.size === 0) return
    looking = true
    ask()
      .catch((error: unknown) => log.warn({ err: error }, 'payment feed: the database did not answer'))
      .finally(() => {
        looking = false
        if (again) look()
        else if (groups.size > 0 && !closed) timer = setTimeout(look, LOOK_MS)
      })
  }

  async function* follow(accountId: string, paymentId: string, after: number, signal: AbortSignal) {
    let wake = () => {}
    const follower: Follower = { after, arrived: [], behind: false, over: false, nudge: () => wake() }
    const leave = join(accountId, paymentId, follower)
    const stop = () => wake()
    signal.addEventListener('abort', stop)
    try {
      look()
      while (!signal.aborted && !closed) {
        const entry = follower.arrived.shift()
        if (entry) {
          yield entry
          continue
        }
        if (follower.over) return
        if (follower.behind) {
          follower.behind = false
          look()
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
      leave()
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    follow,
    look,
    followers: () => open.all,
    close: () => {
      closed = true
      if (timer) clearTimeout(timer)
      for (const { followers } of groups.values()) for (const follower of followers) follower.nudge()
    },
  }
}
