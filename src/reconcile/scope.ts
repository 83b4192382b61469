/**
 * SQL of the relation `scope`: the payments that are live or ended within the last `$1` days, each with the terms of
 * its quote. Ages are by the database's clock, which also stamps the rows.
 */
export const SCOPE = `
scope as (
  select p.account_id, p.id, p.status, p.exception, p.version, p.attempt, p.ended_at, p.returned_at, p.usdc_received, p.usdc_spent,
    q.id is not null as quoted, q.amount, q.from_currency, q.amount - q.total_fees as net, q.payout, q.to_currency,
    q.platform_fee, q.onramp_fee, q.offramp_fee, q.gas_cost, q.risk_premium, q.usdc_amount, q.offramp_rate
  from payments p left join quotes q on q.account_id = p.account_id and q.id = p.quote_id
  where p.ended_at is null or p.ended_at >= now() - $1::int * interval '1 day'
)`

/** Rows of a table that are as old, by a column: what belongs to no payment has only its own time. */
export const recent = (column: string): string => `${column} >= now() - $1::int * interval '1 day'`

/** Text as an SQL literal; only for constants of the code. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
