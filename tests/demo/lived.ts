import type { Sql } from '../../src/db/client.ts'
import { live } from '../../src/demo/seed/life.ts'
import { DAYS } from '../../src/demo/seed/orders.ts'
import { type Harness, startHarness } from '../support/harness.ts'

/** When the days end that tests live: an afternoon in the week. Always the same, so that what happens in them is. */
export const END = Date.parse('2026-01-15T15:00:00.000Z')
const BEGIN = END - DAYS * 86_400_000
/** What is under way at the end is finished. */
const FINISHED_MS = 2_000

/** The program on a database of its own, in which so many payments are lived before its workers start. */
export const startLived = async (
  payments: number,
  seed: string,
  before: (harness: Harness) => Promise<void> = async () => {},
): Promise<Harness> => {
  const harness = await startHarness({ env: { SANDBOX_TIME_SCALE: '0.001', PROVIDER_DEADLINE_MS: '12000' } })
  await before(harness)
  const { signal } = new AbortController()
  await live({ url: harness.database.url, seed, payments, end: END, signal })
  return harness
}

/** By rule, the rows that break it. */
const RULES: Record<string, string> = {
  'a quote expires a minute after it was made': `from quotes where expires_at <> created_at + interval '1 minute'`,
  'a payment is made while its quote is open': `
    from payments p join quotes q on q.id = p.quote_id where p.created_at not between q.created_at and q.expires_at`,
  'a recommendation comes before the quote that locks it': `
    from fee_recommendations r join quotes q on q.recommendation_id = r.id where r.created_at > q.created_at`,
  'a call of the model begins before it is stored': `from fee_advice where started_at > created_at`,
  'a payment’s first audit row is of its creation, its last one of its last change': `
    from payments p where p.created_at > p.updated_at
      or p.created_at <> (select at from payment_audit a where a.payment_id = p.id and a.version = 1)
      or p.updated_at <> (select at from payment_audit a where a.payment_id = p.id and a.version = p.version)`,
  'audit rows follow one another': `
    from (select at, lag(at) over (partition by payment_id order by version) as before from payment_audit) a where at < before`,
  'ledger entries are of the time of their change': `
    from ledger_entries e join payment_audit a using (account_id, payment_id, version) where e.at <> a.at`,
  'legs follow one another': `
    from (select submitted_at, lag(coalesce(settled_at, answered_at)) over (partition by payment_id
      order by array_position(array['onramp', 'offramp', 'refund'], leg), attempt) as before from provider_operations) o
    where submitted_at < before`,
  'a leg is answered after it was sent, and settles in 90 to 120 seconds, a slow one in five times that': `
    from provider_operations where answered_at < submitted_at or status = 'done'
      and extract(epoch from settled_at - submitted_at) not between 90 and 121
      and extract(epoch from settled_at - submitted_at) not between 450 and 601`,
  'a provider has booked a leg when it was sent': `
    from provider_operations o join sandbox.operations s using (key) where s.created_at <> o.submitted_at`,
  'an event is of the time of its change, and its body says so': `
    from webhook_events v join payment_audit a on a.payment_id = v.payment_id and a.version = v.sequence
    where v.created_at <> a.at or (v.body::json ->> 'timestamp')::timestamptz <> v.created_at`,
  'a delivery follows its event, its attempts it, and one another': `
    from webhook_deliveries d join webhook_events v on v.id = d.event_id
    left join lateral (select min(at) as first, max(at) as last, bool_or(at < before) as mixed from (
      select at, lag(at) over (order by attempt) as before from webhook_attempts where delivery_id = d.id) t) a on true
    where d.created_at < v.created_at or a.first < d.created_at or a.mixed or d.delivered_at < a.last
      or d.next_attempt_at < a.last`,
}

/** Where each table has the times of what has happened. */
const TIMES: Record<string, readonly string[]> = {
  quotes: ['created_at'],
  payments: ['created_at', 'updated_at', 'ended_at', 'returned_at'],
  payment_audit: ['at'],
  provider_operations: ['submitted_at', 'answered_at', 'settled_at'],
  ledger_entries: ['at'],
  webhook_endpoints: ['created_at'],
  webhook_events: ['created_at'],
  webhook_deliveries: ['created_at', 'last_attempt_at', 'delivered_at'],
  webhook_attempts: ['at'],
  fee_recommendations: ['created_at'],
  fee_advice: ['started_at', 'created_at'],
  'sandbox.operations': ['created_at'],
}

const expectRows = (table: string, rows: number): void => {
  if (rows === 0) throw new Error(`${table} is empty, so that nothing was looked at`)
}

/** What of the rows lies outside of the days, or in no order. */
export const disorder = async (sql: Sql): Promise<string[]> => {
  const wrong: string[] = []
  const count = async (text: string) =>
    (await sql.unsafe<{ count: number }[]>(`select count(*)::int as count ${text}`))[0]?.count ?? 0
  for (const [rule, text] of Object.entries(RULES)) if ((await count(text)) > 0) wrong.push(rule)
  for (const [table, columns] of Object.entries(TIMES)) {
    expectRows(table, await count(`from ${table}`))
    for (const column of columns) {
      const outside = `${column} not between to_timestamp(${BEGIN / 1000}) and to_timestamp(${(END + FINISHED_MS) / 1000})`
      if ((await count(`from ${table} where ${outside}`)) > 0) wrong.push(`${table}.${column}`)
    }
  }
  return wrong
}

/** Tables whose ids give lists their order. */
const BY_ID = [
  'quotes',
  'payments',
  'webhook_endpoints',
  'webhook_events',
  'webhook_deliveries',
  'fee_recommendations',
]

/** The tables in which an id carries another time than its row has. */
export const strayIds = async (sql: Sql): Promise<string[]> => {
  const stray: string[] = []
  for (const table of BY_ID) {
    const ms = `('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint`
    const rows = await sql.unsafe(
      `select from ${table} where ${ms} <> floor(extract(epoch from created_at) * 1000) limit 1`,
    )
    if (rows.length > 0) stray.push(table)
  }
  return stray
}

/** What could be left of played time: columns with their defaults, functions, schemas, settings of the database. */
export const schemaOf = async (sql: Sql) => {
  const columns = await sql`
    select table_schema, table_name, column_name, column_default from information_schema.columns
    where table_schema in ('public', 'sandbox', 'pgboss') order by 1, 2, 3`
  const functions = await sql`
    select n.nspname, p.proname, md5(p.prosrc) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'sandbox', 'pgboss') order by 1, 2, 3`
  const schemas = await sql`select nspname from pg_namespace where nspname not like 'pg_%' order by 1`
  const settings = await sql`
    select setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
    where d.datname = current_database()`
  return { columns: [...columns], functions: [...functions], schemas: [...schemas], settings: [...settings] }
}

/** Everything that was lived, but for how long receivers of this machine took to answer, and for secrets. */
const LIVED: Record<string, string> = {
  quotes: 'q',
  payments: 'q',
  payment_audit: 'q',
  provider_operations: 'q',
  ledger_entries: 'q',
  audit_seals: 'q',
  webhook_events: 'q',
  webhook_deliveries: 'q',
  webhook_attempts: `to_jsonb(q) - 'latency_ms'`,
  webhook_endpoints: `to_jsonb(q) - 'secret'`,
  fee_advice: 'q',
  fee_recommendations: 'q',
  market_mids: 'q',
  'sandbox.operations': 'q',
}

/** A digest of each table's rows. */
export const digestOf = async (sql: Sql): Promise<Record<string, string>> => {
  const digests: Record<string, string> = {}
  for (const [table, row] of Object.entries(LIVED)) {
    const [found] = await sql.unsafe<{ digest: string }[]>(
      `select md5(string_agg((${row})::text, '/' order by (${row})::text)) as digest from ${table} q`,
    )
    digests[table] = found?.digest ?? 'empty'
  }
  return digests
}
