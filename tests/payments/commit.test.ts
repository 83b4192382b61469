import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomIds } from '../../src/core/ids.ts'
import { changeOf } from '../../src/payments/changes.ts'
import { decide, settle } from '../../src/payments/lifecycle.ts'
import { type Change, commitChanges } from '../../src/payments/sql/commit.ts'
import { journalOperations, loadPayments } from '../../src/payments/sql/steps.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { AB, OUTCOMES, TIMING } from './lifecycle-fixtures.ts'
import { ACCOUNT, drive, expectSound, pay, snapshot, statusOf } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

const commit = (...changes: Change[]) => harness.database.sql.begin((tx) => commitChanges(tx, changes))

const load = async (id: string) => {
  const [payment] = await loadPayments(harness.database.sql, [{ account_id: ACCOUNT, payment_id: id }])
  if (!payment) throw new Error(`no payment ${id}`)
  return payment
}

/** A change whose provider did not answer: it moves the exception only, so state and attempt stay as they are. */
const troubled = async (id: string): Promise<Change> => {
  const payment = await load(id)
  const effect = settle(payment, decide(payment, AB), OUTCOMES.unknown, AB, TIMING)
  const cause = { actor: 'worker' as const, jobId: null, requestId: null, attempt: payment.attempt }
  return changeOf(payment, effect, cause, randomIds)
}

describe('a change applies only to the row that it was made from', () => {
  test('once: the same change again finds a newer version', async () => {
    const id = await pay(harness)
    const change = await troubled(id)
    expect((await commit(change)).moved).toEqual(new Set([id]))
    const before = await snapshot(harness.database.sql)
    expect((await commit({ ...change, event_id: randomIds.uuid() })).moved).toEqual(new Set())
    expect(await snapshot(harness.database.sql)).toBe(before)
  })

  for (const stale of [
    { from_status: 'ONRAMP_PENDING' },
    { version: 2 },
    { attempt: 1 },
    { account_id: 'other' },
  ])
    test(`and not with another ${Object.keys(stale)}`, async () => {
      const id = await pay(harness)
      const change = { ...(await troubled(id)), ...stale }
      const before = await snapshot(harness.database.sql)
      expect((await commit(change)).moved).toEqual(new Set())
      expect(await snapshot(harness.database.sql)).toBe(before)
    })

  test('of 10 writers at once one wins, and the version counts one', async () => {
    const id = await pay(harness)
    const change = await troubled(id)
    const results = await Promise.all(
      Array.from({ length: 10 }, () => commit({ ...change, event_id: randomIds.uuid() })),
    )
    expect(results.filter(({ moved }) => moved.has(id))).toHaveLength(1)
    expect((await load(id)).version).toBe(2)
    await expectSound(harness, id)
  })

  test('a stale change among others does not keep them from being committed', async () => {
    const [first, second] = [await pay(harness), await pay(harness)]
    const [good, stale] = [await troubled(first), { ...(await troubled(second)), version: 7 }]
    expect((await commit(good, stale)).moved).toEqual(new Set([first]))
  })
})

describe('a change and its successor', () => {
  test('are both undone when the successor cannot be enqueued', async () => {
    const id = await pay(harness)
    const change = { ...(await troubled(id)), job_id: crypto.randomUUID() }
    const before = await snapshot(harness.database.sql)
    // Its first job still waits, so an exclusive queue takes no other.
    await expect(commit(change)).rejects.toThrow('0 of 1 next steps could be enqueued')
    expect(await snapshot(harness.database.sql)).toBe(before)
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
  })
})

describe('an operation is journalled once', () => {
  const writeOf = async (id: string) => {
    const payment = await load(id)
    const move = decide(payment, AB)
    if (move.kind !== 'submit') throw new Error(`it wants to ${move.kind}`)
    const { leg, attempt, key, amount, currency } = move.operation
    const { provider } = move
    const { version } = payment
    const ids = { account_id: ACCOUNT, payment_id: id }
    return { ...ids, version, leg, attempt, provider, key, amount: amount.toString(), currency }
  }

  test('by 10 writers at once', async () => {
    const id = await pay(harness)
    const write = await writeOf(id)
    const results = await Promise.all(
      Array.from({ length: 10 }, () => journalOperations(harness.database.sql, [write])),
    )
    expect(results.filter((journalled) => journalled.has(id))).toHaveLength(1)
    expect((await load(id)).journal).toHaveLength(1)
  })

  test('and not for a version that has passed', async () => {
    const id = await pay(harness)
    const write = await writeOf(id)
    await commit(await troubled(id))
    expect(await journalOperations(harness.database.sql, [write])).toEqual(new Set())
    expect((await load(id)).journal).toEqual([])
  })
})
