import type { Sql } from '../../db/client.ts'

/** Most rows that one answer is made of: that wait for their seal, and that were sealed since. */
export const MOST_ROWS = 50_000

/** Most seals that a stream which resumes is told of. */
export const MOST_RESUMED = 5_000

/** An account whose payments are followed. A place is the number of a seal in the account's chain. */
export interface Followed {
  account_id: string
  /** The newest seal at the last look; null before the first. */
  since: number | null
  /** Where streams want to go on that have not been told anything yet. */
  resumes: readonly number[]
}

/** A payment that has changed. */
export interface Changed {
  payment_id: string
  /** Its newest version. */
  version: number
  /** The seal of that version; null while it has none. */
  seal: number | null
}

/** What has changed in an account. */
export interface Changes {
  account_id: string
  /** The newest seal, 0 before the first. */
  head: number
  /** Null when more than MOST_ROWS rows wait for their seal. */
  changed: Changed[] | null
}

/** As it travels: a number of 64 bits is text, and a payment an array. */
interface Row {
  account_id: string
  head: string
  changed: [payment_id: string, version: number, seal: number | null][] | null
}

// An audit row waits in audit_unsealed from its own transaction on, until one transaction takes it away from there
// and seals it. So whatever was committed after a snapshot in which `since` was the newest seal is in one of the two,
// however long its transaction took; one statement sees both as of one instant. The order makes the planner use the
// key, whatever it believes of the table's size.
const CHANGED = `
select f.account_id, head.seq::text as head, case when c.waiting <= ${MOST_ROWS} then c.changed end as changed
from json_to_recordset($1::text::json) as f (account_id text, since bigint, resumes json)
cross join lateral (
  select coalesce((select seq from audit_seals where account_id = f.account_id order by seq desc limit 1), 0) as seq
) head
cross join lateral (
  select coalesce(sum(p.waiting), 0) as waiting,
    coalesce(json_agg(json_build_array(p.payment_id, p.version, p.seal)), '[]') as changed
  from (
    select payment_id, max(version) as version, count(*) filter (where seal is null) as waiting,
      case when count(seal) = count(*) then max(seal) end as seal
    from (
      (select payment_id, version, null::bigint as seal from audit_unsealed where account_id = f.account_id
        order by account_id, payment_id, version limit ${MOST_ROWS + 1})
      union all
      (select payment_id, version, seq from audit_seals where account_id = f.account_id
        and seq > head.seq - ${MOST_ROWS} and seq > least(f.since, (
          select min(place::bigint) from json_array_elements_text(f.resumes) place
          where place::bigint between head.seq - ${MOST_RESUMED} and head.seq)))
    ) r
    group by payment_id
  ) p
) c`

/**
 * The payments of each account that have changed since, in one round trip and one snapshot for all of them. Of what
 * was sealed since, only the newest MOST_ROWS rows count.
 */
export const changedSince = async (sql: Sql, followed: readonly Followed[]): Promise<Changes[]> => {
  const rows = await sql.unsafe<Row[]>(CHANGED, [JSON.stringify(followed)], { prepare: true })
  return rows.map(({ account_id, head, changed }) => ({
    account_id,
    head: Number(head),
    changed: changed?.map(([payment_id, version, seal]) => ({ payment_id, version, seal })) ?? null,
  }))
}
