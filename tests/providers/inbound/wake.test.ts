import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  claim,
  drive,
  ended,
  expectSound,
  pay,
  paySeveral,
  statusOf,
  turn,
  until,
} from '../../payments/support.ts'
import { type Harness, startHarness } from '../../support/harness.ts'
import { memoryLog } from '../../webhooks/support.ts'
import { everything, liveJobs, operationOf, referencesOf, send, sendingProvider } from './support.ts'

const fake = sendingProvider()
const other = sendingProvider('other')
const { log, lines } = memoryLog()
let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ providers: [fake.provider, other.provider], log })
})
afterAll(() => harness.stop())
beforeEach(async () => {
  fake.state.finished = false
  await harness.database.sql`delete from pgboss.job where name = 'payment'`
})

/** A payment whose on-ramp was accepted, with its next step an hour away, and the on-ramp's reference. */
const waiting = async (): Promise<{ id: string; reference: string }> => {
  const id = await pay(harness)
  await turn(harness)
  const [reference = ''] = await referencesOf(harness, id)
  return { id, reference }
}

const isDue = async (id: string): Promise<boolean> => {
  const [job, ...others] = await liveJobs(harness, id)
  expect(others).toEqual([])
  return job !== undefined && job.seconds <= 0
}

const recorded = async (id: string): Promise<number> =>
  (await harness.database.sql`select event_id from provider_events where payment_id = ${id}`).length

describe('an event of a provider', () => {
  test('lets a payment whose next poll is an hour away complete at once', async () => {
    const working = await startHarness({ providers: [fake.provider], workers: true })
    const id = await pay(working)
    for (const [status, count] of [
      ['ONRAMP_PENDING', 1],
      ['OFFRAMP_PENDING', 2],
    ] as const) {
      await until(async () => (await statusOf(working, id)) === status)
      const references = await referencesOf(working, id)
      expect(references).toHaveLength(count)
      fake.state.finished = true
      const answer = await send(working, { names: references.slice(-1) })
      expect([answer.status, answer.body]).toEqual([200, { received: true }])
      await until(async () => (await statusOf(working, id)) !== status)
    }
    await until(ended(working, [id]))
    expect(await statusOf(working, id)).toBe('COMPLETED')
    await expectSound(working, id)
    expect(working.errors).toEqual([])
    await working.stop()
  })

  test('makes the step that waits due and changes nothing else about it', async () => {
    const { id, reference } = await waiting()
    const [before] = await liveJobs(harness, id)
    expect(before?.seconds).toBeGreaterThan(3_000)
    await send(harness, { names: [reference] })
    const [after] = await liveJobs(harness, id)
    expect(after).toEqual({ ...before, seconds: expect.any(Number) } as NonNullable<typeof after>)
    expect(await isDue(id)).toBe(true)
    expect(await recorded(id)).toBe(1)
  })

  test('is a line in the log with the ids of the payment, of the event and of the request', async () => {
    const { id, reference } = await waiting()
    const answer = await send(harness, { id: 'evt_logged', names: [reference] })
    expect(lines.filter(({ event_id }) => event_id === 'evt_logged')).toMatchObject([
      { payment_id: id, account_id: 'demo', request_id: answer.headers.get('x-request-id') },
    ])
  })

  test('wakes the workers of this process, which would find the step at their next poll only, and only for news', async () => {
    const { reference } = await waiting()
    const { wakers } = harness.services
    let woken = 0
    wakers.payments = () => {
      woken++
    }
    const event = { id: 'evt_wakes', names: [reference] }
    const counts = []
    for (const names of [[reference], [reference], ['ref_unknown']]) {
      await send(harness, { ...event, names })
      counts.push(woken)
    }
    wakers.payments = () => {}
    expect(counts).toEqual([1, 1, 1])
  })

  test('makes a step due that failed and waits to be tried again', async () => {
    const { id, reference } = await waiting()
    await harness.boss.fail('payment', await claim(harness))
    await harness.database.sql`
      update pgboss.job set start_after = now() + interval '1 hour' where singleton_key = ${id} and state = 'retry'`
    await send(harness, { names: [reference] })
    expect(await isDue(id)).toBe(true)
  })

  test('never puts off a step that was due already', async () => {
    const { id, reference } = await waiting()
    await harness.database.sql`
      update pgboss.job set start_after = now() - interval '5 minutes' where singleton_key = ${id}`
    await send(harness, { names: [reference] })
    const [job] = await liveJobs(harness, id)
    expect(job?.seconds).toBeLessThan(-200)
  })

  test('gives a live payment that lost its job a step, and that the same one as ever', async () => {
    const { id, reference } = await waiting()
    const [lost] = await liveJobs(harness, id)
    await harness.database.sql`delete from pgboss.job where singleton_key = ${id}`
    await send(harness, { names: [reference] })
    expect(await isDue(id)).toBe(true)
    const [job] = await liveJobs(harness, id)
    expect(job?.data).toEqual(lost?.data ?? {})
    fake.state.finished = true
    await drive(harness, [id])
    await expectSound(harness, id)
  })

  test.each([
    ['COMPLETED', 1],
    ['CANCELLED', 0],
  ] as const)(
    'gives a payment that is %s a step, which asks %i times whether its payout stands, and sends nothing',
    async (end, questions) => {
      fake.state.finished = true
      const id = await pay(harness)
      await turn(harness)
      const [reference = ''] = await referencesOf(harness, id)
      if (end === 'COMPLETED') await drive(harness, [id])
      else await harness.database.sql`update payments set status = ${end}, ended_at = now() where id = ${id}`
      await harness.database.sql`delete from pgboss.job where singleton_key = ${id}`
      await send(harness, { names: [reference] })
      expect(await isDue(id)).toBe(true)
      const asked = fake.calls.length
      expect(await turn(harness)).toBe(false)
      expect(await liveJobs(harness, id)).toHaveLength(0)
      expect(fake.calls.slice(asked).map(({ kind }) => kind)).toEqual(
        Array.from({ length: questions }, () => 'status' as const),
      )
      expect(await statusOf(harness, id)).toBe(end)
    },
  )

  test('finds the operation by our own key, while its reference is not known', async () => {
    const { id } = await waiting()
    const { key } = await operationOf(harness, id)
    await harness.database.sql`update provider_operations set reference = null where payment_id = ${id}`
    await send(harness, { names: ['unknown', key] })
    expect(await isDue(id)).toBe(true)
  })

  test('finds the operation by what the provider calls one of its steps', async () => {
    const { id } = await waiting()
    const { key } = await operationOf(harness, id)
    await harness.database.sql`
      insert into provider_steps (account_id, key, step, provider, external_id)
      values ('demo', ${key}, 'payout', 'fake', 'payout_of_a_step')`
    await send(harness, { names: ['payout_of_a_step'] })
    expect(await isDue(id)).toBe(true)
  })

  test('about several payments wakes each of them, though it is written down once', async () => {
    const two = await Promise.all([waiting(), waiting()])
    await send(harness, { names: two.map(({ reference }) => reference) })
    expect(await Promise.all(two.map(({ id }) => isDue(id)))).toEqual([true, true])
    const counts = await Promise.all(two.map(({ id }) => recorded(id)))
    expect(counts.toSorted()).toEqual([0, 1])
  })

  test('about payments of two accounts that share a name wakes both', async () => {
    const [own, foreign] = [await waiting(), await waiting()]
    await harness.database.sql`
      update provider_operations set reference = ${own.reference} where payment_id = ${foreign.id}`
    await send(harness, { names: [own.reference] })
    expect([await isDue(own.id), await isDue(foreign.id)]).toEqual([true, true])
  })
})

describe('an event that comes while the step runs', () => {
  test('has its successor run at once instead of at the next poll', async () => {
    const { id, reference } = await waiting()
    const jobs = await claim(harness)
    await send(harness, { names: [reference] })
    expect(await liveJobs(harness, id)).toMatchObject([{ state: 'active' }])
    await harness.services.runSteps(jobs)
    expect(await isDue(id)).toBe(true)
    await turn(harness)
    expect(await isDue(id)).toBe(false)
  })

  test('is not lost when the step is being committed at that moment', async () => {
    const { id, reference } = await waiting()
    const [job] = await claim(harness)
    if (!job) throw new Error('no job was claimed')
    const { sql } = harness.database
    const { promise: sent, resolve: letGo } = Promise.withResolvers<void>()
    const committing = sql.begin(async (tx) => {
      await tx`update pgboss.job set state = 'completed', completed_on = now() where id = ${job.id}`
      await tx`
        insert into pgboss.job (name, data, singleton_key, policy, start_after)
        select name, data, singleton_key, policy, now() + interval '1 hour' from pgboss.job where id = ${job.id}`
      await sent
    })
    const answer = send(harness, { names: [reference] })
    await until(async () => {
      const blocked = await sql`
        select from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%provider_events%' and datname = current_database()`
      return blocked.length > 0
    })
    letGo()
    await committing
    expect((await answer).status).toBe(200)
    expect(await isDue(id)).toBe(true)
  })
})

describe('an event changes nothing', () => {
  const unchangedBy = async (act: () => Promise<{ status: number }>, status: number) => {
    const before = await everything(harness)
    expect((await act()).status).toBe(status)
    expect(await everything(harness)).toBe(before)
  }

  test('when it is not signed by the provider', async () => {
    const { reference } = await waiting()
    await unchangedBy(() => send(harness, { names: [reference] }, { headers: {} }), 401)
  })

  test('when it was seen before, even long after its payment has gone on', async () => {
    const { id, reference } = await waiting()
    const event = { id: 'evt_repeated', names: [reference] }
    await send(harness, event)
    await turn(harness)
    await unchangedBy(() => send(harness, event), 200)
    fake.state.finished = true
    await drive(harness, [id])
    await unchangedBy(() => send(harness, event), 200)
  })

  test('when it is about nothing of ours', async () => {
    await waiting()
    const names = ['ref_unknown', crypto.randomUUID(), "'; drop table payments; --"]
    await unchangedBy(() => send(harness, { names }), 200)
    await unchangedBy(() => send(harness, { names: [] }), 200)
  })

  test('when another provider sends it, by whatever name', async () => {
    const { id, reference } = await waiting()
    const { key } = await operationOf(harness, id)
    await harness.database.sql`
      insert into provider_steps (account_id, key, step, provider, external_id)
      values ('demo', ${key}, 'payout', 'fake', 'payout_of_the_first')`
    const names = [reference, key, 'payout_of_the_first']
    await unchangedBy(() => send(harness, { names }, { provider: 'other' }), 200)
  })

  test('when the provider is unknown, or sends nothing', async () => {
    const { reference } = await waiting()
    await unchangedBy(() => send(harness, { names: [reference] }, { provider: 'nobody' }), 404)
    await unchangedBy(() => send(harness, { names: [reference] }, { provider: '__proto__' }), 404)
  })

  test('when its id is nothing that can be written down', async () => {
    const { reference } = await waiting()
    for (const id of ['', 'with a blank', 'null\0', 'x'.repeat(201)])
      await unchangedBy(() => send(harness, { id, names: [reference] }), 401)
  })

  test('of its payment by itself: not the newest state, nor one that comes out of order', async () => {
    const { id, reference } = await waiting()
    const audit = () => harness.database.sql`select to_jsonb(a) from payment_audit a where payment_id = ${id}`
    const before = await audit()
    for (const order of ['completed', 'processing', 'quoted'])
      await send(harness, { id: `evt_${order}_${id}`, names: [reference] })
    expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
    await turn(harness)
    expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
    expect(await audit()).toEqual(before)
  })
})

describe('many events', () => {
  test('that are equal and come at once wake their payment once', async () => {
    const { id, reference } = await waiting()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => send(harness, { id: `evt_${id}`, names: [reference] })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await recorded(id)).toBe(1)
    expect(await isDue(id)).toBe(true)
    const asked = fake.calls.length
    await turn(harness)
    expect(fake.calls.length - asked).toBe(1)
    expect(await isDue(id)).toBe(false)
  })

  test('that differ, for many payments with their steps running, leave each payment one job and sound', async () => {
    const working = await startHarness({ providers: [fake.provider], workers: true })
    const ids = await paySeveral(working, 20)
    fake.state.finished = true
    const over = ended(working, ids)
    while (!(await over()))
      for (const id of ids) {
        const names = await referencesOf(working, id)
        if (names.length > 0) expect((await send(working, { names })).status).toBe(200)
      }
    for (const id of ids) {
      expect(await statusOf(working, id)).toBe('COMPLETED')
      await expectSound(working, id)
    }
    expect(working.errors).toEqual([])
    await working.stop()
  })
})

test('an event is looked up by no more than 32 names, none of them long or unprintable', async () => {
  const { id, reference } = await waiting()
  const names = Array.from({ length: 32 }, (_, index) => `other_${index}`)
  await send(harness, { names: [...names, reference] })
  expect(await isDue(id)).toBe(false)
  await send(harness, { names: ['x'.repeat(201), 'null\0', 'two words', ...names.slice(1), reference] })
  expect(await isDue(id)).toBe(true)
})

const receivedLongAgo = ({ database }: Harness, count: number) =>
  database.sql`
    insert into provider_events (account_id, provider, event_id, payment_id, received_at)
    select 'demo', 'fake', 'evt_' || days || '_' || i, gen_random_uuid(), now() - days * interval '1 day'
    from generate_series(1, ${count}) i, unnest(array[29, 31]) days`

test('events are forgotten after 30 days, in batches, and no sooner', async () => {
  const { sql } = harness.database
  await sql`delete from provider_events`
  await receivedLongAgo(harness, 6_000)
  expect(await harness.services.inbound.sweep()).toBe(6_000)
  const [left] = await sql`select count(*)::int as count, min(event_id) as first from provider_events`
  expect(left).toEqual({ count: 6_000, first: 'evt_29_1' })
})

test('old events are forgotten by the sweep that runs by itself', async () => {
  const working = await startHarness({ providers: [fake.provider], workers: true })
  await receivedLongAgo(working, 1)
  await working.boss.send('quote_sweep')
  await until(async () => (await working.database.sql`select from provider_events`).length === 1)
  expect(working.errors).toEqual([])
  await working.stop()
})
