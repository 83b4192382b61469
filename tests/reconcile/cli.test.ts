import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/db/client.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrateDatabase } from '../../src/db/migrate.ts'
import { drive, pay } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { PATIENT } from './support.ts'

const ROOT = join(import.meta.dir, '..', '..')

/** `bun run reconcile` as an operator runs it. */
const reconcile = async (env: Record<string, string>, ...args: string[]) => {
  const { DATABASE_URL: _none, ...inherited } = process.env
  const child = Bun.spawn(['bun', 'run', '--silent', 'reconcile', ...args], {
    cwd: ROOT,
    env: { ...inherited, ...PATIENT, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out: out.trim(), lines: out.trim().split('\n'), err: err.trim() }
}

let harness: Harness
let env: { DATABASE_URL: string }
let id: string
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  env = { DATABASE_URL: harness.database.url }
  id = await pay(harness)
  await drive(harness, [id])
})
afterAll(() => harness.stop())

const change = (amount: number) =>
  harness.database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update ledger_entries set amount = amount + ${amount} where payment_id = ${id} and version = 2 and line = 1`
  })

test('books that agree: exits with 0, and says what it compared', async () => {
  expect(await reconcile(env)).toMatchObject({
    code: 0,
    lines: ['2 days: payments 1, legs 2, ledger entries 20, provider records 2, findings 0'],
    err: '',
  })
})

test('a disagreement: exits with 1, and names kind, account, payment and both amounts', async () => {
  await change(1)
  const { code, lines } = await reconcile(env, '--days', '1')
  const { code: jsonCode, out } = await reconcile(env, '--json')
  await change(-1)
  expect([code, jsonCode]).toEqual([1, 1])
  expect(lines).toContain(
    `ledger_mismatch demo, payment ${id}: version 2, onramp_accepted, has line 1 payer -99999 USD, and should have line 1 payer -100000 USD`,
  )
  expect(lines.at(-1)).toBe('1 days: payments 1, legs 2, ledger entries 20, provider records 2, findings 3')
  expect(JSON.parse(out)).toMatchObject({
    days: 2,
    total: 3,
    findingsByKind: { ledger_mismatch: 1, leg_missing: 0 },
  })
})

test('what was tampered with cannot forge a line of the report', async () => {
  const { sql } = harness.database
  const reference = async (to: string) =>
    sql`update provider_operations set reference = ${to} where payment_id = ${id} and leg = 'onramp'`
  const [row] = await sql<
    { reference: string }[]
  >`select reference from provider_operations where payment_id = ${id} and leg = 'onramp'`
  await reference('a\n2 days: findings 0')
  const { lines } = await reconcile(env)
  await reference(row?.reference ?? '')
  expect(lines.filter((line) => line.startsWith('2 days:'))).toHaveLength(1)
})

describe('it could not look: exits with 2 and one line for people', () => {
  test.each(['--days 0', '--days two', '--nonsense'])('unknown arguments: %s', async (args) => {
    const { code, err } = await reconcile(env, ...args.split(' '))
    expect([code, err]).toEqual([2, 'usage: bun run reconcile [--days <1 to 3650>] [--json]'])
  })

  test('nobody answers at DATABASE_URL', async () => {
    const { code, err } = await reconcile({ DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/nothing' })
    expect(code).toBe(2)
    expect(err).not.toContain('secret-word')
  })

  test('a database without our tables', async () => {
    const empty = new URL(env.DATABASE_URL)
    empty.pathname = '/postgres'
    const { code, err } = await reconcile({ DATABASE_URL: empty.toString() })
    expect([code, err]).toEqual([
      2,
      'this database is not that of this version; the service migrates it when it starts',
    ])
  })

  test('no database in DATA_DIR', async () => {
    const { code, err } = await reconcile({ DATA_DIR: '/nonexistent' })
    expect([code, err]).toEqual([
      2,
      'there is no database in /nonexistent; DATABASE_URL or DATA_DIR names another',
    ])
  })
})

test('without DATABASE_URL: looks at the database below DATA_DIR, beside the service or alone, and leaves it as it was', async () => {
  const DATA_DIR = await mkdtemp(join(tmpdir(), 'ratelock-reconcile-'))
  const embedded = await startEmbedded({ dataDir: DATA_DIR, settings: { fsync: 'off' } })
  try {
    await migrateDatabase(embedded.url)
    expect(await reconcile({ DATA_DIR })).toMatchObject({ code: 0, err: '' })
    const beside = openDatabase({ url: embedded.url, max: 1 })
    expect(await beside.sql`select total from reconcile_runs`).toMatchObject([{ total: 0 }])
    await beside.close()
    await embedded.stop()
    expect(await reconcile({ DATA_DIR })).toMatchObject({ code: 0, err: '' })
    const again = await startEmbedded({ dataDir: DATA_DIR })
    const database = openDatabase({ url: again.url, max: 1 })
    expect(await database.sql`select count(*)::int as runs from reconcile_runs`).toMatchObject([{ runs: 2 }])
    await database.close()
    await again.stop()
  } finally {
    await embedded.stop()
    await rm(DATA_DIR, { recursive: true, force: true })
  }
}, 60_000)
