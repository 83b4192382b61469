import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ended, pay, turn } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { foundNow, LIVES, live } from './support.ts'

let harness: Harness
beforeAll(async () => {
  // Long enough for a page of records on a busy machine, short enough to wait once for a call that is lost.
  harness = await startHarness({ env: { PROVIDER_DEADLINE_MS: '2000' } })
})
afterAll(() => harness.stop())

test('an empty database agrees with itself', async () => {
  expect(await foundNow(harness)).toEqual([])
})

test('lives that reach every end, with refusals, failovers, failures and refunds, leave books that agree', async () => {
  await live(harness)
  const { checked, total, findings } = await harness.services.reconcile.run(2)
  expect(findings).toEqual([])
  expect(total).toBe(0)
  const { sql } = harness.database
  const [rows] = await sql`
    select (select count(*)::int from payments) as payments,
      (select count(*)::int from provider_operations) as operations,
      (select count(*)::int from ledger_entries) as entries,
      (select count(*)::int from sandbox.operations) as records`
  expect(checked).toEqual(rows as typeof checked)
  expect(checked.entries).toBeGreaterThan(50)
})

test('payments in flight, at every point of every life, are no findings', async () => {
  const ids = await Promise.all(
    [
      ...Object.values(LIVES),
      ['timeout_onramp', 'drop_refund'],
      ['drop_offramp', 'payee'],
      ['payer', 'x-payee'],
    ].map(([source, destination]) => pay(harness, source, destination)),
  )
  const over = ended(harness, ids)
  let looks = 0
  while (!(await over())) {
    const [findings] = await Promise.all([foundNow(harness), turn(harness)])
    expect(findings).toEqual([])
    looks++
  }
  expect(looks).toBeGreaterThan(5)
  expect(await foundNow(harness)).toEqual([])
})

test('what ended before the window is left alone, and found with more days', async () => {
  const { sql } = harness.database
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update payments set ended_at = ended_at - interval '4 days', usdc_received = 1 where usdc_received is not null`
  })
  expect(await foundNow(harness)).toEqual([])
  expect((await harness.services.reconcile.run(5)).total).toBeGreaterThan(0)
})
