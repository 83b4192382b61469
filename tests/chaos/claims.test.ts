import { afterAll, expect, test } from 'bun:test'
import type { Job } from 'pg-boss'
import { createBoss } from '../../src/queue/boss.ts'
import { giveBack, releaseClaims } from '../../src/queue/claims.ts'
import { settleJobs } from '../../src/queue/transaction.ts'
import { testDatabase } from '../support/database.ts'

const database = await testDatabase()
const boss = createBoss({ url: database.url, supervise: false, onError: () => undefined })
await boss.start()
afterAll(async () => {
  await boss.stop({ graceful: false })
  await database.drop()
})

const claimed = (signal: AbortSignal): Job<object> => ({
  id: crypto.randomUUID(),
  name: 'payment',
  data: {},
  expireInSeconds: 30,
  heartbeatSeconds: null,
  retryCount: 0,
  signal,
})

/** A queue whose database is away for some calls. */
const away = (calls: number) => {
  const queue = {
    calls: 0,
    fail: async () => {
      if (queue.calls++ < calls) throw new Error('connect ECONNREFUSED')
      return { jobs: [], requested: 1, affected: 1 }
    },
  }
  return queue
}

test('a failed job is given back although the database is away at first', async () => {
  const queue = away(2)
  await giveBack(queue, 'payment', [claimed(new AbortController().signal)], new Error('failed'))
  expect(queue.calls).toBe(3)
})

test('a failed job is not given back for longer than its claim lasts', async () => {
  const lapses = new AbortController()
  const queue = away(Number.POSITIVE_INFINITY)
  const given = giveBack(queue, 'payment', [claimed(lapses.signal)], new Error('failed'))
  lapses.abort()
  await given
  expect(queue.calls).toBe(1)
})

test('the claims of a killed process are released at once, and whoever held one settles nothing', async () => {
  await boss.insert(
    'payment',
    ['a', 'b', 'c'].map((singletonKey) => ({ data: { singletonKey }, singletonKey })),
  )
  const held = await boss.fetch('payment', { batchSize: 2 })
  expect(held).toHaveLength(2)
  expect(await releaseClaims(boss, database.sql)).toBe(2)
  const states = await database.sql`select state::text, count(*)::int from pgboss.job group by 1 order by 1`
  expect([...states]).toEqual([
    { state: 'created', count: 1 },
    { state: 'retry', count: 2 },
  ])
  const settled = await database.sql.begin((tx) => settleJobs(boss, 'payment', held, tx))
  expect(settled.size).toBe(0)
  expect(await releaseClaims(boss, database.sql)).toBe(0)
})
