import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import type { Status } from '../../src/payments/transitions.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { ended, expectSound, operationsOf, paySeveral, statusOf, until } from './support.ts'

const PAYMENTS = 3

/** Virtual milliseconds after acceptance at which a payment was first seen in a state. */
type Sightings = Map<Status, number>

let harness: Harness
let steps = 0
let start: number
let seen: Sightings[]
let ids: string[]

const idle = async (): Promise<boolean> => {
  const [row] = await harness.database.sql<{ active: number }[]>`
    select count(*)::int as active from pgboss.job where name = 'payment' and state = 'active'`
  return row?.active === 0
}

/** When the next job is due; at once while one runs. Between a look at `idle` and this a worker may have taken one. */
const nextDue = async (): Promise<number> => {
  const [row] = await harness.database.sql<{ due: number }[]>`
    select coalesce(min(case state when 'active' then 0 else extract(epoch from start_after) * 1000 end), 0)::float8 as due
    from pgboss.job where name = 'payment' and state in ('created', 'retry', 'active')`
  return row?.due ?? 0
}

beforeAll(async () => {
  const clock = new TestClock()
  harness = await startHarness({
    clock,
    workers: true,
    env: { SANDBOX_TIME_SCALE: '1', PROVIDER_DEADLINE_MS: '5000' },
    checkpoint: (point) => {
      if (point === 'committed') steps++
    },
  })
  start = clock.now()
  ids = await paySeveral(harness, PAYMENTS)
  seen = ids.map(() => new Map())
  const over = ended(harness, ids)
  while (!(await over()) && clock.now() < start + 600_000) {
    // Nothing runs between two jobs, so that time may be jumped over; a tick of many seconds while handlers run
    // would expire them.
    const due = await nextDue()
    if (due - clock.now() > 1000) await clock.setTime(due - 500)
    await clock.tick(1000)
    await until(idle)
    for (const [index, id] of ids.entries()) {
      const status = await statusOf(harness, id)
      const sightings = seen[index]
      if (sightings && !sightings.has(status)) sightings.set(status, clock.now() - start)
    }
  }
}, 60_000)
afterAll(() => harness.stop())

describe('a payment in the sandbox’s real time, played in virtual time', () => {
  test('completes within 90 to 120 seconds for each leg and a few for noticing', () => {
    for (const sightings of seen) {
      const completed = sightings.get('COMPLETED') ?? Number.POSITIVE_INFINITY
      expect(completed).toBeGreaterThanOrEqual(180_000)
      expect(completed).toBeLessThanOrEqual(260_000)
    }
  })

  test('settles neither leg before its provider has', async () => {
    for (const [index, id] of ids.entries()) {
      const onramped = seen[index]?.get('ONRAMP_COMPLETE') ?? seen[index]?.get('OFFRAMP_PENDING') ?? 0
      expect(onramped).toBeGreaterThanOrEqual(90_000)
      expect((seen[index]?.get('COMPLETED') ?? 0) - onramped).toBeGreaterThanOrEqual(90_000)
      const keys = (await operationsOf(harness, id)).map(({ key }) => key)
      const ends = await harness.database.sql<{ leg: string; at: number }[]>`
        select leg, ends_at_ms::float8 as at from sandbox.operations where key = any (${keys}::uuid[]) order by ends_at_ms`
      expect(ends.map(({ leg }) => leg)).toEqual(['onramp', 'offramp'])
      expect(start + onramped).toBeGreaterThanOrEqual(ends[0]?.at ?? 0)
      expect(start + (seen[index]?.get('COMPLETED') ?? 0)).toBeGreaterThanOrEqual(ends[1]?.at ?? 0)
      await expectSound(harness, id)
    }
  })

  test('is asked about seldom: the first time when it can be settled, then a few times', async () => {
    const [row] = await harness.database.sql<{ jobs: number }[]>`
      select count(*)::int as jobs from pgboss.job where name = 'payment'`
    // Two submissions, and for each leg one poll at 90 s and at most one every 5 s until 120 s.
    expect((row?.jobs ?? 0) / PAYMENTS).toBeLessThanOrEqual(2 + 2 * 7)
    expect(steps).toBeGreaterThan(0)
  })
})
