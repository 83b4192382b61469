import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { QUEUES } from '../../src/queue/definitions.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { claim, drive, ended, expectSound, pay, paySeveral, statusOf, turn, until } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())
beforeEach(async () => {
  await harness.database.sql`delete from pgboss.job where name in ('payment', 'payment_dead')`
  await harness.database.sql`update payments set ended_at = now() where ended_at is null`
})

/** Makes payments old enough to be missed. */
const age = ({ database }: Harness, ids: readonly string[]) =>
  database.sql`update payments set updated_at = now() - interval '2 minutes' where id = any (${[...ids]}::uuid[])`

const loseJobs = ({ database }: Harness, ids: readonly string[]) =>
  database.sql`delete from pgboss.job where singleton_key = any (${[...ids]})`

const liveJobs = async (id: string): Promise<string[]> => {
  const jobs = await harness.database.sql<{ state: string }[]>`
    select state::text from pgboss.job
    where name = 'payment' and singleton_key = ${id} and state in ('created', 'retry', 'active')`
  return jobs.map(({ state }) => state)
}

describe('the rescue', () => {
  test('gives a payment that lost its job exactly one again, and it completes', async () => {
    const id = await pay(harness)
    await turn(harness)
    await loseJobs(harness, [id])
    await age(harness, [id])
    expect(await harness.services.payments.rescue()).toBe(1)
    expect(await liveJobs(id)).toEqual(['created'])
    expect(await harness.services.payments.rescue()).toBe(0)
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
    await expectSound(harness, id)
  })

  test('that runs in ten places at once enqueues each payment once', async () => {
    const ids = await paySeveral(harness, 20)
    await loseJobs(harness, ids)
    await age(harness, ids)
    await Promise.all(Array.from({ length: 10 }, () => harness.services.payments.rescue()))
    for (const id of ids) expect(await liveJobs(id)).toEqual(['created'])
  })

  test('leaves payments alone whose job waits, is delayed, is retried or runs', async () => {
    const [waiting, delayed, retried, running] = await paySeveral(harness, 4)
    if (!waiting || !delayed || !retried || !running) throw new Error('no payments')
    const { sql } = harness.database
    for (const [id, state] of [
      [delayed, 'created'],
      [retried, 'retry'],
      [running, 'active'],
    ] as const)
      await sql`
        update pgboss.job set state = ${state}::pgboss.job_state, start_after = now() + interval '1 hour'
        where singleton_key = ${id}`
    await age(harness, [waiting, delayed, retried, running])
    const before = await sql`select * from pgboss.job order by id`
    expect(await harness.services.payments.rescue()).toBe(0)
    expect(await sql`select * from pgboss.job order by id`).toEqual(before)
  })

  test('leaves ended payments alone, and young ones to the worker that may just be moving them', async () => {
    const done = await pay(harness)
    await drive(harness, [done])
    const young = await pay(harness)
    await loseJobs(harness, [done, young])
    await age(harness, [done])
    expect(await harness.services.payments.rescue()).toBe(0)
  })

  test('takes up a payment whose job failed until it was dead, and asks a person to look', async () => {
    const id = await pay(harness)
    for (let tries = 0; tries <= QUEUES.payment.retryLimit; tries++) {
      const jobs = await claim(harness)
      expect(jobs).toHaveLength(1)
      await harness.boss.fail('payment', jobs)
    }
    expect(await liveJobs(id)).toEqual([])
    const dead = await harness.database.sql`select data from pgboss.job where name = 'payment_dead'`
    expect([...dead]).toEqual([{ data: { account_id: 'demo', payment_id: id } }])
    await age(harness, [id])
    expect(await harness.services.payments.rescue()).toBe(1)
    const [marked] = await harness.database.sql`select exception from payments where id = ${id}`
    expect(marked).toEqual({ exception: 'needs_review' })
    const [event] = await harness.database.sql`
      select type from webhook_events where payment_id = ${id} order by sequence desc limit 1`
    expect(event).toEqual({ type: 'payment.needs_review' })
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
    await expectSound(harness, id)
  })
})

test('a starting worker process takes up at once what an earlier one left without a job', async () => {
  const other = await startHarness({ workers: false })
  const ids = await paySeveral(other, 3)
  await loseJobs(other, ids)
  await age(other, ids)
  const { startWorkers } = await import('../../src/workers.ts')
  const { createLogger } = await import('../../src/telemetry/logger.ts')
  await startWorkers(other.boss, other.services, createLogger({ level: 'silent', pretty: false }))
  await until(ended(other, ids))
  for (const id of ids) await expectSound(other, id)
  await other.stop()
})
