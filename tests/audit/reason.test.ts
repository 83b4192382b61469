import { afterAll, beforeAll, expect, test } from 'bun:test'
import { drive, pay } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { PATIENT } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
})
afterAll(() => harness.stop())

interface Why {
  message: string
  reason: string | null
  told: string | null
}

/** The rows of a payment beside what its provider operation says, which later attempts may overwrite. */
const whyOf = (id: string): Promise<Why[]> =>
  harness.database.sql<Why[]>`
    select a.message, a.reason, o.reason as told from payment_audit a
    left join provider_operations o using (account_id, payment_id, leg, attempt)
    where a.payment_id = ${id} order by a.version`

test('a row says why the provider refused, also where its message only says what follows from that', async () => {
  const id = await pay(harness, 'refuse_offramp')
  await drive(harness, [id])
  const rows = await whyOf(id)
  const refused = rows.filter(({ reason }) => reason !== null)
  expect(refused.length).toBeGreaterThan(1)
  expect(refused.map(({ reason }) => reason)).toEqual(refused.map(({ told }) => told))
  expect(rows.find(({ message }) => message === 'Every provider refused the off-ramp')?.reason).not.toBeNull()
})

test('a row of a change in which nothing went wrong gives no reason', async () => {
  const id = await pay(harness)
  await drive(harness, [id])
  expect((await whyOf(id)).map(({ reason }) => reason)).toEqual([null, null, null, null, null])
})
