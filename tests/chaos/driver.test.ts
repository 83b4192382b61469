import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/server.ts'

// What patches/postgres@3.4.9.patch is for. When these pass without it, the patch can go.
// That nothing goes uncaught is bun test's own check: it fails the test during which that happens.
setDefaultTimeout(30_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-driver-'))
const LOOPS = 100
const KILLS = 60
const GUARD_MS = 12_000
const CONNECTION_LOST = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|57P0[123])/
let server: EmbeddedPostgres
let admin: postgres.Sql

beforeAll(async () => {
  server = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
  admin = open({ max: 1 })
  await admin`create table pairs (id int not null, half int not null)`
  await admin`create table lost (label text)`
})

afterAll(async () => {
  await admin.end({ timeout: 1 })
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const open = (options: postgres.Options<Record<string, never>>) =>
  postgres(server.url, { onnotice: () => undefined, backoff: () => 0.01, ...options })

const settled = (work: Promise<unknown>, milliseconds: number): Promise<boolean> =>
  Promise.race([work.then(() => true), Bun.sleep(milliseconds).then(() => false)])

const until = async (condition: () => unknown, deadline = Number.POSITIVE_INFINITY): Promise<void> => {
  while (!(await condition()) && performance.now() < deadline) await Bun.sleep(2)
}

const terminate = async (pid: number): Promise<void> => {
  await admin`select pg_terminate_backend(${pid})`
  await until(async () => (await admin`select from pg_stat_activity where pid = ${pid}`).count === 0)
}

/** Runs `work` again and again; what the loss of a connection may do to a call is the only error it may see. */
const startLoop = (stop: () => boolean, unexpected: unknown[], work: () => Promise<void>) => {
  const loop = { done: false, finished: Promise.resolve() }
  const run = async () => {
    while (!stop()) {
      await work().catch((error) => CONNECTION_LOST.test(error.code) || unexpected.push(error))
    }
    loop.done = true
  }
  loop.finished = run()
  return loop
}

test('no call hangs, fails uncaught or gets the answer of another while connections and Postgres die', async () => {
  const sql = open({ max: 10 })
  const unexpected: unknown[] = []
  const committed: number[] = []
  const count = { next: 0, answers: 0 }
  let over = false

  const ask = async (on: postgres.Sql | postgres.TransactionSql): Promise<number> => {
    const mine = count.next++
    const [row] = await on<{ n: number }[]>`select ${mine}::int as n`
    if (row?.n !== mine) throw new Error(`asked for ${mine}, answered ${JSON.stringify(row)}`)
    count.answers++
    return mine
  }
  const transact = async () => {
    const id = await sql.begin(async (tx) => {
      const mine = await ask(tx)
      await tx`insert into pairs values (${mine}, 1)`
      // A turn of the event loop, in which the connection may die while the transaction asks for nothing.
      if (mine % 3 === 0) await new Promise(setImmediate)
      await Promise.all([tx`insert into pairs values (${mine}, 2)`, ask(tx), ask(tx)])
      return mine
    })
    committed.push(id)
    await ask(sql)
  }
  const visit = async () => {
    const fresh = open({ max: 2 })
    await Promise.all([ask(fresh), ask(fresh)]).finally(() => fresh.end({ timeout: 1 }))
  }
  const loops = Array.from({ length: LOOPS }, (_, index) =>
    startLoop(() => over, unexpected, index < LOOPS - 4 ? transact : visit),
  )

  const deadline = performance.now() + GUARD_MS
  for (let kills = 0; kills < KILLS; kills++) {
    const seen = count.answers
    await until(() => count.answers > seen + 50, Math.min(deadline, performance.now() + 1000))
    await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() and random() < 0.5`
  }
  await server.restart('immediate')
  const before = count.answers
  await until(() => count.answers > before + 100, deadline)
  over = true
  await settled(Promise.all(loops.map((loop) => loop.finished)), Math.max(2000, deadline - performance.now()))

  expect({ hung: loops.filter((loop) => !loop.done).length, unexpected }).toEqual({ hung: 0, unexpected: [] })
  expect(count.answers).toBeGreaterThan(KILLS * 50)
  // The pool has all its connections, and each transaction is there whole or not at all.
  expect(await settled(Promise.all(Array.from({ length: 50 }, () => ask(sql))), 2000)).toBe(true)
  expect(await sql`select id from pairs group by id having count(*) <> 2`).toHaveLength(0)
  const stored = new Set((await sql<{ id: number }[]>`select distinct id from pairs`).map((row) => row.id))
  expect(committed.filter((id) => !stored.has(id))).toEqual([])
  await sql.end({ timeout: 1 })
})

test('what is left of a transaction whose connection died reaches no other session', async () => {
  const sql = open({ max: 1 })
  const died = Promise.withResolvers<void>()
  const neighbourStarted = Promise.withResolvers<void>()
  const late: Promise<unknown>[] = []
  const first = sql.begin(async (tx) => {
    const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`
    await terminate(row?.pid ?? 0)
    died.resolve()
    await neighbourStarted.promise
    late.push(tx`insert into lost values ('late')`.catch((error) => error.code))
    await late[0]
    throw new Error('rolls back')
  })
  const outcome = first.catch((error) => error.code)
  await died.promise
  const neighbour = sql.begin(async (tx) => {
    await tx`insert into lost values ('neighbour, first half')`
    neighbourStarted.resolve()
    await until(() => late.length)
    await late[0]
    await new Promise(setImmediate)
    await tx`insert into lost values ('neighbour, second half')`
  })
  expect(await settled(neighbour, 3000)).toBe(true)
  expect(await outcome).toBe('CONNECTION_CLOSED')
  expect((await sql`select label from lost`).map((row) => row.label)).toEqual([
    'neighbour, first half',
    'neighbour, second half',
  ])
  expect(await Promise.all(late)).toEqual(['CONNECTION_CLOSED'])
  await sql.end({ timeout: 1 })
})

test('statements of a dead transaction or reservation settle, and cost the pool no connection', async () => {
  const sql = open({ max: 2, fetch_types: false })
  const settle = async (on: postgres.Sql | postgres.TransactionSql) => {
    const [row] = await on<{ pid: number }[]>`select pg_backend_pid() as pid`
    const inFlight = [1, 2, 3].map((n) => on`select ${n}::int, pg_sleep(60)`.catch((error) => error.code))
    await until(
      async () => (await admin`select from pg_stat_activity where wait_event = 'PgSleep'`).count > 0,
    )
    await terminate(row?.pid ?? 0)
    const late = on`select ${4}::int`.catch((error) => error.code)
    expect(await settled(Promise.all([...inFlight, late]), 2000)).toBe(true)
  }
  for (let round = 0; round < 3; round++) {
    const transaction = Promise.withResolvers<void>()
    const begun = sql.begin((tx) => settle(tx).then(transaction.resolve, transaction.reject))
    await begun.catch(() => undefined)
    await transaction.promise
    const reserved = await sql.reserve()
    await settle(reserved)
    reserved.release()
  }
  expect(
    await settled(Promise.all([1, 2, 3, 4].map((n) => sql`select ${n}::int, pg_sleep(0.01)`)), 2000),
  ).toBe(true)
  await sql.end({ timeout: 1 })
})
