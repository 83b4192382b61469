import type { Sql } from '../../db/client.ts'
import type { Exception, Status } from '../transitions.ts'

/** Most entries of one payment that one answer holds. */
export const AUDIT_PAGE = 100

/** A payment that is followed, and the last of its versions that is known. */
export interface Followed {
  account_id: string
  payment_id: string
  after: number
}

/** One audit row as a follower sees it. */
export interface AuditEntry {
  account_id: string
  payment_id: string
  version: number
  from_status: Status | null
  to_status: Status
  exception: Exception
  message: string
  /** ISO 8601, UTC. */
  timestamp: string
}

// A bigint for `after`, because what a client claims to know need not fit a version: one value out of range would
// fail the query for everybody. The last entry of a payment that has ended always comes, known or not, so that
// whoever waits for more learns that there is none.
const NEWER = `
select a.account_id, a.payment_id, a.version, a.from_status, a.to_status, a.exception, a.message,
  to_char(a.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as timestamp
from json_to_recordset($1::text::json) as f (account_id text, payment_id uuid, after bigint)
join payments p on p.account_id = f.account_id and p.id = f.payment_id
cross join lateral (
  select * from payment_audit a
  where a.account_id = p.account_id and a.payment_id = p.id
    and a.version > least(f.after, case when p.ended_at is not null then p.version - 1 end)
  order by a.version limit ${AUDIT_PAGE}
) a
order by a.version`

/**
 * What has happened to the followed payments since, oldest first, in one round trip for all of them. At most
 * AUDIT_PAGE entries for each; the last entry of a payment that has ended comes even if it is known.
 */
export const newerAudit = (sql: Sql, followed: readonly Followed[]): Promise<AuditEntry[]> =>
  sql.unsafe<AuditEntry[]>(NEWER, [JSON.stringify(followed)], { prepare: true })
