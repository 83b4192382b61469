import { operatorOf } from '../../src/core/principal.ts'
import type { Sql } from '../../src/db/client.ts'
import type { Api } from '../api/support.ts'
import { drive } from '../payments/support.ts'

/** The public ids of everything that an account has, by kind. */
export interface Belongings {
  quote: string[]
  recommendation: string[]
  payment: string[]
  endpoint: string[]
  event: string[]
  delivery: string[]
  dead: string[]
  key: string[]
}

/** Tables whose rows go within the transaction that wrote them, or with the next sealing. */
const PASSING = ['ledger_unbalanced', 'audit_unsealed', 'rate_limit_usage']

const PAYERS = ['user123', 'fail_onramp', 'fail_offramp', 'user456']

const CONVERSION = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }

// No route writes these yet, so the test does.
const fillProviderTables = async (sql: Sql, account: string, paymentId: string): Promise<void> => {
  await sql`insert into provider_steps (account_id, key, step, provider)
    values (${account}, gen_random_uuid(), 'transfer', 'sandbox_a')`
  await sql`insert into provider_accounts (account_id, provider, name, reference)
    values (${account}, 'sandbox_a', 'user123', ${`ref-${account}`})`
  await sql`insert into provider_events (account_id, provider, event_id, payment_id)
    values (${account}, 'sandbox_a', 'event-1', ${paymentId})`
}

// Deliveries by hand: one arrived and one was given up, both after an attempt; the others wait.
const settleDeliveries = async (sql: Sql, account: string): Promise<void> => {
  await sql`
    with first as (select id, row_number() over (order by id) as n from webhook_deliveries where account_id = ${account}),
    settled as (
      update webhook_deliveries d set status = case n when 1 then 'delivered' else 'dead' end, attempts = 1
      from first f where f.id = d.id and n <= 2 returning d.account_id, d.id
    )
    insert into webhook_attempts (account_id, delivery_id, attempt, at, latency_ms)
    select account_id, id, 1, now(), 5 from settled`
}

/** Gives an account something of everything, mostly through the API. */
export const fill = async (api: Api, account: string, key: string): Promise<void> => {
  const { sql } = api.harness.database
  const post = async (path: string, body: object) => {
    const answer = await api.send('POST', path, { body, key })
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`)
    return answer.body
  }
  await api.harness.services.accounts.ensure(account)
  await post('/webhooks/endpoints', { url: 'https://1.1.1.1/hook' })
  const advice = {
    ...CONVERSION,
    destination_country: 'Germany',
    priority: 'standard',
    customer_tier: 'standard',
  }
  await post('/fees/calculate', advice)
  await post('/quotes', CONVERSION)
  const payments: string[] = []
  for (const source_account of PAYERS) {
    const body = { ...(await api.payable(key)), source_account }
    payments.push((await post('/payments', body)).payment_id)
  }
  const [cancelled = '', ...others] = payments
  await post(`/payments/${cancelled}/cancel`, {})
  await drive(api.harness, others)
  await settleDeliveries(sql, account)
  await fillProviderTables(sql, account, cancelled)
  await api.harness.services.accounts.createKey(operatorOf(account), { name: 'Another', scopes: ['read'] })
  await api.harness.services.sealAudit()
}

/** What an account has now. */
export const belongingsOf = async (sql: Sql, account: string): Promise<Belongings> => {
  const ids = async (table: string, prefix: string, condition = 'true'): Promise<string[]> => {
    const rows = await sql.unsafe<{ id: string }[]>(
      `select id from ${table} where account_id = $1 and ${condition} order by id`,
      [account],
    )
    return rows.map(({ id }) => prefix + id)
  }
  return {
    quote: await ids('quotes', 'quote_'),
    recommendation: await ids('fee_recommendations', 'rec_'),
    payment: await ids('payments', ''),
    endpoint: await ids('webhook_endpoints', 'we_'),
    event: await ids('webhook_events', 'evt_'),
    delivery: await ids('webhook_deliveries', 'wd_'),
    dead: await ids('webhook_deliveries', 'wd_', "status = 'dead'"),
    key: await ids('api_keys', 'key_'),
  }
}

const tablesOf = (sql: Sql) => sql<{ name: string; tenant: boolean }[]>`
  select format('%I.%I', t.table_schema, t.table_name) as name, exists (
    select from information_schema.columns c where (c.table_schema, c.table_name) = (t.table_schema, t.table_name)
      and c.column_name = 'account_id') as tenant
  from information_schema.tables t
  where t.table_type = 'BASE TABLE' and (t.table_schema in ('public', 'sandbox')
    or (t.table_schema, t.table_name) = ('pgboss', 'job'))
  order by 1`

/** A fingerprint of every table. */
export const fingerprints = async (sql: Sql): Promise<Record<string, string>> => {
  const prints: Record<string, string> = {}
  for (const { name } of await tablesOf(sql)) {
    const [row] = await sql.unsafe<{ print: string }[]>(
      `select count(*) || ' rows ' || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') as print from ${name} t`,
    )
    prints[name] = row?.print ?? ''
  }
  return prints
}

/** The tenant tables in which an account has no row. */
export const emptyFor = async (sql: Sql, account: string): Promise<string[]> => {
  const empty: string[] = []
  for (const { name, tenant } of await tablesOf(sql)) {
    if (!tenant || PASSING.some((table) => name.endsWith(`.${table}`))) continue
    const rows = await sql.unsafe(`select from ${name} where account_id = $1 limit 1`, [account])
    if (rows.length === 0) empty.push(name)
  }
  return empty
}
