import type { Sql } from '../db/client.ts'

/** Where statements can be run: the pool or a transaction. */
export type Queries = Pick<Sql, 'unsafe'>

/** An operation of our journal, as far as a provider's record can differ from it. */
export interface Journalled {
  key: string
  account_id: string
  payment_id: string
  provider: string
  leg: string
  attempt: number
  status: 'submitted' | 'accepted' | 'done' | 'refused'
  /** Minor units as text. */
  amount: string
  currency: string
  settled_amount: string | null
  reference: string | null
  /** Whether another operation of the leg has moved its money, or still may. */
  replaced: boolean
  /** Whether it was submitted longer ago than an operation may be in progress on one side only. */
  late: boolean
  /** Whether a payout that was done has come back since. */
  returned: boolean
  /** Whether the provider waits for the payer's money, of which it may have no record before it arrives. */
  awaited: boolean
  /** Epoch milliseconds of the database. */
  submitted_ms: number
}

/** An operation in progress on one side only is no finding before that. */
export const LATE_MS = 3_600_000

const COLUMNS = `
  o.key, o.account_id, o.payment_id, o.provider, o.leg, o.attempt, o.status, o.amount, o.currency, o.settled_amount,
  o.reference, exists (
    select from provider_operations r where r.account_id = o.account_id and r.payment_id = o.payment_id
      and r.leg = o.leg and r.attempt <> o.attempt and r.status <> 'refused') as replaced,
  o.leg = 'offramp' and o.status = 'done' and exists (
    select from payments p where p.account_id = o.account_id and p.id = o.payment_id and p.returned_at is not null) as returned,
  o.instructions is not null as awaited,
  o.submitted_at <= now() - ${LATE_MS} * interval '1 millisecond' as late,
  floor(extract(epoch from o.submitted_at) * 1000)::float8 as submitted_ms`

const OF_PROVIDER = `
select ${COLUMNS}
from provider_operations o join payments p on p.account_id = o.account_id and p.id = o.payment_id
where o.provider = $2 and (p.ended_at is null or p.ended_at >= now() - $1::int * interval '1 day')
limit $3`

/** Up to `most` operations at a provider, of payments that are live or ended within the last `days`. */
export const journalOf = (
  sql: Queries,
  days: number,
  provider: string,
  most: number,
): Promise<Journalled[]> => sql.unsafe<Journalled[]>(OF_PROVIDER, [days, provider, most])

const BY_KEY = `
select ${COLUMNS} from provider_operations o
where o.key in (select text::uuid from json_array_elements_text($1::text::json) as keys (text))`

/** The operations with these keys (UUIDs) as they are now, whoever has them. */
export const journalByKey = (sql: Queries, keys: readonly string[]): Promise<Journalled[]> =>
  sql.unsafe<Journalled[]>(BY_KEY, [JSON.stringify(keys)])

const PROVIDERS = `
select o.provider, count(*)::int as operations
from provider_operations o join payments p on p.account_id = o.account_id and p.id = o.payment_id
where p.ended_at is null or p.ended_at >= now() - $1::int * interval '1 day'
group by 1`

/** Providers that payments of the last `days` have operations with, and how many. */
export const providersOf = (
  sql: Queries,
  days: number,
): Promise<{ provider: string; operations: number }[]> =>
  sql.unsafe<{ provider: string; operations: number }[]>(PROVIDERS, [days])
