import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealAudit } from '../../src/audit/seal.ts'
import { openDatabase } from '../../src/db/client.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrateDatabase } from '../../src/db/migrate.ts'
import { drive, paySeveral } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { asSuperuser, chainOf, PATIENT, payAs } from './support.ts'

const ROOT = join(import.meta.dir, '..', '..')

/** `bun run audit:verify` as an operator runs it. */
const verify = async (env: Record<string, string>, ...args: string[]) => {
  const { DATABASE_URL: _none, ...inherited } = process.env
  const child = Bun.spawn(['bun', 'run', '--silent', 'audit:verify', ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, lines: out.trim().split('\n'), err: err.trim() }
}

let harness: Harness
let env: { DATABASE_URL: string }
let ids: string[]
let heads: Record<string, string>
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  env = { DATABASE_URL: harness.database.url }
  ids = await paySeveral(harness, 3)
  await drive(harness, ids)
  await payAs(harness, 'acme')
  await sealAudit(harness.database.sql)
  const headOf = async (account: string) => (await chainOf(harness.database.sql, account)).at(-1)?.hash ?? ''
  heads = { acme: await headOf('acme'), demo: await headOf('demo') }
})
afterAll(() => harness.stop())

describe('a trail that is whole', () => {
  test('exits with 0, a line for each account and its head', async () => {
    expect(await verify(env)).toEqual({
      code: 0,
      lines: [
        `acme: sealed 1, waiting 0, head acme=${heads.acme}`,
        `demo: sealed 15, waiting 0, head demo=${heads.demo}`,
        'accounts 2, rows 16, breaks 0',
      ],
      err: '',
    })
  })

  test('can be checked for one account, and against heads that were noted', async () => {
    expect(await verify(env, 'acme')).toMatchObject({ code: 0, lines: { length: 2 } })
    expect(await verify(env, '--head', `demo=${heads.demo}`, '--head', `acme=${heads.acme}`)).toMatchObject({
      code: 0,
    })
  })
})

describe('a break', () => {
  test('exits with 1 and names account, seal, payment, version and what it is', async () => {
    const { sql } = harness.database
    const change = (to: string) =>
      sql.begin(async (tx) => {
        await asSuperuser(tx)
        await tx`update payment_audit set message = ${to} where payment_id = ${ids[1] ?? ''} and version = 3`
      })
    await change('forged')
    const { code, lines } = await verify(env)
    await change('On-ramp settled, USDC received')
    const link = (await chainOf(sql)).find(
      ({ payment_id, version }) => payment_id === ids[1] && version === 3,
    )
    expect(code).toBe(1)
    expect(lines[1]).toStartWith(
      `BREAK demo, seal #${link?.seq}, payment ${ids[1]}, version 3: the row was changed`,
    )
    expect(lines.at(-1)).toBe('accounts 2, rows 16, breaks 1')
    expect(await verify(env)).toMatchObject({ code: 0 })
  })

  test('is one line, whatever stands in what was tampered with', async () => {
    const { sql } = harness.database
    const id = await payAs(harness, 'acme')
    const forged = 'FAILED\naccounts 2, rows 17, breaks 0'
    const change = (status: string | null) =>
      sql.begin(async (tx) => {
        await asSuperuser(tx)
        await tx`update payment_audit set from_status = ${status} where payment_id = ${id}`
      })
    await change(forged)
    const { code, lines } = await verify(env, 'acme')
    await change(null)
    expect(code).toBe(1)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain('the row continues FAILED?accounts')
    await sealAudit(sql)
  })

  test('exits with 1 when a noted head is not in the chain, or its account is gone', async () => {
    const other = '0'.repeat(64)
    expect(await verify(env, '--head', `demo=${other}`)).toMatchObject({
      code: 1,
      lines: expect.arrayContaining([
        `BREAK demo: the noted head ${other} is not in the chain: it was cut off or rebuilt`,
      ]),
    })
    expect(await verify(env, '--head', `gone=${other}`)).toMatchObject({
      code: 1,
      lines: expect.arrayContaining(['BREAK gone: nothing is left of the account whose head was noted']),
    })
  })
})

describe('what cannot be checked exits with 2, so that it is not taken for whole', () => {
  test.each([
    ['an option that does not exist', ['--all']],
    ['two accounts', ['acme', 'demo']],
    ['a head that is none', ['--head', 'demo=abc']],
    ['a head of another account than the one to check', ['acme', '--head', `demo=${'0'.repeat(64)}`]],
  ])('%s', async (_name, args) => {
    const { code, err } = await verify(env, ...args)
    expect(code).toBe(2)
    expect(err).toStartWith('usage: bun run audit:verify')
  })

  test('an account of which there is nothing', async () => {
    expect(await verify(env, 'nobody')).toMatchObject({
      code: 2,
      err: 'there is nothing of an account nobody',
    })
  })

  test('a database that does not answer, without its password on the screen', async () => {
    const { code, err } = await verify({ DATABASE_URL: 'postgres://someone:hush@127.0.0.1:1/ratelock' })
    expect(code).toBe(2)
    expect(err).not.toBe('')
    expect(err).not.toContain('hush')
  })

  test('a database without an audit trail', async () => {
    const { code, err } = await verify({ DATABASE_URL: process.env.TEST_DATABASE_URL ?? '' })
    expect({ code, err }).toEqual({
      code: 2,
      err: 'this database is not that of this version; the service migrates it when it starts',
    })
  })

  test('a data directory without a database, which is not created', async () => {
    const { code, err } = await verify({ DATA_DIR: '/nowhere/at/all' })
    expect({ code, err }).toEqual({
      code: 2,
      err: 'there is no database in /nowhere/at/all; DATABASE_URL or DATA_DIR names another',
    })
  })
})

test('without DATABASE_URL it looks at the embedded database, whether a service runs on it or not', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-audit-'))
  const check = () => verify({ DATA_DIR: dataDir })
  try {
    const embedded = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
    try {
      await migrateDatabase(embedded.url)
      const database = openDatabase({ url: embedded.url, max: 1 })
      await database.sql`set session_replication_role = replica`
      await database.sql`
        insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message)
        values ('demo', gen_random_uuid(), 1, 'PENDING', 'none', 'api', 'slipped in')`
      await database.close()
      expect(await check()).toMatchObject({ code: 1, lines: { length: 3 } })
      const { pid } = embedded
      expect(process.kill(pid, 0)).toBe(true)
    } finally {
      await embedded.stop()
    }
    expect(await check()).toMatchObject({ code: 1, lines: { length: 3 } })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
