/** `bun tests/operations/cost.ts`: what an operator's readings cost, on a PostgreSQL of its own that is thrown away. */
import { createOperationsStore } from '../../src/operations/store.ts'
import { readQueues } from '../../src/queue/reading.ts'
import { createTreasuryStore } from '../../src/treasury/store.ts'
import { startMeasuring } from '../support/cost.ts'

const JOBS = 500_000
const RECOMMENDATIONS = 200_000
const CALLS = 30_000
const LIVE = 100_000
const ENDED = 200_000
/** A statement may take 15 seconds. */
const AT_ONCE = 50_000

const { harness, timed, stop } = await startMeasuring()
const { sql } = harness.database

/** Runs the statement for the numbers 1 to `count`, highest first. */
const inParts = async (count: number, statement: (numbers: string) => string): Promise<void> => {
  for (let last = count; last > 0; last -= AT_ONCE)
    await sql.unsafe(statement(`generate_series(${last}, ${Math.max(1, last - AT_ONCE + 1)}, -1) as nth`))
}

// Completed evenly over the five minutes for which they are kept; of those that wait, a part is due later.
const fillQueue = async () => {
  await harness.boss.send('payment', {}, { singletonKey: 'sample' })
  const copies = (changes: string) =>
    inParts(
      JOBS,
      (numbers) => `
      insert into pgboss.job select c.* from pgboss.job j, ${numbers}, jsonb_populate_record(null::pgboss.job,
        to_jsonb(j) || jsonb_build_object('id', gen_random_uuid(), 'singleton_key', gen_random_uuid(), ${changes})) c
      where j.singleton_key = 'sample'`,
    )
  await copies(`'start_after', now() + (nth % 100 - 60) * interval '1 second'`)
  await copies(
    `'state', 'completed', 'completed_on', now() - nth * interval '300 seconds' / ${JOBS}, 'started_on', now()`,
  )
}

const fillFees = async () => {
  const wish = { amount: 100_000, from_currency: 'USD', to_currency: 'EUR' }
  await harness.call('POST', '/fees/calculate', wish)
  const sample = '(select * from fee_recommendations limit 1) r'
  await inParts(
    RECOMMENDATIONS,
    (numbers) => `
    insert into fee_recommendations select c.* from ${sample}, ${numbers},
      jsonb_populate_record(null::fee_recommendations, to_jsonb(r) || jsonb_build_object('id', gen_random_uuid(),
        'source', (array['cache', 'rules', 'claude', 'rules', 'cache'])[1 + nth % 5],
        'reason', case when nth % 5 in (1, 3) then (array['deadline', 'budget_spent', 'overloaded'])[1 + nth % 3] end,
        'created_at', now() - nth * interval '24 hours' / ${RECOMMENDATIONS},
        'expires_at', now() - nth * interval '24 hours' / ${RECOMMENDATIONS} + interval '2 minutes')) c`,
  )
  await inParts(
    CALLS,
    (numbers) => `
    insert into fee_advice (id, model, question, outcome, input_tokens, cost_pico_usd, latency_ms, started_at, created_at)
    select gen_random_uuid(), 'claude-haiku-5-5', r.input, 'choice', 420, 1, 300 + nth % 900, now(),
      now() - nth * interval '24 hours' / ${CALLS}
    from ${sample}, ${numbers}`,
  )
}

const fillPayments = async () => {
  const quote = await harness.call('POST', '/quotes', {
    amount: 100_000,
    from_currency: 'USD',
    to_currency: 'EUR',
  })
  await harness.call('POST', '/payments', {
    amount: 100_000,
    currency: 'EUR',
    source_account: 'payer',
    destination_account: 'payee',
    quote_id: quote.body.quote_id,
  })
  const [{ columns } = { columns: '' }] = await sql<{ columns: string }[]>`
    select string_agg(column_name, ', ') as columns from information_schema.columns
    where table_name = 'quotes' and is_generated = 'NEVER'`
  // The numbers give both rows of a pair the same id; the first are live.
  const id = `('00000000-0000-7000-8000-' || lpad(nth::text, 12, '0'))::uuid`
  await inParts(
    LIVE + ENDED,
    (numbers) => `
    with quoted as (
      insert into quotes (${columns})
      select ${columns} from (
        select c.* from ${numbers}, (select * from quotes order by created_at limit 1) q,
          jsonb_populate_record(null::quotes, to_jsonb(q) || jsonb_build_object('id', ${id},
            'expires_at', now() - nth * interval '1 second')) c) s
    )
    insert into payments select c.* from ${numbers}, (select * from payments order by created_at limit 1) p,
      jsonb_populate_record(null::payments, to_jsonb(p) || jsonb_build_object('id', ${id}, 'quote_id', ${id},
        'idempotency_key', null, 'status', case when nth <= ${LIVE} then 'OFFRAMP_PENDING' else 'COMPLETED' end,
        'updated_at', now() - nth * interval '1 second',
        'ended_at', case when nth > ${LIVE} then now() end)) c`,
  )
}

const store = createOperationsStore(sql)
const treasury = createTreasuryStore(sql)
const readings = async (when: string) => {
  console.log(when)
  await timed('  queues', () => readQueues(sql))
  await timed('  the model, 24 hours', () => store.claude(24))
  await timed('  live payments and open quotes', store.now)
  await timed('  exposure', treasury.openOfAll)
  await timed('  a scrape, its readings made before', () => harness.services.metrics.metrics())
}
await readings('empty')
await fillFees()
await fillPayments()
await fillQueue()
const filled = `${JOBS} jobs that wait and ${JOBS} completed ones in one queue, ${RECOMMENDATIONS} recommendations, ${CALLS} calls, ${LIVE} live payments and ${ENDED} that have ended`
await readings(`${filled}; no statistics`)
await sql`vacuum analyze`
await readings('the same, analyzed')

await stop()
