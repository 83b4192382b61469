import type { Sql } from '../../db/client.ts'

/** A line of the summary: what, how many, and of which kinds. */
export type Line = [what: string, count: string, kinds: string]

interface Counted {
  what: string
  kind: string | null
  count: number
}

const COUNT = `
select what, kind, count from (
  select 1 as place, 'Payments' as what, case when ended_at is null then 'under way' else status end as kind, count(*)::int
  from payments where account_id = $1 group by 3
  union all
  select 2, 'Quotes', case when p.id is null then 'unpaid' else 'paid' end, count(*)::int
  from quotes q left join payments p on p.account_id = q.account_id and p.quote_id = q.id
  where q.account_id = $1 group by 3
  union all
  select 3, 'Fee recommendations', source, count(*)::int from fee_recommendations where account_id = $1 group by source
  union all
  select 4, 'Calls of the played model', outcome, count(*)::int from fee_advice group by outcome
  union all
  select 5, 'Webhook deliveries', status, count(*)::int from webhook_deliveries where account_id = $1 group by status
  union all
  select 6, 'Ledger entries', null, count(*)::int from ledger_entries where account_id = $1
  union all
  select 7, 'Audit rows, sealed', null, count(*)::int from audit_seals where account_id = $1
  union all
  select 8, 'Mids published', source, count(*)::int from market_mids group by source
  union all
  select 9, 'Findings in the books', null, total from (
    select total from reconcile_runs order by ended_at desc limit 1) newest
) counted order by place, count desc, kind`

/** What an account has now, to be shown. */
export const summaryOf = async (sql: Sql, account: string): Promise<Line[]> => {
  const rows = await sql.unsafe<Counted[]>(COUNT, [account], { prepare: true })
  return [...Map.groupBy(rows, ({ what }) => what)].map(([what, some]) => [
    what,
    some.reduce((sum, { count }) => sum + count, 0).toLocaleString('en-US'),
    some.flatMap(({ kind, count }) => (kind === null ? [] : `${count} ${kind}`)).join(', '),
  ])
}
