/** `bun tests/audit/cost.ts [payments]`: what the chain costs, on a PostgreSQL of its own that is thrown away. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealAudit } from '../../src/audit/seal.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { drive, paySeveral } from '../payments/support.ts'
import { createTemplate } from '../support/database.ts'
import { startHarness } from '../support/harness.ts'
import { PATIENT, verified } from './support.ts'

const PAYMENTS = Number(process.argv[2] ?? 2_000)
const REPETITIONS = 200

const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-cost-'))
const postgres = await startEmbedded({ dataDir })
await createTemplate(postgres.url)
const harness = await startHarness({ server: postgres.url, env: PATIENT })
const { sql } = harness.database

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Microseconds of one payment's change in a statement for `count` of them, by PostgreSQL's own clock. */
const changing = async (ids: readonly string[], count: number) => {
  const costs: { statement: number; marking: number; foreignKey: number }[] = []
  for (let nth = 0; nth < REPETITIONS; nth++) {
    const plan = await sql.unsafe<{ 'QUERY PLAN': string }[]>(
      `explain (analyze) with moved as (
        update payments set version = version + 1 where id = any ($1::uuid[]) returning *)
      insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
      select account_id, id, version, status, status, exception, 'worker', 'changed' from moved`,
      [ids.slice(0, count)],
      { prepare: true },
    )
    const text = plan.map((line) => line['QUERY PLAN']).join('\n')
    const of = (pattern: RegExp) => (Number(pattern.exec(text)?.[1]) * 1_000) / count
    costs.push({
      statement: of(/Execution Time: ([\d.]+)/),
      marking: of(/Trigger payment_audit_unsealed[^:]*: time=([\d.]+)/),
      foreignKey: of(/constraint payment_audit_[^:]*: time=([\d.]+)/),
    })
  }
  const middle = (part: keyof (typeof costs)[number]) => median(costs.map((cost) => cost[part])).toFixed(1)
  return `${middle('statement')} µs, of which the foreign key ${middle('foreignKey')} and the mark ${middle('marking')}`
}

/** Microseconds a row. */
const timed = async (rows: number, work: () => Promise<unknown>): Promise<string> => {
  const start = performance.now()
  await work()
  return `${(((performance.now() - start) / rows) * 1_000).toFixed(1)} µs`
}

const ids = await paySeveral(harness, PAYMENTS)
await drive(harness, ids)
const rows = PAYMENTS * 5
console.log(`sealing a row: ${await timed(rows, () => sealAudit(sql))} (${rows} rows)`)
await sql`vacuum analyze`
console.log(`verifying a row: ${await timed(rows, () => verified(sql))}`)
const [size] = await sql<{ seal: number; row: number }[]>`
  select (pg_total_relation_size('audit_seals') / ${rows}::int)::int as seal,
    (pg_total_relation_size('payment_audit') / ${rows}::int)::int as row`
console.log(`bytes with indexes: audit row ${size?.row}, seal ${size?.seal}`)
console.log(`changing one payment: ${await changing(ids, 1)}`)
console.log(`changing one of 200 payments together: ${await changing(ids, 200)}`)

await harness.stop()
await postgres.stop()
await rm(dataDir, { recursive: true, force: true })
