import type { Tx } from '../../db/client.ts'
import { type EntryWire, postSql } from '../../ledger/journal.ts'
import { enqueueSql } from '../../queue/enqueue.ts'
import { publishSql } from '../../webhooks/outbox.ts'
import type { Status } from '../transitions.ts'
import { AGAIN } from '../wake.ts'
import { eventBodySql } from './body.ts'

/** One payment's change and its next step. All amounts are minor units as text. */
export interface Change {
  account_id: string
  payment_id: string
  /** What the row must still be for the change to apply. */
  from_status: string
  version: number
  attempt: number
  /** False when nothing changes and only the next step is enqueued. */
  changed: boolean
  to_status: Status
  exception: string
  /** True when the payment enters another leg, whose attempts start over. */
  new_leg: boolean
  ended: boolean
  failure_reason: string | null
  /** The payout has come back. */
  returned: boolean
  usdc_received: string | null
  usdc_spent: string | null
  /** The ledger entries of this change. */
  entries: readonly EntryWire[]
  event_id: string
  /** Null announces nothing. */
  event_type: string | null
  actor: string
  message: string
  job_id: string | null
  request_id: string | null
  provider: string | null
  leg: string | null
  leg_attempt: number | null
  /** New state of the journal row; null leaves it alone. */
  journal_status: string | null
  reference: string | null
  settled_amount: string | null
  rate: string | null
  reason: string | null
  refusal: string | null
  instructions: Readonly<Record<string, string>> | null
  /** Until the next step; null when there is none. */
  next_ms: number | null
  /** How long the payment had been as it was when it was read; for the log alone. */
  since_ms: number
}

/** A change that lost against another writer looks again after this. */
const LOOK_AGAIN = "interval '1 second'"

/** A step that is due within this needs no hurry, and is not asked whether there is news. */
const SOON_MS = 1_000

// Looked up by primary key it costs a step that waits 2 us, and one that goes on at once nothing.
const NEWS = `(select j.data ? '${AGAIN}' from pgboss.job j where j.name = 'payment' and j.id = c.job_id)`

const seconds = (interval: string) => `extract(epoch from ${interval})::float8`

// By primary key as well, for each its own look-up: a join would be planned as a scan of the whole queue.
const LAG = `(select ${seconds('pgboss.job_now() - j.start_after')} from pgboss.job j
    where j.name = 'payment' and j.id = c.job_id)`

const COMMIT = `
with input as (
  select * from json_to_recordset($1::text::json) as c (
    account_id text, payment_id uuid, from_status text, version int, attempt int, changed boolean, to_status text,
    exception text, new_leg boolean, ended boolean, failure_reason text, returned boolean, usdc_received bigint, usdc_spent bigint,
    entries json, event_id uuid, event_type text, actor text, message text, job_id uuid, request_id text,
    provider text, leg text, leg_attempt int, journal_status text, reference text, settled_amount bigint,
    rate numeric, reason text, refusal text, instructions jsonb, next_ms double precision)
),
moved as (
  update payments p set
    status = c.to_status,
    exception = c.exception,
    version = p.version + 1,
    attempt = case when c.new_leg then 0 else p.attempt end,
    failure_reason = coalesce(c.failure_reason, p.failure_reason),
    usdc_received = coalesce(c.usdc_received, p.usdc_received),
    usdc_spent = coalesce(c.usdc_spent, p.usdc_spent),
    updated_at = now(),
    ended_at = case when c.ended then coalesce(p.ended_at, now()) end,
    returned_at = case when c.returned then now() else p.returned_at end
  from input c
  where c.changed and p.account_id = c.account_id and p.id = c.payment_id
    and p.status = c.from_status and p.version = c.version and p.attempt = c.attempt
  returning p.*
),
change as (
  select c.* from input c join moved m on m.account_id = c.account_id and m.id = c.payment_id
),
journalled as (
  update provider_operations o set
    status = c.journal_status,
    reference = coalesce(c.reference, o.reference),
    settled_amount = c.settled_amount,
    rate = c.rate,
    reason = c.reason,
    refusal = c.refusal,
    instructions = coalesce(c.instructions, o.instructions),
    answered_at = now(),
    settled_at = case when c.journal_status = 'done' then now() end
  from change c
  where c.journal_status is not null and o.account_id = c.account_id and o.payment_id = c.payment_id
    and o.leg = c.leg and o.attempt = c.leg_attempt
),
audited as (
  insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message,
    reason, provider, leg, attempt, job_id, request_id)
  select account_id, payment_id, version + 1, from_status, to_status, exception, actor, message,
    coalesce(reason, failure_reason), provider, leg, leg_attempt, job_id, request_id
  from change
),
sets as (select account_id, payment_id, version + 1 as version, entries from change),
posted as (${postSql('sets')}),
announced as (
  select m.account_id, c.event_id, m.id as payment_id, m.version as sequence, c.event_type as type,
    ${eventBodySql('c.event_type', 'm', 'q')} as body
  from moved m
  join change c on c.account_id = m.account_id and c.payment_id = m.id
  join quotes q on q.account_id = m.account_id and q.id = m.quote_id
),
${publishSql('announced')},
next_jobs as (
  select c.payment_id::text as key,
    case when c.changed and m.id is null then ${LOOK_AGAIN}
      when c.next_ms > ${SOON_MS} and ${NEWS} then interval '0'
      else c.next_ms * interval '1 millisecond' end as delay,
    jsonb_build_object('account_id', c.account_id, 'payment_id', c.payment_id) as data
  from input c left join moved m on m.account_id = c.account_id and m.id = c.payment_id
  where c.job_id is not null and (c.next_ms is not null or (c.changed and m.id is null))
),
enqueued as (${enqueueSql('payment', 'next_jobs')})
select
  (select coalesce(json_agg(id), '[]') from moved) as moved,
  (select count(*)::int from fanned_out) as deliveries,
  (select coalesce(json_agg(${LAG}), '[]') from input c where c.job_id is not null) as lags,
  (select coalesce(json_agg(${seconds('m.ended_at - m.created_at')}), '[]') from moved m
    join change c on c.account_id = m.account_id and c.payment_id = m.id
    where c.to_status = 'COMPLETED' and c.from_status <> 'COMPLETED') as completed,
  (select count(*)::int from next_jobs) as wanted,
  (select count(*)::int from enqueued) as enqueued`

export interface Committed {
  /** Ids of the payments whose row was still as expected. */
  moved: ReadonlySet<string>
  /** Webhook deliveries that now wait to be sent. */
  deliveries: number
  /** Seconds from when the job of a step was due until now, of each change that a job has caused. */
  lags: readonly number[]
  /** Seconds from acceptance to now, of each payment that was COMPLETED by its change. */
  completed: readonly number[]
}

interface Row {
  moved: string[]
  deliveries: number
  lags: (number | null)[]
  completed: number[]
  wanted: number
  enqueued: number
}

/**
 * Applies changes by compare-and-set: payment, journal, audit row, ledger entries, event with its deliveries, and
 * next job commit together or not at all. Throws when a successor could not be enqueued, so that nothing commits.
 */
export const commitChanges = async (tx: Tx, changes: readonly Change[]): Promise<Committed> => {
  const [row] = await tx.unsafe<Row[]>(COMMIT, [JSON.stringify(changes)], { prepare: true })
  if (!row || row.wanted !== row.enqueued)
    throw new Error(`${row?.enqueued ?? 0} of ${row?.wanted ?? 0} next steps could be enqueued`)
  const { moved, deliveries, lags, completed } = row
  return { moved: new Set(moved), deliveries, lags: lags.filter((lag) => lag !== null), completed }
}
