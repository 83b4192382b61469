import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ofAccount, ofKey } from '../../src/limits/board.ts'
import type { UsageStore } from '../../src/limits/store.ts'
import { createUsageStore } from '../../src/limits/store.ts'
import { minuteOf } from '../../src/limits/window.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Counting, startProcessOf, virtualClock } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

let names = 0
const someone = () => `account ${names++}`

/** How many of so many requests pass. */
const passing = async ({ take }: Counting, account: string, requests: number, weight = 1) => {
  let passed = 0
  for (let i = 0; i < requests; i++) if ((await take(account, weight)).allowed) passed++
  return passed
}

test('the keys of one account share nothing with each other or with it, also over processes', async () => {
  const clock = virtualClock()
  const store = createUsageStore(database.sql)
  const account = someone()
  const subjects = [ofAccount(account), ofKey(account, 'key_a'), ofKey(account, 'key_b')]
  const usages = subjects.map((subject, i) => ({ ...subject, minute: minuteOf(clock.now()), used: i + 1 }))
  const sums = async () => (await store.exchange(usages)).map(({ keyId, used }) => `${keyId} ${used}`).sort()
  expect(await sums()).toEqual([' 1', 'key_a 2', 'key_b 3'])
  expect(await sums()).toEqual([' 2', 'key_a 4', 'key_b 6'])
  const asked = usages.map((usage) => ({ ...usage, used: 0 }))
  expect((await store.exchange(asked)).map(({ keyId, used }) => `${keyId} ${used}`).sort()).toEqual([
    ' 2',
    'key_a 4',
    'key_b 6',
  ])
})

describe('one process', () => {
  test('lets exactly the limit pass in a minute, and counts no refusal', async () => {
    const clock = virtualClock()
    const process = startProcessOf(database, clock, 50)
    const account = someone()
    expect(await passing(process, account, 60)).toBe(50)
    clock.nowMs += 120_000
    expect(await passing(process, account, 1_000)).toBe(50)
  })

  test('slides: right after the turn of a minute, a full minute still counts as a whole', async () => {
    const clock = virtualClock()
    const process = startProcessOf(database, clock, 60)
    const account = someone()
    clock.nowMs += 59_999
    expect(await passing(process, account, 100)).toBe(60)
    clock.nowMs += 1
    expect(await passing(process, account, 100)).toBe(0)
    clock.nowMs += 30_000
    expect(await passing(process, account, 100)).toBe(30)
  })

  test('tells a wait that is enough for the same request, and one second less is not', async () => {
    const steps = fc.array(
      fc.record({ ms: fc.integer({ min: 0, max: 40_000 }), weight: fc.integer({ min: 1, max: 8 }) }),
      { minLength: 5, maxLength: 40 },
    )
    const clock = virtualClock()
    const process = startProcessOf(database, clock, 20)
    await fc.assert(
      fc.asyncProperty(steps, async (requests) => {
        const account = someone()
        for (const { ms, weight } of requests) {
          clock.nowMs += ms
          const first = await process.take(account, weight)
          if (first.allowed) continue
          clock.nowMs += (first.retryAfterSeconds - 1) * 1000
          const early = await process.take(account, weight)
          if (early.allowed) expect(first.retryAfterSeconds).toBe(1)
          else {
            clock.nowMs += 1000
            expect((await process.take(account, weight)).allowed).toBe(true)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  test('weighs: what costs five leaves room for a fifth, and what costs more than all passes alone', async () => {
    const process = startProcessOf(database, virtualClock(), 50)
    expect(await passing(process, someone(), 20, 5)).toBe(10)
    const account = someone()
    expect(await passing(process, account, 2, 500)).toBe(1)
    expect(await passing(process, account, 1)).toBe(0)
  })

  test('does not mix callers, or an account with an address of the same name', async () => {
    const { limiter } = startProcessOf(database, virtualClock(), 1)
    const [a, b] = [someone(), someone()]
    for (const accountId of [a, b]) expect((await limiter.take(ofAccount(accountId), 1)).allowed).toBe(true)
  })

  test('charges what has happened already, also beyond the limit', async () => {
    const { limiter, take } = startProcessOf(database, virtualClock(), 10)
    const account = someone()
    const subject = ofAccount(account)
    for (let i = 0; i < 5; i++) limiter.charge(subject, 4)
    expect(limiter.charge(subject, 0).remaining).toBe(0)
    expect((await take(account)).retryAfterSeconds).toBeGreaterThan(60)
  })

  test('asks the database no more than twenty times in a minute’s full limit', async () => {
    const process = startProcessOf(database, virtualClock(), 2_000)
    expect(await passing(process, someone(), 3_000)).toBe(2_000)
    expect(process.asked.exchanges).toBeLessThanOrEqual(20)
  })

  test('remembers ten thousand callers and no more', async () => {
    const { board } = startProcessOf(database, virtualClock(), 10)
    for (let i = 0; i < 10_050; i++) board.add(ofAccount(`flood ${i}`), 1, 1)
    expect(board.outgoing()).toHaveLength(20_000)
    expect(board.used(ofAccount('flood 0'), 1).current).toBe(0)
    expect(board.used(ofAccount('flood 10049'), 1).current).toBe(1)
  })
})

describe('several processes on one database', () => {
  test('together let pass the limit and (N - 1) twentieths of it at most, in any order of requests', async () => {
    const limit = 100
    const clock = virtualClock()
    const run = fc.array(
      fc.record({ who: fc.integer({ min: 0, max: 2 }), many: fc.integer({ min: 1, max: 30 }) }),
      {
        minLength: 5,
        maxLength: 30,
      },
    )
    await fc.assert(
      fc.asyncProperty(run, fc.boolean(), async (turns, eager) => {
        clock.nowMs += 180_000 - (clock.nowMs % 60_000)
        const processes = [0, 1, 2].map(() => startProcessOf(database, clock, limit))
        const account = someone()
        let passed = 0
        for (const { who, many } of turns) {
          const process = processes[who] as Counting
          passed += await passing(process, account, many)
          if (eager) await process.exchange.now()
        }
        expect(passed).toBeLessThanOrEqual(limit + 2 * 5)
        await Promise.all(processes.map(({ exchange }) => exchange.stop()))
        const asked = turns.reduce((sum, { many }) => sum + many, 0)
        if (asked >= limit + 2 * 5) expect(passed).toBeGreaterThanOrEqual(limit)
      }),
      { numRuns: 30 },
    )
  })

  test('overshoot by no more when all of them ask at the same time', async () => {
    const clock = virtualClock()
    const account = someone()
    const processes = [0, 1, 2, 3].map(() => startProcessOf(database, clock, 200))
    const passed = await Promise.all(
      processes.flatMap((process) => Array.from({ length: 100 }, () => process.take(account))),
    )
    const allowed = passed.filter((verdict) => verdict.allowed).length
    expect(allowed).toBeGreaterThanOrEqual(200)
    expect(allowed).toBeLessThanOrEqual(200 + 3 * 10)
  })

  test('agree after an exchange: what one let pass is gone for the other, in the next minute too', async () => {
    const clock = virtualClock()
    const account = someone()
    const [one, other] = [startProcessOf(database, clock, 60), startProcessOf(database, clock, 60)]
    await passing(one, account, 40)
    await other.take(account)
    await one.exchange.now()
    await other.exchange.now()
    expect((await other.take(account)).remaining).toBe(60 - 42)
    clock.nowMs += 90_000
    // Half of the 42 still count; the last of them was not told before the minute turned.
    expect((await other.take(account)).remaining).toBe(60 - 21 - 1)
    await other.exchange.now()
    await one.take(account)
    await one.exchange.now()
    expect((await one.take(account)).remaining).toBe(60 - 21 - 3)
  })

  test('told to wait, a caller is let in by whichever it asks after that', async () => {
    const clock = virtualClock()
    const account = someone()
    const [one, other] = [startProcessOf(database, clock, 20), startProcessOf(database, clock, 20)]
    clock.nowMs += 17_000
    await passing(one, account, 20)
    await one.exchange.now()
    await other.take(account)
    await other.exchange.now()
    const refused = await other.take(account)
    expect(refused.allowed).toBe(false)
    clock.nowMs += refused.retryAfterSeconds * 1000
    const [first, second] = [await one.take(account), await other.take(account)]
    expect(first.allowed || second.allowed).toBe(true)
  })

  test('wait for no lock of each other, with the same callers in any order', async () => {
    const clock = virtualClock()
    const accounts = Array.from({ length: 50 }, someone)
    const processes = [0, 1, 2, 3].map(() => startProcessOf(database, clock, 1_000))
    for (let round = 0; round < 5; round++) {
      for (const [index, process] of processes.entries())
        for (const account of index % 2 ? accounts : accounts.toReversed()) await process.take(account)
      await Promise.all(processes.map(({ exchange }) => exchange.now()))
    }
    expect(processes.every(({ exchange }) => exchange.works())).toBe(true)
    const [row] = await database.sql`
      select sum(used)::int as used from rate_limit_usage where account_id = ${accounts[0] ?? ''}`
    expect(row?.used).toBe(20)
  })
})

describe('a database that does not answer', () => {
  const flaky = () => {
    const store = createUsageStore(database.sql)
    const state = { away: false, hangs: false }
    const played: UsageStore = {
      ...store,
      exchange: (usages) => {
        if (state.hangs) return new Promise(() => {})
        return state.away ? Promise.reject(new Error('away')) : store.exchange(usages)
      },
    }
    return { state, played }
  }

  test('leaves each process its own count, and gets all of it once it is back', async () => {
    const { state, played } = flaky()
    const clock = virtualClock()
    const account = someone()
    const process = startProcessOf(database, clock, 100, played)
    state.away = true
    expect(await passing(process, account, 150)).toBe(100)
    expect([process.exchange.works(), process.asked.exchanges]).toEqual([false, 1])
    state.away = false
    await process.exchange.now()
    const other = startProcessOf(database, clock, 100)
    await other.take(account)
    await other.exchange.now()
    expect((await other.take(account)).allowed).toBe(false)
  })

  test('holds a request up for half a second at most, once', async () => {
    const { state, played } = flaky()
    const account = someone()
    const process = startProcessOf(database, virtualClock(), 100, played)
    state.hangs = true
    expect(await passing(process, account, 150)).toBe(100)
    expect(process.asked.exchanges).toBe(1)
  })
})

test('the table holds no minute that counts no longer', async () => {
  const clock = virtualClock()
  const process = startProcessOf(database, clock, 10)
  await database.sql`truncate rate_limit_usage`
  await process.take(someone())
  await process.exchange.now()
  clock.nowMs += 120_000
  await process.take(someone())
  await process.exchange.now()
  const count = async () => (await database.sql`select count(*)::int as rows from rate_limit_usage`)[0]?.rows
  expect(await count()).toBe(2)
  clock.nowMs += 60_000
  await process.exchange.now()
  expect(await count()).toBe(1)
})

test('a crash of the database writes no log for counts: the table is unlogged', async () => {
  const [row] = await database.sql`select relpersistence from pg_class where relname = 'rate_limit_usage'`
  expect(row?.relpersistence).toBe('u')
})
