import type postgres from 'postgres'
import { CHART, LEDGER_ACCOUNTS } from '../../src/ledger/chart.ts'

const CLEARING = LEDGER_ACCOUNTS.filter((account) => CHART[account].clears)
  .map((account) => `'${account}'`)
  .join(', ')

/** What must not be in the ledger, at any time and whatever has happened. */
const LEDGER_DAMAGE = {
  'an entry set that does not sum to zero': `
    select payment_id, version, currency from ledger_entries
    group by account_id, payment_id, version, currency having sum(amount) <> 0`,
  'an entry set of no change': `
    select e.payment_id, e.version from ledger_entries e
    left join payment_audit a using (account_id, payment_id, version)
    where a.to_status is null or a.to_status = a.from_status`,
  'money in a clearing account of a payment that has ended': `
    select p.id, p.status, e.ledger_account, sum(e.amount) from payments p
    join ledger_entries e on e.account_id = p.account_id and e.payment_id = p.id
    where p.ended_at is not null and e.ledger_account in (${CLEARING})
    group by p.account_id, p.id, e.ledger_account, e.currency having sum(e.amount) <> 0`,
  'a payer or payee of an ended payment who does not have what its state says': `
    select p.id, p.status, payer, payee from payments p
    join quotes q on q.account_id = p.account_id and q.id = p.quote_id
    cross join lateral (
      select coalesce(sum(amount) filter (where ledger_account = 'payer' and currency = q.from_currency), 0) as payer,
        coalesce(sum(amount) filter (where ledger_account = 'payee' and currency = q.to_currency), 0) as payee
      from ledger_entries e where e.account_id = p.account_id and e.payment_id = p.id) l
    where p.ended_at is not null and (payer, payee) <> (
      case p.status when 'COMPLETED' then -q.amount else 0 end, case p.status when 'COMPLETED' then q.payout else 0 end)`,
  'a result that is not what the legs executed': `
    select p.id from payments p
    left join ledger_entries e on e.account_id = p.account_id and e.payment_id = p.id
      and e.ledger_account in ('fx_spread', 'fx_gain_loss') and e.currency = 'USDC'
    where p.ended_at is not null
    group by p.account_id, p.id
    having coalesce(sum(e.amount), 0) <> case p.status when 'COMPLETED' then p.usdc_received - p.usdc_spent else 0 end`,
  'a note of an unbalanced set that outlived its transaction': 'select * from ledger_unbalanced',
}

/** Each query finds what must not be; the name says what that would be. */
const DAMAGE = {
  'a key with several payments': `
    select idempotency_key from payments group by account_id, idempotency_key having count(*) > 1`,
  'a quote that paid several times': `
    select quote_id from payments group by account_id, quote_id having count(*) > 1`,
  'a gap in the audit trail': `
    select p.id from payments p left join payment_audit a on a.account_id = p.account_id and a.payment_id = p.id
    group by p.account_id, p.id, p.version
    having count(a.version) <> p.version or min(a.version) <> 1 or max(a.version) <> p.version`,
  'an audit trail that jumps': `
    select payment_id from (
      select payment_id, from_status,
        lag(to_status) over (partition by account_id, payment_id order by version) as before from payment_audit) a
    where from_status is distinct from before`,
  'an operation that the provider did not get': `
    select o.payment_id from provider_operations o
    left join sandbox.operations s on s.provider = o.provider and s.key = o.key and s.leg = o.leg
      and s.amount = o.amount and s.currency = o.currency
    where s.key is null or s.calls < 1`,
  'an operation at the provider that we do not know of': `
    select s.key from sandbox.operations s
    left join provider_operations o on o.provider = s.provider and o.key = s.key where o.key is null`,
  'an operation that several providers got': `
    select key from sandbox.operations group by key having count(*) > 1`,
  'a leg that was not done exactly once': `
    select p.id from payments p
    cross join (values ('onramp'), ('offramp')) l (leg)
    left join provider_operations o on o.account_id = p.account_id and o.payment_id = p.id and o.leg = l.leg
    where p.status = 'COMPLETED'
    group by p.account_id, p.id, l.leg
    having count(*) filter (where o.status = 'done') <> 1 or count(o.key) <> 1`,
  'an announced version without exactly one event, or an event without one': `
    select payment_id, version from (
      select account_id, payment_id, version, to_status, exception,
        lag(to_status) over w as before, lag(exception) over w as exception_before
      from payment_audit window w as (partition by account_id, payment_id order by version)) a
    full join (
      select account_id, payment_id, sequence as version, count(*) as events from webhook_events group by 1, 2, 3) e
      using (account_id, payment_id, version)
    where coalesce(events, 0) <> case
      when to_status is distinct from before or exception is distinct from exception_before then 1 else 0 end`,
  'a payment that did not complete': `select id, status, exception from payments where status <> 'COMPLETED'`,
  ...LEDGER_DAMAGE,
  'a job of a payment that has ended': `
    select id from pgboss.job where name in ('payment', 'payment_dead') and state <= 'active'`,
}

const rowsOf = async (sql: postgres.Sql, kinds: Record<string, string>) => {
  const found: Record<string, unknown[]> = {}
  for (const [name, query] of Object.entries(kinds)) {
    const rows = await sql.unsafe(query)
    if (rows.length > 0) found[name] = rows.slice(0, 5)
  }
  return found
}

/** Everything that is wrong in the books once all payments have completed; empty is good. */
export const damageIn = (sql: postgres.Sql): Promise<Record<string, unknown[]>> => rowsOf(sql, DAMAGE)

/** Everything that is wrong in the ledger, however far the payments have come; empty is good. */
export const ledgerDamageIn = (sql: postgres.Sql): Promise<Record<string, unknown[]>> =>
  rowsOf(sql, LEDGER_DAMAGE)

/** Accepted payments that the books do not have under their key. */
export const lostFrom = async (
  sql: postgres.Sql,
  accepted: ReadonlyMap<string, string>,
): Promise<string[]> => {
  const rows = await sql<{ key: string; id: string }[]>`select idempotency_key as key, id from payments`
  const known = new Map(rows.map(({ key, id }) => [key, id]))
  return [...accepted].filter(([key, id]) => known.get(key) !== id).map(([, id]) => id)
}

/** How many payments have not ended, or of those accepted before a moment of the database's clock. */
export const liveIn = async (sql: postgres.Sql, before: string = 'infinity'): Promise<number> => {
  const [row] = await sql<{ live: number }[]>`
    select count(*)::int as live from payments where ended_at is null and created_at <= ${before}::text::timestamptz`
  return row?.live ?? 0
}
