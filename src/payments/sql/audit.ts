import type { Sql } from '../../db/client.ts'
import type { Exception, Status } from '../transitions.ts'

/** A payment that is followed, and the last of its versions that the follower has seen. */
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

const NEWER = `
select a.account_id, a.payment_id, a.version, a.from_status, a.to_status, a.exception, a.message,
  to_char(a.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as timestamp
from json_to_recordset($1::text::json) as f (account_id text, payment_id uuid, after int)
join payment_audit a on a.account_id = f.account_id and a.payment_id = f.payment_id and a.version > f.after
order by a.version`

/** What has happened to the followed payments since, oldest first, in one round trip for all of them. */
export const newerAudit = (sql: Sql, followed: readonly Followed[]): Promise<AuditEntry[]> =>
  sql.unsafe<AuditEntry[]>(NEWER, [JSON.stringify(followed)], { prepare: true })
