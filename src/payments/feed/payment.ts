import type { Sql } from '../../db/client.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { AUDIT_PAGE, type AuditEntry, type Followed, newerAudit } from '../sql/audit.ts'
import { isTerminal } from '../transitions.ts'
import { createLooks } from './looks.ts'
import type { Source } from './streams.ts'

interface Follower {
  /** The last version that was handed over, or that the follower claims to know. */
  after: number
  /** Handed over and not read yet; at most one page. */
  arrived: AuditEntry[]
  /** There may be more in the database than was handed over. */
  behind: boolean
  /** Nothing will come after what has arrived. */
  over: boolean
  nudge(): void
}

/** A payment with everybody here who follows it. */
interface Group {
  accountId: string
  paymentId: string
  followers: Set<Follower>
}

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

/** Tells followers of single payments what happens to them. The audit table is the source, so no change is missed. */
export const createPaymentFollowers = ({ sql, log }: { sql: Sql; log: Logger }) => {
  const groups = new Map<string, Group>()

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

  const { look, close } = createLooks({ log, wanted: () => groups.size > 0, ask })

  return {
    /** The changes of a payment after version `after`; null stands for a heartbeat. It is over when the payment is. */
    join: (
      accountId: string,
      paymentId: string,
      after: number,
      nudge: () => void,
    ): Source<AuditEntry | null> => {
      const follower: Follower = { after, arrived: [], behind: false, over: false, nudge }
      const key = keyOf(accountId, paymentId)
      const group = groups.get(key) ?? { accountId, paymentId, followers: new Set() }
      group.followers.add(follower)
      groups.set(key, group)
      look()
      return {
        take: () => {
          const entry = follower.arrived.shift()
          if (entry || follower.over || !follower.behind) return entry
          follower.behind = false
          look()
        },
        over: () => follower.over,
        heartbeat: () => null,
        leave: () => {
          group.followers.delete(follower)
          if (group.followers.size === 0) groups.delete(key)
        },
      }
    },
    look,
    close,
  }
}
