import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Status } from '../../src/payments/transitions.ts'
import type { Checkpoint } from '../../src/payments/worker.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { addEndpoint, BREAKABLE, whileBroken } from './accept-support.ts'
import {
  type Aftermath,
  claim,
  drive,
  expectSound,
  expireClaims,
  operationsOf,
  pathOf,
  pay,
  snapshot,
  statusOf,
  turn,
} from './support.ts'

const POINTS: Checkpoint[] = ['loaded', 'journalled', 'called', 'committed']

let harness: Harness
/** Called at every checkpoint; a test puts its trouble here. */
let reach: (point: Checkpoint) => Promise<void> | void = () => {}
beforeAll(async () => {
  harness = await startHarness({ checkpoint: (point) => reach(point) })
  await addEndpoint(harness)
})
afterAll(() => harness.stop())

const LIVES: { source: string; end: Status; operations: number }[] = [
  { source: 'payer', end: 'COMPLETED', operations: 2 },
  { source: 'fail_offramp_once', end: 'COMPLETED', operations: 3 },
  { source: 'refuse_onramp', end: 'FAILED', operations: 3 },
  { source: 'refuse_offramp', end: 'REFUNDED', operations: 5 },
]

/** Lets every other batch die at this point, so that each step of a life meets it once and then gets through. */
const dieAt = (fatal: Checkpoint) => {
  const died = { times: 0 }
  let visits = 0
  reach = (point) => {
    if (point !== fatal || visits++ % 2 === 1) return
    died.times++
    throw new Error(`died at ${point}`)
  }
  return died
}

describe('a worker that dies in each of its steps', () => {
  for (const point of POINTS)
    for (const aftermath of ['failed', 'killed'] as Aftermath[])
      test(`at '${point}' (its jobs are ${aftermath}) loses nothing and does nothing twice`, async () => {
        const ids = await Promise.all(LIVES.map(({ source }) => pay(harness, source)))
        const died = dieAt(point)
        await drive(harness, ids, aftermath)
        reach = () => {}
        // The shortest way to completion has four steps.
        expect(died.times).toBeGreaterThanOrEqual(4)
        for (const [index, { end, operations }] of LIVES.entries()) {
          const id = ids[index] ?? ''
          expect(await statusOf(harness, id)).toBe(end)
          expect(await operationsOf(harness, id)).toHaveLength(operations)
          await expectSound(harness, id)
        }
        const keys = (await Promise.all(ids.map((id) => operationsOf(harness, id))))
          .flat()
          .map(({ key }) => key)
        const booked = await harness.database
          .sql`select key from sandbox.operations where key = any (${keys}::uuid[])`
        expect(booked).toHaveLength(keys.length)
      })
})

describe('a step commits all or nothing', () => {
  for (const table of Object.keys(BREAKABLE) as (keyof typeof BREAKABLE)[])
    test(`when ${table} cannot be written`, async () => {
      const id = await pay(harness)
      await turn(harness)
      expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
      const jobs = await claim(harness)
      const before = await snapshot(harness.database.sql)
      await whileBroken(harness, table, async () => {
        await expect(harness.services.runSteps(jobs)).rejects.toThrow('forced')
        expect(await snapshot(harness.database.sql)).toBe(before)
      })
      await expireClaims(harness)
      await drive(harness, [id])
      await expectSound(harness, id)
    })
})

/** Stops the next batch at a point until it is released. */
const holdAt = (held: Checkpoint) => {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  reach = (point) => {
    if (point !== held) return
    reach = () => {}
    reached.resolve()
    return released.promise
  }
  return { reached: reached.promise, release: released.resolve }
}

describe('a worker that stalls until its claim has been given to another', () => {
  for (const point of ['loaded', 'journalled', 'called'] as const)
    for (const source of ['payer', 'fail_offramp_once', 'refuse_onramp_once'])
      test(`at '${point}' changes nothing when it wakes, whatever it was about to do (${source})`, async () => {
        const id = await pay(harness, source)
        // Each turn is one more step of the life that the stalled worker was in the middle of.
        for (let step = 0; step < 4; step++) {
          const hold = holdAt(point)
          const stale = harness.services.runSteps(await claim(harness))
          await hold.reached
          await expireClaims(harness)
          await turn(harness)
          const before = await snapshot(harness.database.sql)
          hold.release()
          await stale
          expect(await snapshot(harness.database.sql)).toBe(before)
        }
        await drive(harness, [id])
        expect(await statusOf(harness, id)).toBe('COMPLETED')
        await expectSound(harness, id)
      })

  test('while that one still runs leaves the payment to it', async () => {
    const id = await pay(harness)
    const hold = holdAt('called')
    const stale = harness.services.runSteps(await claim(harness))
    await hold.reached
    await expireClaims(harness)
    const fresh = await claim(harness)
    const before = await snapshot(harness.database.sql)
    hold.release()
    await stale
    expect(await snapshot(harness.database.sql)).toBe(before)
    await harness.services.runSteps(fresh)
    expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
    await drive(harness, [id])
  })

  test('until the payment has ended sends nothing and changes nothing', async () => {
    const id = await pay(harness)
    const hold = holdAt('loaded')
    const stale = harness.services.runSteps(await claim(harness))
    await hold.reached
    await expireClaims(harness)
    await drive(harness, [id])
    const before = await snapshot(harness.database.sql)
    hold.release()
    await stale
    expect(await snapshot(harness.database.sql)).toBe(before)
    expect(await operationsOf(harness, id)).toHaveLength(2)
  })
})

/** What a step commits; journalling its operation comes before and needs no claim. */
const committed = async () => {
  const { audit, entries, events, jobs } = JSON.parse(await snapshot(harness.database.sql))
  return JSON.stringify({ audit, entries, events, jobs })
}

describe('jobs that come twice, late or in disorder', () => {
  test('a batch that two workers run at once is committed by one of them', async () => {
    const sources = LIVES.map(({ source }) => source)
    const ids = await Promise.all([...sources, ...sources, ...sources].map((source) => pay(harness, source)))
    for (let jobs = await claim(harness); jobs.length > 0; jobs = await claim(harness)) {
      const twice = await Promise.allSettled([
        harness.services.runSteps(jobs),
        harness.services.runSteps([...jobs].reverse()),
      ])
      expect(twice.filter(({ status }) => status === 'rejected')).toEqual([])
    }
    await drive(harness, ids)
    for (const [index, id] of ids.entries()) {
      const life = LIVES[index % LIVES.length]
      expect(await statusOf(harness, id)).toBe(life?.end as Status)
      expect(await operationsOf(harness, id)).toHaveLength(life?.operations ?? 0)
      await expectSound(harness, id)
    }
  })

  test('a job that was completed already commits nothing when it is run again, and sends nothing twice', async () => {
    const id = await pay(harness)
    const old: Awaited<ReturnType<typeof claim>>[] = []
    while ((await statusOf(harness, id)) !== 'COMPLETED') {
      const jobs = await claim(harness)
      old.push(jobs)
      await harness.services.runSteps(jobs)
      const before = await committed()
      // The newest first, so that they also come in disorder.
      for (const late of old.toReversed()) await harness.services.runSteps(late)
      expect(await committed()).toBe(before)
    }
    expect(await pathOf(harness, id)).toHaveLength(5)
    expect(await operationsOf(harness, id)).toHaveLength(2)
    await expectSound(harness, id)
  })

  test('a job for a payment that does not exist is completed and does not disturb its batch', async () => {
    const id = await pay(harness)
    const key = crypto.randomUUID()
    await harness.boss.insert('payment', [
      { data: { account_id: 'demo', payment_id: key }, singletonKey: key },
      { data: { account_id: 'demo', payment_id: key }, singletonKey: `${key}-2` },
    ])
    await turn(harness)
    expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
    const [job] = await harness.database.sql`select state::text from pgboss.job where singleton_key = ${key}`
    expect(job).toEqual({ state: 'completed' })
    await drive(harness, [id])
  })

  test('a surplus job for an ended payment rests: nothing is written and none follows', async () => {
    const id = await pay(harness)
    await drive(harness, [id])
    await harness.boss.insert('payment', [{ data: { account_id: 'demo', payment_id: id }, singletonKey: id }])
    const before = await pathOf(harness, id)
    await turn(harness)
    expect(await pathOf(harness, id)).toEqual(before)
    expect(await claim(harness)).toEqual([])
  })
})
