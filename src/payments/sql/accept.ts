import type { Sql } from '../../db/client.ts'
import { enqueueSql } from '../../queue/enqueue.ts'
import { publishSql } from '../../webhooks/outbox.ts'
import { eventBodySql } from './body.ts'

/** A request for a payment, with the ids that it will have. */
export interface AcceptRequest {
  account_id: string
  payment_id: string
  event_id: string
  /** Null when it cannot be one of ours. */
  quote_id: string | null
  /** Minor units, as text. */
  amount: string
  currency: string
  source_account: string
  destination_account: string
  idempotency_key: string | null
  request_hash: string
  request_id: string | null
  /** Who accepts it, for the audit row. */
  actor: string
  settle_seconds: number
}

/** What became of a request. `raced` means that another request won while this one ran: ask again. */
export type AcceptResult =
  | { kind: 'accepted' | 'replayed'; paymentId: string }
  | { kind: 'conflict' | 'used' | 'expired' | 'not_found' | 'raced' }
  | { kind: 'mismatch'; amount: string; currency: string }

// The unique constraints on payments decide, not the look-ups before them: whoever loses inserts nothing.
const ACCEPT = `
with request as (
  select * from json_to_recordset($1::text::json) as r (
    ordinal int, account_id text, payment_id uuid, event_id uuid, quote_id uuid, amount bigint, currency text,
    source_account text, destination_account text, idempotency_key text, request_hash text, request_id text,
    actor text, settle_seconds int)
),
known as (
  select r.ordinal, r.account_id, r.payment_id, q.amount as quote_amount, q.to_currency as quote_currency,
    case
      when prior.id is not null then case when prior.request_hash = r.request_hash then 'replayed' else 'conflict' end
      when q.id is null then 'not_found'
      when used.id is not null then 'used'
      when q.expires_at <= now() then 'expired'
      when q.amount <> r.amount or q.to_currency <> r.currency then 'mismatch'
    end as verdict,
    prior.id as prior_id
  from request r
  left join quotes q on q.account_id = r.account_id and q.id = r.quote_id
  left join payments used on used.account_id = r.account_id and used.quote_id = r.quote_id
  left join payments prior on prior.account_id = r.account_id and prior.idempotency_key = r.idempotency_key
),
accepted as (
  insert into payments (account_id, id, quote_id, status, source_account, destination_account, idempotency_key,
    request_hash, settle_by)
  select r.account_id, r.payment_id, r.quote_id, 'PENDING', r.source_account, r.destination_account,
    r.idempotency_key, r.request_hash, now() + r.settle_seconds * interval '1 second'
  from request r join known k using (ordinal) where k.verdict is null
  on conflict do nothing
  returning *
),
audited as (
  insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message, request_id)
  select a.account_id, a.id, a.version, a.status, a.exception, r.actor, 'Payment accepted', r.request_id
  from accepted a join request r on r.payment_id = a.id
),
announced as (
  select a.account_id, r.event_id, a.id as payment_id, a.version as sequence, 'payment.created' as type,
    ${eventBodySql("'payment.created'", 'a', 'q')} as body
  from accepted a
  join request r on r.payment_id = a.id
  join quotes q on q.account_id = a.account_id and q.id = a.quote_id
),
${publishSql('announced')},
first_jobs as (
  select id::text as key, interval '0' as delay,
    jsonb_build_object('account_id', account_id, 'payment_id', id) as data
  from accepted
),
enqueued as (${enqueueSql('payment', 'first_jobs')})
select k.ordinal, coalesce(k.verdict, case when a.id is null then 'raced' else 'accepted' end) as kind,
  coalesce(k.prior_id, a.id) as payment_id, k.quote_amount, k.quote_currency
from known k left join accepted a on a.account_id = k.account_id and a.id = k.payment_id
order by k.ordinal`

interface Row {
  kind: AcceptResult['kind']
  payment_id: string
  quote_amount: string
  quote_currency: string
}

/**
 * Accepts payments: quote consumed, payment, audit row, event with its deliveries, and first job, in one
 * statement and so in one transaction and one round trip. Answers one result for each request, in order.
 */
export const acceptPayments = async (
  sql: Sql,
  requests: readonly AcceptRequest[],
): Promise<AcceptResult[]> => {
  const input = requests.map((request, ordinal) => ({ ordinal, ...request }))
  const rows = await sql.unsafe<Row[]>(ACCEPT, [JSON.stringify(input)], { prepare: true })
  return rows.map(({ kind, payment_id, quote_amount, quote_currency }): AcceptResult => {
    if (kind === 'accepted' || kind === 'replayed') return { kind, paymentId: payment_id }
    if (kind === 'mismatch') return { kind, amount: quote_amount, currency: quote_currency }
    return { kind }
  })
}
