import type { Sql } from '../db/client.ts'

/** Any constant will do, as long as every process that seals takes the same lock. */
const SEALING_LOCK = 7_425_002

/** Rows of one transaction. */
const BATCH = 5_000

// Taken by payment and version, so that a version is never sealed before the one it follows.
const SEAL = `
with taken as (
  delete from audit_unsealed where ctid = any (array(
    select ctid from audit_unsealed order by account_id, payment_id, version limit $1))
  returning account_id, payment_id, version
),
waiting as (
  select t.*, a.at, a.content, coalesce(last.seq, 0) as seq,
    coalesce(last.hash, decode(repeat('00', 32), 'hex')) as head
  from taken t
  cross join lateral (
    select p.at, audit_bytes(p) as content from payment_audit p
    where p.account_id = t.account_id and p.payment_id = t.payment_id and p.version = t.version limit 1) a
  left join lateral (
    select seq, hash from audit_seals where account_id = t.account_id order by seq desc limit 1) last on true
),
links as (
  select account_id, payment_id, version, head, seq + row_number() over chain as seq,
    audit_chain(head, content) over chain as hash
  from waiting
  window chain as (partition by account_id order by at, payment_id, version rows unbounded preceding)
),
sealed as (
  insert into audit_seals (account_id, payment_id, version, seq, prev_hash, hash)
  select account_id, payment_id, version, seq,
    coalesce(lag(hash) over (partition by account_id order by seq), head), hash
  from links
)
select count(*)::int as taken from taken`

// The lock is a statement of its own: the next one then sees what the last holder of the lock has committed.
const sealBatch = (sql: Sql): Promise<number> =>
  sql.begin(async (tx) => {
    const [lock] = await tx<{ ours: boolean }[]>`select pg_try_advisory_xact_lock(${SEALING_LOCK}) as ours`
    if (!lock?.ours) return 0
    const [row] = await tx.unsafe<{ taken: number }[]>(SEAL, [BATCH], { prepare: true })
    return row?.taken ?? 0
  })

/**
 * Links the audit rows that wait into their accounts' chains, until none is left; answers how many there were. Does
 * nothing while another process is at it.
 */
export const sealAudit = async (sql: Sql): Promise<number> => {
  let rows = 0
  for (let taken = BATCH; taken === BATCH; rows += taken) taken = await sealBatch(sql)
  return rows
}
