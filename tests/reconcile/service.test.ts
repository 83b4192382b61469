import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import pino from 'pino'
import { createApp } from '../../src/app.ts'
import { randomIds } from '../../src/core/ids.ts'
import { type Authenticate, operatorOf, type Scope } from '../../src/core/principal.ts'
import { openAccess } from '../../src/http/auth.ts'
import { SCHEDULES } from '../../src/queue/definitions.ts'
import { KIND_NAMES, KINDS } from '../../src/reconcile/findings.ts'
import { createReconciler } from '../../src/reconcile/service.ts'
import { createRunStore } from '../../src/reconcile/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { startWorkers } from '../../src/workers.ts'
import { drive, pay, until } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { PATIENT, sandboxes } from './support.ts'

const silent = createLogger({ level: 'silent', pretty: false })

let harness: Harness
let id: string
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  id = await pay(harness)
  await drive(harness, [id])
})
afterAll(() => harness.stop())

const appFor = (authenticate: Authenticate) =>
  createApp({
    log: silent,
    ids: randomIds,
    authenticate,
    version: '0.0.0-test',
    ready: async () => ({ database: true }),
    metrics: harness.services.metrics,
    routes: [],
  })

const scrape = async (
  authenticate: Authenticate = openAccess('demo'),
  headers: Record<string, string> = {},
) => {
  const response = await appFor(authenticate).handle(new Request('http://localhost/metrics', { headers }))
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

const change = (status: string) =>
  harness.database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update payments set status = ${status} where id = ${id}`
  })

describe('GET /metrics', () => {
  test('before the first run it has no findings to tell of, and an age beyond every limit', async () => {
    const { status, text } = await scrape()
    expect(status).toBe(200)
    expect(text).toContain('ratelock_reconcile_age_seconds +Inf\n')
    expect(text).not.toContain('ratelock_reconcile_findings{')
  })

  test('shows what the newest run found, every kind by name, zeros too, and no label besides', async () => {
    await change('FAILED')
    await harness.services.reconcile.run(2)
    const { type, text } = await scrape()
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
    const lines = [...text.matchAll(/^ratelock_reconcile_findings\{kind="(\w+)"\} (\d+)$/gm)]
    expect(lines.map(([, kind]) => kind as string)).toEqual(KIND_NAMES)
    const counts = Object.fromEntries(lines.map(([, kind, count]) => [kind, Number(count)]))
    expect(counts).toMatchObject({ audit_mismatch: 1, leg_mismatch: 2, provider_missing: 0 })
    expect(Number(/^ratelock_reconcile_age_seconds (\S+)$/m.exec(text)?.[1])).toBeLessThan(3_600)

    await change('COMPLETED')
    await harness.services.reconcile.run(2)
    expect((await scrape()).text).toContain('ratelock_reconcile_findings{kind="audit_mismatch"} 0')
  })

  test('needs a key with the admin scope wherever keys are needed', async () => {
    const { accounts, authenticate } = harness.services
    const keyWith = async (...scopes: Scope[]) =>
      (await accounts.createKey(operatorOf('acme'), { name: 'Metrics', scopes })).key
    const status = async (key?: string) =>
      (await scrape(authenticate, key ? { authorization: `Bearer ${key}` } : {})).status
    expect(await status()).toBe(401)
    expect(await status(await keyWith('read', 'write'))).toBe(403)
    expect(await status(await keyWith('admin'))).toBe(200)
  })

  test('is in the documentation', async () => {
    const response = await appFor(openAccess('demo')).handle(new Request('http://localhost/openapi.json'))
    const { get } = (await response.json()).paths['/metrics']
    expect(get).toMatchObject({ operationId: 'getMetrics', security: [{ apiKey: ['admin'] }] })
    expect(Object.keys(get.responses).sort()).toEqual(['200', '400', '401', '403', '429', '500', '503'])
    expect(Object.keys(get.responses[200].content)).toEqual(['text/plain'])
  })
})

test('a run is stored with what it compared and found', async () => {
  const run = await harness.services.reconcile.run(3)
  const [row] = await harness.database
    .sql`select days, checked, total, sample from reconcile_runs where id = ${run.id}`
  expect(row).toEqual({
    days: 3,
    checked: { payments: 1, operations: 2, entries: 20, records: 2 },
    total: 0,
    sample: [],
  })
})

test('runs of more than 90 days ago are deleted', async () => {
  const { sql } = harness.database
  const run = await harness.services.reconcile.run(1)
  await sql`update reconcile_runs set ended_at = ended_at - interval '91 days' where id = ${run.id}`
  await harness.services.reconcile.run(1)
  expect(await sql`select id from reconcile_runs where id = ${run.id}`).toHaveLength(0)
})

test('the log has one error line for each kind that was found, and one line when all agree', async () => {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const { database } = harness
  const reconciler = createReconciler({
    database,
    store: createRunStore(database),
    providers: sandboxes(database.sql),
    clock: { now: () => Date.now() },
    ids: randomIds,
    log,
    deadlineMs: 12_000,
  })
  await change('FAILED')
  await reconciler.run(2)
  await change('COMPLETED')
  await reconciler.run(2)
  const told = lines.map(({ level, msg, count }) => [level, msg, count])
  expect(told).toContainEqual([50, 'the books disagree: audit_mismatch', 1])
  expect(told.at(-1)).toEqual([30, 'the books agree', undefined])
  expect(new Set(told.map(([, msg]) => msg)).size).toBe(told.length)
})

test('the queue runs it by itself every hour, and a job leaves a run behind', async () => {
  const { boss, database, services } = harness
  const schedules = await boss.getSchedules('books')
  expect(schedules.map(({ cron }) => cron)).toEqual([SCHEDULES.books])
  expect(SCHEDULES.books).toMatch(/^\d{1,2} \* \* \* \*$/)
  const count = async () => (await database.sql`select count(*)::int as runs from reconcile_runs`)[0]?.runs
  const before = await count()
  await boss.send('books', null)
  await startWorkers(boss, services, silent)
  await until(async () => (await count()) > before)
  expect(harness.errors).toEqual([])
})

test('docs/reconcile.md says of every kind what it means, and what to do', async () => {
  const page = await Bun.file(`${import.meta.dir}/../../docs/reconcile.md`).text()
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\| (.+?) +\|$/gm)]
  expect(rows.map(([, kind, meaning]) => [kind, meaning])).toEqual(Object.entries(KINDS))
  for (const [, , , advice = ''] of rows) expect(advice.length).toBeGreaterThan(20)
})
