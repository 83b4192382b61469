import type { Sql, Tx } from '../db/client.ts'
import { enqueueSql } from '../queue/enqueue.ts'
import type { Change } from './outcome.ts'

/** What a delivery's job carries, see outbox.ts. */
export interface DeliveryKey {
  account_id: string
  delivery_id: string
}

/** A pending delivery with all that an attempt needs. Without its endpoint, url and secret are null. */
export interface Due {
  account_id: string
  id: string
  attempts: number
  event_id: string
  type: string
  body: string
  endpoint_id: string
  url: string | null
  secret: string | null
  enabled: boolean | null
}

const LOAD = `
select d.account_id, d.id, d.attempts, d.event_id, v.type, v.body, d.endpoint_id, e.url, e.secret, e.enabled
from json_to_recordset($1::text::json) as k (account_id text, delivery_id uuid)
join webhook_deliveries d on d.account_id = k.account_id and d.id = k.delivery_id
join webhook_events v on v.account_id = d.account_id and v.id = d.event_id
left join webhook_endpoints e on e.account_id = d.account_id and e.id = d.endpoint_id
where d.status = 'pending'`

/** Reads a batch in one round trip. Deliveries that do not exist or are not pending are left out. */
export const loadDeliveries = (sql: Sql, keys: readonly DeliveryKey[]): Promise<Due[]> =>
  sql.unsafe<Due[]>(LOAD, [JSON.stringify(keys)], { prepare: true })

// Endpoints are locked in order, so that two batches that both lose the same receivers cannot block each other.
const RECORD = `
with input as (
  select * from json_to_recordset($1::text::json) as c (account_id text, id uuid, attempts int, status text,
    attempted boolean, last_status int, last_error text, next_ms double precision, disable text)
),
recorded as (
  update webhook_deliveries d set
    status = c.status,
    attempts = d.attempts + case when c.attempted then 1 else 0 end,
    last_status = case when c.attempted then c.last_status else d.last_status end,
    last_error = c.last_error,
    last_attempt_at = case when c.attempted then now() else d.last_attempt_at end,
    delivered_at = case when c.status = 'delivered' then now() end
  from input c
  where d.account_id = c.account_id and d.id = c.id and d.attempts = c.attempts and d.status = 'pending'
  returning d.account_id, d.id, d.endpoint_id, c.next_ms, c.disable
),
gone as (
  select e.account_id, e.id from webhook_endpoints e
  where (e.account_id, e.id) in (select account_id, endpoint_id from recorded where disable is not null)
  order by e.account_id, e.id for update
),
disabled as (
  update webhook_endpoints e set enabled = false, disabled_reason = r.disable
  from gone g join recorded r on r.account_id = g.account_id and r.endpoint_id = g.id and r.disable is not null
  where e.account_id = g.account_id and e.id = g.id and e.enabled
),
next_jobs as (
  select id::text as key, next_ms * interval '1 millisecond' as delay, endpoint_id,
    jsonb_build_object('account_id', account_id, 'delivery_id', id) as data
  from recorded where next_ms is not null
),
enqueued as (${enqueueSql('webhook', 'next_jobs', 's.endpoint_id::text')})
select
  (select coalesce(json_agg(id), '[]') from recorded) as recorded,
  (select count(*)::int from next_jobs) as wanted,
  (select count(*)::int from enqueued) as enqueued`

/**
 * Records what became of attempts, by compare-and-set on their number, together with the jobs of the next ones; a 410
 * disables its endpoint. Answers the ids recorded. Throws when a next attempt could not be enqueued.
 */
export const recordChanges = async (tx: Tx, changes: readonly Change[]): Promise<ReadonlySet<string>> => {
  const [row] = await tx.unsafe<{ recorded: string[]; wanted: number; enqueued: number }[]>(
    RECORD,
    [JSON.stringify(changes)],
    { prepare: true },
  )
  if (!row || row.wanted !== row.enqueued)
    throw new Error(`${row?.enqueued ?? 0} of ${row?.wanted ?? 0} next attempts could be enqueued`)
  return new Set(row.recorded)
}

// The conditions on the job are those of the index that the queue's exclusive policy rests on.
const ENQUEUE_ORPHANS = `
with orphans as (
  select d.account_id, d.id, d.endpoint_id from webhook_deliveries d
  where d.status = 'pending' and d.created_at < now() - interval '60 seconds' and not exists (
    select from pgboss.job j where j.name = 'webhook' and j.policy = 'exclusive'
      and coalesce(j.singleton_key, '') = d.id::text and j.state <= 'active')
  order by d.created_at limit $1::int
),
jobs as (
  select id::text as key, interval '0' as delay, endpoint_id,
    jsonb_build_object('account_id', account_id, 'delivery_id', id) as data
  from orphans
),
enqueued as (${enqueueSql('webhook', 'jobs', 's.endpoint_id::text')})
select count(*)::int as count from enqueued`

/** Enqueues pending deliveries over a minute old that no live job will attempt, oldest first; answers how many. */
export const enqueueOrphans = async (sql: Sql, limit: number): Promise<number> => {
  const [row] = await sql.unsafe<{ count: number }[]>(ENQUEUE_ORPHANS, [limit], { prepare: true })
  return row?.count ?? 0
}
