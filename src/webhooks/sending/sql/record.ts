import type { Tx } from '../../../db/client.ts'
import { enqueueSql } from '../../../queue/enqueue.ts'
import { DISABLED } from '../../policy.ts'
import type { Change } from '../outcome.ts'

// Endpoints are locked in order, so that two batches that both judge the same receivers cannot block each other; and
// only those that something changes about, so that a healthy one is not written with every delivery.
const RECORD = `
with input as (
  select * from json_to_recordset($1::text::json) as c (account_id text, id uuid, attempts int, status text,
    attempted boolean, sent_ms bigint, last_status int, last_error text, latency_ms int, excerpt text,
    next_ms double precision, gone boolean)
),
recorded as (
  update webhook_deliveries d set
    status = c.status,
    attempts = d.attempts + case when c.attempted then 1 else 0 end,
    last_status = case when c.attempted then c.last_status else d.last_status end,
    last_error = c.last_error,
    last_attempt_at = case when c.attempted then to_timestamp(c.sent_ms / 1000.0) else d.last_attempt_at end,
    next_attempt_at = now() + c.next_ms * interval '1 millisecond',
    delivered_at = case when c.status = 'delivered' then now() end
  from input c
  where d.account_id = c.account_id and d.id = c.id and d.attempts = c.attempts and d.status = 'pending'
  returning d.account_id, d.id, d.endpoint_id, d.attempts, d.next_attempt_at, c.attempted, c.status, c.sent_ms,
    c.last_status, c.last_error, c.latency_ms, c.excerpt, c.next_ms, c.gone
),
attempted as (
  insert into webhook_attempts (account_id, delivery_id, attempt, at, http_status, latency_ms, error, excerpt,
    next_attempt_at)
  select account_id, id, attempts, to_timestamp(sent_ms / 1000.0), last_status, latency_ms, last_error, excerpt,
    next_attempt_at
  from recorded where attempted
),
seen as (
  select account_id, endpoint_id as id, bool_or(gone) as gone, bool_or(status = 'delivered') as works
  from recorded where attempted group by 1, 2
),
judged as (
  select e.account_id, e.id, e.enabled as was_enabled, s.works,
    case
      when s.gone then '${DISABLED.gone}'
      when not s.works and e.failing_since < now() - $2::float8 * interval '1 millisecond' then '${DISABLED.failing}'
    end as verdict
  from webhook_endpoints e join seen s on s.account_id = e.account_id and s.id = e.id
  where s.gone or s.works <> (e.failing_since is null)
    or not s.works and e.failing_since < now() - $2::float8 * interval '1 millisecond'
  order by e.account_id, e.id for update of e
),
marked as (
  update webhook_endpoints e set
    failing_since = case when j.works then null else coalesce(e.failing_since, now()) end,
    disabled_reason = case when e.enabled then coalesce(j.verdict, e.disabled_reason) else e.disabled_reason end,
    enabled = e.enabled and j.verdict is null
  from judged j where e.account_id = j.account_id and e.id = j.id
  returning e.account_id, e.id, j.was_enabled and j.verdict is not null as disabled, j.verdict
),
next_jobs as (
  select id::text as key, next_ms * interval '1 millisecond' as delay, endpoint_id,
    jsonb_build_object('account_id', account_id, 'delivery_id', id) as data
  from recorded where next_ms is not null
),
enqueued as (${enqueueSql('webhook', 'next_jobs', 's.endpoint_id::text')})
select
  (select coalesce(json_agg(id), '[]') from recorded) as recorded,
  (select coalesce(json_agg(json_build_object('account_id', account_id, 'endpoint_id', id, 'reason', verdict)), '[]')
    from marked where disabled) as disabled,
  (select count(*)::int from next_jobs) as wanted,
  (select count(*)::int from enqueued) as enqueued`

export interface Recorded {
  /** Ids of the deliveries whose row was still as expected. */
  deliveries: ReadonlySet<string>
  /** Endpoints that will be sent nothing more, and why. */
  disabled: readonly { account_id: string; endpoint_id: string; reason: string }[]
}

interface Row {
  recorded: string[]
  disabled: Recorded['disabled']
  wanted: number
  enqueued: number
}

/**
 * Records what became of attempts, by compare-and-set on their number, together with the jobs of the next ones. A 410
 * disables its endpoint, and so does a failure after nothing but failures for `failingLimitMs`; a success ends that
 * count. Throws when a next attempt could not be enqueued.
 */
export const recordChanges = async (
  tx: Tx,
  changes: readonly Change[],
  failingLimitMs: number,
): Promise<Recorded> => {
  const [row] = await tx.unsafe<Row[]>(RECORD, [JSON.stringify(changes), failingLimitMs], { prepare: true })
  if (!row || row.wanted !== row.enqueued)
    throw new Error(`${row?.enqueued ?? 0} of ${row?.wanted ?? 0} next attempts could be enqueued`)
  return { deliveries: new Set(row.recorded), disabled: row.disabled }
}
