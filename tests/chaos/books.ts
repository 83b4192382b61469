import type postgres from 'postgres'
import { checkBooks } from '../../src/reconcile/books.ts'
import { createFindings, type Finding } from '../../src/reconcile/findings.ts'
import { checkSandboxes } from '../reconcile/support.ts'

/** Findings and rows that one kind of damage shows. */
const MOST_SHOWN = 5

/** What the reconciliation does not look at. Each query finds what must not be; the name says what that would be. */
const DAMAGE = {
  'a key with several payments': `
    select idempotency_key from payments group by account_id, idempotency_key having count(*) > 1`,
  'a quote that paid several times': `
    select quote_id from payments group by account_id, quote_id having count(*) > 1`,
  'a leg that was tried again, though nobody had refused it': `
    select payment_id, leg, attempt from provider_operations where attempt > 1`,
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
  'a job of a payment that has ended': `
    select id from pgboss.job where name in ('payment', 'payment_dead') and state <= 'active'`,
}

/** Longer than any test runs. */
const DAYS = 2

const byKind = (findings: readonly Finding[]): Record<string, unknown[]> =>
  Object.fromEntries(
    [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, some]) => [kind, some.slice(0, MOST_SHOWN)]),
  )

/** Everything that is wrong in the books once all payments have completed; empty is good. */
export const damageIn = async (sql: postgres.Sql): Promise<Record<string, unknown[]>> => {
  const findings = createFindings(MOST_SHOWN)
  await checkBooks(sql, DAYS, findings)
  await checkSandboxes(sql, DAYS, findings)
  const found = byKind(findings.listed)
  for (const [name, query] of Object.entries(DAMAGE)) {
    const rows = await sql.unsafe(query)
    if (rows.length > 0) found[name] = rows.slice(0, MOST_SHOWN)
  }
  return found
}

/** Everything that is wrong in our own books, however far the payments have come; empty is good. */
export const ledgerDamageIn = async (sql: postgres.Sql): Promise<Record<string, unknown[]>> => {
  const findings = createFindings(MOST_SHOWN)
  await checkBooks(sql, DAYS, findings)
  return byKind(findings.listed)
}

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
