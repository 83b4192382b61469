import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Sql, Tx } from '../../src/db/client.ts'
import { enqueueSql } from '../../src/queue/enqueue.ts'
import { inTransaction, settleJobs } from '../../src/queue/transaction.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

type QueueName = 'payment' | 'webhook'

interface NewJob {
  key: string
  data: object
  delay: number
  group: string | null
}

/** Enqueues as the statements of payments and webhooks do; answers the keys that were accepted. */
const enqueue = async (queue: QueueName, jobs: readonly NewJob[], tx: Sql | Tx = harness.database.sql) => {
  const rows = await tx.unsafe<{ singleton_key: string }[]>(
    `with source as (
       select key, data, delay * interval '1 second' as delay, "group"
       from json_to_recordset($1::text::json) as j (key text, data jsonb, delay float8, "group" text))
     ${enqueueSql(queue, 'source', 's."group"')}`,
    [JSON.stringify(jobs)],
  )
  return rows.map(({ singleton_key }) => singleton_key)
}

const OWN = ['id', 'singleton_key', 'created_on', 'start_after', 'keep_until']

/** Every column of a job except its identity and times, and how its times lie to each other, in seconds. */
const columnsOf = async (key: string) => {
  const [row] = await harness.database.sql<{ columns: object; delay: number; kept: number }[]>`
    select to_jsonb(j) - ${OWN}::text[] as columns,
      extract(epoch from start_after - created_on)::float8 as delay,
      extract(epoch from keep_until - start_after)::float8 as kept
    from pgboss.job j where singleton_key = ${key}`
  return row
}

const jobWith = (change: Partial<NewJob> = {}): NewJob => ({
  key: crypto.randomUUID(),
  data: { account_id: 'demo', payment_id: crypto.randomUUID() },
  delay: 0,
  group: null,
  ...change,
})

describe('a job written by our SQL', () => {
  for (const queue of ['payment', 'webhook'] as const)
    for (const [kind, change] of [
      ['an immediate', {}],
      ['a delayed', { delay: 2.75 }],
      ['a grouped', { group: 'endpoint-1' }],
    ] as const)
      test(`equals ${kind} job of pg-boss in every column of the ${queue} queue`, async () => {
        const [ours, theirs] = [jobWith(change), jobWith(change)]
        expect(await enqueue(queue, [ours])).toEqual([ours.key])
        const { key, delay, group } = theirs
        await harness.boss.insert(queue, [
          {
            data: ours.data,
            singletonKey: key,
            startAfter: delay,
            ...(group ? { group: { id: group } } : {}),
          },
        ])
        const expected = await columnsOf(key)
        expect(expected).toMatchObject({
          delay,
          columns: { name: queue, group_id: group, policy: 'exclusive' },
        })
        expect(await columnsOf(ours.key)).toEqual(expected)
      })

  test('is fetched with its data, its turn coming when its delay has passed', async () => {
    await harness.database.sql`delete from pgboss.job where name = 'payment'`
    const [now, later] = [jobWith(), jobWith({ delay: 60 })]
    await enqueue('payment', [now, later])
    const jobs = await harness.boss.fetch('payment', { batchSize: 10 })
    expect(jobs).toMatchObject([{ data: now.data }])
  })

  test('exists only if its transaction commits', async () => {
    const job = jobWith()
    const undone = harness.database.sql.begin(async (tx) => {
      await enqueue('payment', [job], tx)
      throw new Error('undo')
    })
    await expect(undone).rejects.toThrow('undo')
    expect(await columnsOf(job.key)).toBeUndefined()
  })
})

describe('one live job for a key', () => {
  const claim = async () => {
    await harness.database.sql`delete from pgboss.job where name = 'payment'`
    const job = jobWith()
    await enqueue('payment', [job])
    return { job, again: { ...jobWith(), key: job.key }, jobs: await harness.boss.fetch('payment') }
  }

  test('a second one is refused while the first waits, and while it runs, by our SQL and by pg-boss', async () => {
    const waiting = jobWith()
    expect(await enqueue('payment', [waiting, jobWith(waiting)])).toEqual([waiting.key])
    expect(await enqueue('payment', [jobWith(waiting)])).toEqual([])
    const { again } = await claim()
    expect(await enqueue('payment', [again])).toEqual([])
    expect(await harness.boss.insert('payment', [{ singletonKey: again.key }], { returnId: true })).toBeNull()
  })

  test('a successor is accepted after its predecessor was completed in the same transaction', async () => {
    const { again, jobs } = await claim()
    await harness.database.sql.begin(async (tx) => {
      await harness.boss.complete('payment', jobs, null, { db: inTransaction(tx) })
      expect(await enqueue('payment', [again], tx)).toEqual([again.key])
    })
    const states = await harness.database.sql<{ state: string }[]>`
      select state::text from pgboss.job where singleton_key = ${again.key} order by pgboss.job.state`
    expect(states.map(({ state }) => state)).toEqual(['created', 'completed'])
  })

  test('in the other order it is refused, which is why a step completes first', async () => {
    const { again, jobs } = await claim()
    await harness.database.sql.begin(async (tx) => {
      expect(await enqueue('payment', [again], tx)).toEqual([])
      await harness.boss.complete('payment', jobs, null, { db: inTransaction(tx) })
    })
  })

  test('of 20 enqueued at once for one key exactly one is accepted', async () => {
    const job = jobWith()
    const accepted = await Promise.all(Array.from({ length: 20 }, () => enqueue('payment', [jobWith(job)])))
    expect(accepted.flat()).toEqual([job.key])
  })
})

describe('completing a claim', () => {
  test('settles nothing when the job has been offered to somebody else since', async () => {
    const { boss, database } = harness
    await database.sql`delete from pgboss.job where name = 'payment'`
    await enqueue('payment', [jobWith()])
    const stale = await boss.fetch('payment')
    await boss.fail('payment', stale)
    await database.sql`update pgboss.job set start_after = now() where name = 'payment'`
    const fresh = await boss.fetch('payment')
    expect(fresh.map(({ id }) => id)).toEqual(stale.map(({ id }) => id))
    const settle = (jobs: typeof stale) => database.sql.begin((tx) => settleJobs(boss, 'payment', jobs, tx))
    expect(await settle(stale)).toEqual(new Set())
    expect(await settle(fresh)).toEqual(new Set(fresh.map(({ id }) => id)))
  })
})
