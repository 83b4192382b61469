import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Harness, startHarness } from '../support/harness.ts'
import { auditOf, ended, pay, turn } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

test('a change has one sequence, in the payment, the list, its history and the webhook that tells it', async () => {
  const id = await pay(harness, 'fail_offramp_once')
  const seen: number[] = []
  for (const over = ended(harness, [id]); !(await over()); ) {
    await turn(harness)
    const { body: payment } = await harness.call('GET', `/payments/${id}`)
    const { body: list } = await harness.call('GET', '/payments')
    expect(list.data).toMatchObject([{ payment_id: id, sequence: payment.sequence }])
    expect((await auditOf(harness, id)).at(-1)?.version).toBe(payment.sequence)
    expect(payment.state_history.at(-1).sequence).toBe(payment.sequence)
    const [event] = await harness.database.sql<{ body: string }[]>`
      select body from webhook_events where payment_id = ${id} order by sequence desc limit 1`
    expect(JSON.parse(event?.body ?? '').data).toMatchObject({
      sequence: payment.sequence,
      status: payment.status,
    })
    seen.push(payment.sequence)
  }
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBeGreaterThan(5)
})
