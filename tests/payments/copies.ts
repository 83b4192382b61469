import type { Sql } from '../../src/db/client.ts'

const COPY = `
with original as (select * from payments where id = $1),
n as (
  select n, ('0f000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id
  from generate_series($2::bigint, $3::bigint) n
),
quote as (
  insert into quotes (account_id, id, from_currency, to_currency, amount, rate, onramp_rate, offramp_rate, rate_source,
    platform_fee, onramp_fee, offramp_fee, payout, usdc_amount, chain, onramp_provider, offramp_provider, expires_at)
  select q.account_id, n.id, from_currency, to_currency, amount, rate, onramp_rate, offramp_rate, rate_source,
    platform_fee, onramp_fee, offramp_fee, payout, usdc_amount, chain, onramp_provider, offramp_provider, expires_at
  from n cross join original o join quotes q on (q.account_id, q.id) = (o.account_id, o.quote_id)
),
payment as (
  insert into payments (account_id, id, quote_id, status, source_account, destination_account, request_hash, settle_by)
  select account_id, n.id, n.id, 'PENDING', 'copy ' || n, 'payee', request_hash, settle_by from n cross join original
)
insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message)
select account_id, n.id, 1, 'PENDING', 'none', 'test', 'copied' from n cross join original`

/** The id of the nth copy. They are newer than what the program makes, the higher the newer. */
export const copyId = (n: number): string => `0f000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

/**
 * Copies a payment with its quote, as it was when it was accepted, from number `first` to number `last`. The payer of
 * number 7 is `copy 7`.
 */
export const copyPayment = async (sql: Sql, id: string, first: number, last: number): Promise<void> => {
  await sql.unsafe(COPY, [id, first, last])
}
