import type { Sql } from '../db/client.ts'
import type { Total, Usage } from './board.ts'

// In the order of the key, so that two processes with the same callers cannot wait for each other.
const EXCHANGE = `
with given as (
  select * from json_to_recordset($1::text::json)
    as g ("accountId" text, "keyId" text, address text, minute integer, used bigint)
), added as (
  insert into rate_limit_usage as u (account_id, key_id, address, minute, used)
  select "accountId", "keyId", address, minute, used from given where used > 0 order by 1, 2, 3, 4
  on conflict (account_id, key_id, address, minute) do update set used = u.used + excluded.used
  returning account_id, key_id, address, minute, used
)
select g."accountId", g."keyId", g.address, g.minute, g.used::float8 as sent,
  coalesce(a.used, u.used, 0)::float8 as used
from given g
left join added a on a.account_id = g."accountId" and a.key_id = g."keyId" and a.address = g.address
  and a.minute = g.minute
left join rate_limit_usage u on u.account_id = g."accountId" and u.key_id = g."keyId" and u.address = g.address
  and u.minute = g.minute`

// Rows that another process is deleting are left to it.
const SWEEP = `
delete from rate_limit_usage where ctid = any(array(
  select ctid from rate_limit_usage where minute < $1 limit 10000 for update skip locked))`

/** The sums of all processes, in the database. */
export interface UsageStore {
  /** Adds what this process has counted, and answers what all have, in one round trip for all callers. */
  exchange(usages: readonly Usage[]): Promise<Total[]>
  /** Deletes the sums of minutes before that one. */
  sweep(minute: number): Promise<void>
}

export const createUsageStore = (sql: Sql): UsageStore => ({
  exchange: (usages) => sql.unsafe<Total[]>(EXCHANGE, [JSON.stringify(usages)], { prepare: true }),
  sweep: async (minute) => {
    await sql.unsafe(SWEEP, [minute], { prepare: true })
  },
})
