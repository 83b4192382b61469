import type { Sql } from '../db/client.ts'
import { AUDIT_COLUMNS, type AuditContent } from './chain.ts'

/** Links and payments of one page. Each page is one statement and so one snapshot. */
const LINKS = 1_000
const PAYMENTS = 500

/** Sealing runs every minute; what has waited longer than this was forgotten. */
const OVERDUE = "interval '5 minutes'"

/** One link of an account's chain with the row that it seals; hashes are hexadecimal. */
export interface Link {
  seq: number
  payment_id: string
  version: number
  prev_hash: string
  hash: string
  /** Null when there is no such row any more. */
  row: AuditContent | null
}

/** As it travels: a number of 64 bits is text. */
type LinkRow = Omit<Link, 'seq'> & { seq: string }

/** One version of a payment, as far as its row and its seal tell. */
export interface Entry {
  version: number
  /** False when only a seal is left. */
  present: boolean
  from_status: string | null
  to_status: string | null
  exception: string | null
  sealed: boolean
  waiting: boolean
  overdue: boolean
}

/** A payment and all that its history holds, by version. */
export interface History {
  payment_id: string
  version: number
  status: string
  exception: string
  entries: Entry[]
}

const columnAsText = (column: string): string =>
  `'${column}', ${column === 'at' ? 'extract(epoch from a.at)' : `a.${column}`}::text`

const LINK_PAGE = `
select s.seq::text, s.payment_id, s.version, encode(s.prev_hash, 'hex') as prev_hash,
  encode(s.hash, 'hex') as hash,
  case when a.version is not null then json_build_object(${AUDIT_COLUMNS.map(columnAsText).join(', ')}) end as row
from (select * from audit_seals where account_id = $1 and seq > $2::text::bigint order by seq limit ${LINKS}) s
left join payment_audit a using (account_id, payment_id, version)
order by s.seq`

const HISTORY_PAGE = `
select p.id as payment_id, p.version, p.status, p.exception,
  coalesce(json_agg(json_build_object('version', h.version, 'present', h.present, 'from_status', h.from_status,
    'to_status', h.to_status, 'exception', h.exception, 'sealed', h.sealed, 'waiting', u.version is not null,
    'overdue', u.version is not null and h.at < now() - ${OVERDUE}) order by h.version)
    filter (where h.version is not null), '[]') as entries
from (select * from payments where account_id = $1 and id > $2 order by id limit ${PAYMENTS}) p
left join lateral (
  select version, a.to_status is not null as present, a.from_status, a.to_status, a.exception, a.at,
    s.seq is not null as sealed
  from (select * from payment_audit where account_id = p.account_id and payment_id = p.id) a
  full join (select version, seq from audit_seals where account_id = p.account_id and payment_id = p.id) s
    using (version)
) h on true
left join audit_unsealed u on u.account_id = p.account_id and u.payment_id = p.id and u.version = h.version
group by p.id, p.version, p.status, p.exception
order by p.id`

const ORPHANS = `
select payment_id, version from payment_audit a
where account_id = $1 and not exists (select from payments p where p.account_id = a.account_id and p.id = a.payment_id)
order by payment_id, version limit $2`

const NEXT_ACCOUNT = `
select min(account_id) as account from (
  (select account_id from payments where account_id > $1 order by account_id limit 1)
  union all (select account_id from payment_audit where account_id > $1 order by account_id limit 1)
  union all (select account_id from audit_seals where account_id > $1 order by account_id limit 1)) a`

/** Reads the audit trail for its verification, page by page, so that memory stays bounded. Writes nothing. */
export const createAuditReader = (sql: Pick<Sql, 'unsafe'>) => ({
  /** The accounts that have a payment, an audit row or a seal. */
  accounts: async function* (): AsyncGenerator<string> {
    for (let last: string | null = ''; ; ) {
      const [row]: { account: string | null }[] = await sql.unsafe(NEXT_ACCOUNT, [last], { prepare: true })
      last = row?.account ?? null
      if (last === null) return
      yield last
    }
  },

  /** The account's links in their order. */
  links: async function* (account: string): AsyncGenerator<Link[]> {
    // From the very first number that the column can hold: a seal that is not walked would still cover a row.
    for (let after = String(-(2n ** 63n)); ; ) {
      const rows = await sql.unsafe<LinkRow[]>(LINK_PAGE, [account, after], { prepare: true })
      if (rows.length > 0) yield rows.map((row) => ({ ...row, seq: Number(row.seq) }))
      if (rows.length < LINKS) return
      after = rows.at(-1)?.seq ?? after
    }
  },

  /** The account's payments with their histories, by payment id. */
  histories: async function* (account: string): AsyncGenerator<History[]> {
    for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
      const page = await sql.unsafe<History[]>(HISTORY_PAGE, [account, after], { prepare: true })
      if (page.length > 0) yield page
      if (page.length < PAYMENTS) return
      after = page.at(-1)?.payment_id ?? after
    }
  },

  /** Audit rows of payments that do not exist, at most `limit`. */
  orphans: (account: string, limit: number): Promise<{ payment_id: string; version: number }[]> =>
    sql.unsafe(ORPHANS, [account, limit], { prepare: true }),
})

export type AuditReader = ReturnType<typeof createAuditReader>
