import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import { QUEUES, type QueueName } from '../../src/queue/definitions.ts'
import { readQueues } from '../../src/queue/reading.ts'
import { type Harness, startHarness } from '../support/harness.ts'

const clock = new TestClock()
let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ clock })
})
afterAll(() => harness.stop())
beforeEach(async () => {
  await harness.database.sql`delete from pgboss.job`
})

const read = async (name: QueueName, most?: number) => {
  const found = (await readQueues(harness.database.sql, most)).find((queue) => queue.name === name)
  if (!found) throw new Error(`nothing was read of ${name}`)
  return found
}
const send = async (name: QueueName, count: number, options: object = {}) => {
  for (let nth = 0; nth < count; nth++)
    expect(
      await harness.boss.send(name, {}, { singletonKey: crypto.randomUUID(), ...options }),
    ).not.toBeNull()
}
const take = (name: QueueName, batchSize: number) => harness.boss.fetch(name, { batchSize })
/** Has so many jobs fail for good. */
const lose = async (name: QueueName, count: number) => {
  await send(name, count, { retryLimit: 0, priority: 10 })
  await harness.boss.fail(name, await take(name, count))
}

const EMPTY = {
  queued: 0,
  ready: 0,
  active: 0,
  failed: 0,
  oldestReadySeconds: null,
  completedLastMinute: 0,
  failedLastHour: 0,
  capped: false,
}

describe('what the queues hold', () => {
  test('is told of every queue in the order of the definitions, of empty ones too', async () => {
    expect(await readQueues(harness.database.sql)).toEqual(
      Object.entries(QUEUES).map(([name, settings]) => ({
        name: name as QueueName,
        ...EMPTY,
        deadLetter: 'deadLetter' in settings ? settings.deadLetter : null,
      })),
    )
  })

  test('is what came of sending, fetching, completing and failing jobs', async () => {
    await send('payment', 5)
    await send('payment', 2, { startAfter: 3_600 })
    await clock.tick(30_000)
    const [completed, failed, ...running] = await take('payment', 3)
    if (!completed || !failed) throw new Error('there were too few jobs')
    await harness.boss.complete('payment', completed)
    await harness.boss.fail('payment', failed)
    await lose('payment', 1)
    expect(running).toHaveLength(1)
    // Two are due, two come in an hour, and the one that failed is tried again in a second.
    const before = { active: 1, failed: 1, failedLastHour: 1, deadLetter: 'payment_dead', capped: false }
    expect(await read('payment')).toEqual({
      name: 'payment',
      ...before,
      queued: 5,
      ready: 2,
      oldestReadySeconds: 30,
      completedLastMinute: 1,
    })
    expect(await read('payment_dead')).toMatchObject({ queued: 1, ready: 1, oldestReadySeconds: 0 })
    await clock.tick(60_000)
    expect(await read('payment')).toEqual({
      name: 'payment',
      ...before,
      queued: 5,
      ready: 3,
      oldestReadySeconds: 90,
      completedLastMinute: 0,
    })
  })

  test('is each queue’s own, also of those that share a table', async () => {
    await send('books', 1)
    await send('quote_sweep', 2)
    await send('quote_sweep', 1, { startAfter: 60 })
    await take('quote_sweep', 1)
    const { sql } = harness.database
    const waiting = (await readQueues(sql)).map(({ name, queued, ready, active }) => [
      name,
      queued,
      ready,
      active,
    ])
    expect(waiting.filter(([, queued, , active]) => queued !== 0 || active !== 0)).toEqual([
      ['books', 1, 1, 0],
      ['quote_sweep', 2, 1, 1],
    ])
  })

  test('a failure counts for an hour: by its dead letter where there is one, else while it is kept', async () => {
    await lose('payment', 2)
    await lose('books', 1)
    // What pg-boss does to failed jobs after five minutes.
    await harness.database.sql`delete from pgboss.job where name = 'payment' and state = 'failed'`
    expect(await read('payment')).toMatchObject({ failed: 0, failedLastHour: 2 })
    expect(await read('books')).toMatchObject({ failed: 1, failedLastHour: 1 })
    await clock.tick(3_600_000)
    expect(await read('payment')).toMatchObject({ failed: 0, failedLastHour: 0 })
    expect(await read('books')).toMatchObject({ failed: 1, failedLastHour: 0 })
    expect(await read('payment_dead')).toMatchObject({ queued: 2 })
  })
})

describe('counting stops', () => {
  test('where it is told to, and the queue says so, while others are counted out', async () => {
    await send('webhook', 4)
    await send('payment', 2)
    expect(await read('webhook', 3)).toMatchObject({ queued: 3, ready: 3, capped: true })
    expect(await read('payment', 3)).toMatchObject({ queued: 2, ready: 2, capped: false })
    expect(await read('webhook', 5)).toMatchObject({ queued: 4, ready: 4, capped: false })
  })

  test('after what is due, which is counted first and of which the oldest is known', async () => {
    await send('webhook', 2)
    await clock.tick(7_000)
    await send('webhook', 6, { startAfter: 60 })
    expect(await read('webhook', 4)).toMatchObject({
      queued: 4,
      ready: 2,
      oldestReadySeconds: 7,
      capped: true,
    })
  })

  test('of those that wait for the first time and those that are tried again together', async () => {
    await send('webhook', 3, { retryDelay: 1 })
    await harness.boss.fail('webhook', await take('webhook', 3))
    await send('webhook', 3)
    await clock.tick(60_000)
    expect(await read('webhook', 4)).toMatchObject({ queued: 4, ready: 4, capped: true })
    expect(await read('webhook')).toMatchObject({ queued: 6, ready: 6, capped: false })
  })

  test('of what was completed and what failed as well', async () => {
    await send('webhook', 3)
    await harness.boss.complete('webhook', await take('webhook', 3))
    expect(await read('webhook', 2)).toMatchObject({ completedLastMinute: 2, capped: true })
    await lose('payment', 3)
    expect(await read('payment', 2)).toMatchObject({ failed: 2, failedLastHour: 2, capped: true })
  })
})
