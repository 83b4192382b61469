import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sealAudit } from '../../src/audit/seal.ts'
import { ended, pay, paySeveral, until } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { chainOf, change, notOnce, payAs, told, verified } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

const waiting = async (): Promise<number> => {
  const [row] = await harness.database.sql<
    { rows: number }[]
  >`select count(*)::int as rows from audit_unsealed`
  return row?.rows ?? 0
}

describe('every audit row is sealed exactly once', () => {
  test('when it was committed late, after rows that are newer', async () => {
    const { sql } = harness.database
    const [late, early] = [await pay(harness), await pay(harness)]
    const writing = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    const transaction = sql.begin(async (tx) => {
      await change(tx, late, 'written first, committed last')
      writing.resolve()
      await finish.promise
    })
    await writing.promise
    await change(sql, early, 'written last, committed first')
    await sealAudit(sql)
    const before = await chainOf(sql)
    expect(before.some((link) => link.payment_id === early && link.version === 2)).toBe(true)
    expect(before.some((link) => link.payment_id === late && link.version === 2)).toBe(false)
    finish.resolve()
    await transaction
    await sealAudit(sql)
    const after = await chainOf(sql)
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.slice(before.length)).toMatchObject([{ payment_id: late, version: 2 }])
    expect([...(await notOnce(sql))]).toEqual([])
  })

  test('and not at all when it was rolled back', async () => {
    const { sql } = harness.database
    const [id, links] = [await pay(harness), (await chainOf(sql)).length]
    await sql
      .begin(async (tx) => {
        await change(tx, id, 'never happened')
        throw new Error('rolled back')
      })
      .catch(() => undefined)
    expect(await sealAudit(sql)).toBe(1)
    expect(await chainOf(sql)).toHaveLength(links + 1)
  })

  test('by many sealers at once, while rows are being written', async () => {
    const { sql } = harness.database
    const ids = await paySeveral(harness, 40)
    let writers = 8
    const write = async (nth: number) => {
      for (let round = 0; round < 25; round++) {
        const mine = ids.filter((_, index) => index % 8 === nth)
        await sql.begin(async (tx) => {
          for (const id of mine) await change(tx, id, `round ${round}`)
        })
      }
      writers--
    }
    const seal = async () => {
      while (writers > 0) await sealAudit(sql)
    }
    await Promise.all([...Array.from({ length: 8 }, (_, nth) => write(nth)), seal(), seal(), seal()])
    await sealAudit(sql)
    expect(await waiting()).toBe(0)
    expect([...(await notOnce(sql))]).toEqual([])
    const report = await verified(sql)
    expect(told(report)).toEqual([])
    expect(report.sealed).toBeGreaterThan(1_000)
  })

  test('in the order of each payment’s versions', async () => {
    const links = await chainOf(harness.database.sql)
    const newest = new Map<string, number>()
    for (const { payment_id, version } of links) {
      expect(version).toBe((newest.get(payment_id) ?? 0) + 1)
      newest.set(payment_id, version)
    }
  })

  test('in a chain of its account alone, numbered from 1', async () => {
    const { sql } = harness.database
    for (const account of ['zoe', 'anna', 'zoe', 'bert']) await payAs(harness, account)
    await sealAudit(sql)
    for (const [account, links] of Object.entries({ anna: 1, bert: 1, zoe: 2 }))
      expect((await chainOf(sql, account)).map(({ seq }) => Number(seq))).toEqual(
        Array.from({ length: links }, (_, index) => index + 1),
      )
    expect((await chainOf(sql)).every(({ seq }, index) => Number(seq) === index + 1)).toBe(true)
  })
})

test('a sealer does not wait for another one that is at work', async () => {
  const { sql } = harness.database
  await pay(harness)
  const left = await waiting()
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(7425002)`
    expect(await sealAudit(sql)).toBe(0)
    expect(await waiting()).toBe(left)
  })
  expect(await sealAudit(sql)).toBe(left)
})

test('a backlog of several batches is sealed in one go', async () => {
  const { sql } = harness.database
  const id = await pay(harness)
  const rows = 11_000
  await sql`update payments set version = version + ${rows} where id = ${id}`
  await sql`
    insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
    select account_id, id, 1 + step, status, status, exception, 'worker', 'step ' || step
    from payments, generate_series(1, ${rows}) step where id = ${id}`
  expect(await sealAudit(sql)).toBe(rows + 1)
  const versions = (await chainOf(sql)).filter((link) => link.payment_id === id).map(({ version }) => version)
  expect(versions).toEqual(Array.from({ length: rows + 1 }, (_, index) => index + 1))
  expect(told(await verified(sql))).toEqual([])
})

test('the queue seals every minute', async () => {
  const working = await startHarness({ workers: true })
  try {
    const { database, boss, errors } = working
    const id = await pay(working)
    await until(ended(working, [id]))
    await boss.send('audit_seal', null)
    await until(async () => (await chainOf(database.sql)).length === 5)
    const schedules = await database.sql`select name, cron from pgboss.schedule where name = 'audit_seal'`
    expect([...schedules]).toEqual([{ name: 'audit_seal', cron: '* * * * *' }])
    expect(errors).toEqual([])
  } finally {
    await working.stop()
  }
})

describe('the database itself refuses to', () => {
  for (const [name, statement] of Object.entries({
    'change a seal': "update audit_seals set hash = ''",
    'delete a seal': 'delete from audit_seals where seq = 1',
    'empty the chain': 'truncate audit_seals',
  }))
    test(name, async () => {
      await expect(harness.database.sql.unsafe(statement)).rejects.toMatchObject({ code: '23001' })
    })

  for (const [name, payment, seq] of [
    ['seal a row twice', 'payment_id', 'seq + 1000000'],
    ['give two links one number', 'gen_random_uuid()', 'seq'],
  ] as const)
    test(name, async () => {
      const copy = `insert into audit_seals (account_id, payment_id, version, seq, prev_hash, hash)
        select account_id, ${payment}, version, ${seq}, prev_hash, hash from audit_seals where seq = 1`
      await expect(harness.database.sql.unsafe(copy)).rejects.toMatchObject({ code: '23505' })
    })
})
