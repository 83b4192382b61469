import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openDatabase } from '../../src/db/client.ts'
import type { Payment } from '../../src/payments/model.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { ACCOUNT, ended, paySeveral, until } from './support.ts'

const READS = 4_000
const PAYMENTS = 40
const READERS = 8

let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ workers: true, env: { SANDBOX_TIME_SCALE: '0' } })
})
afterAll(() => harness.stop())

/** What in one answer contradicts the rest of it. */
const contradictions = (payment: Payment): string[] => {
  const { status, state_history: history, legs, executed_rate: rate, usdc } = payment
  const last = history.at(-1)?.to_status
  const newest = history.at(-1)?.sequence ?? 0
  const settled = (leg: string) => legs.some((each) => each.leg === leg && each.status === 'done')
  return [
    ...(payment.sequence >= newest ? [] : [`sequence ${payment.sequence} is behind its history`]),
    ...(last === status ? [] : [`${status}, but its history ends with ${last}`]),
    ...(status === 'COMPLETED' && rate === null ? ['COMPLETED without an executed rate'] : []),
    ...(settled('onramp') === (usdc.received !== null) ? [] : ['USDC received does not fit the on-ramp']),
    ...((payment.completed_at !== null) === ['COMPLETED', 'REFUNDED'].includes(status) ? [] : ['wrong end']),
  ]
}

describe('one read of a payment', () => {
  test('never contradicts itself while workers move the payment on', async () => {
    const { payments } = harness.services
    const found: string[] = []
    let reads = 0
    while (reads < READS) {
      const ids = [
        ...(await paySeveral(harness, PAYMENTS / 2)),
        ...(await paySeveral(harness, PAYMENTS / 2, 'refuse_offramp')),
      ]
      let moving = true
      const reader = async (_: unknown, start: number) => {
        for (let turn = start; moving; turn++) {
          found.push(...contradictions(await payments.get(ACCOUNT, ids[turn % ids.length] ?? '')))
          reads++
        }
      }
      const readers = Array.from({ length: READERS }, reader)
      await until(ended(harness, ids))
      moving = false
      await Promise.all(readers)
    }
    expect(found).toEqual([])
    expect(harness.errors).toEqual([])
  }, 60_000)

  test('is the same whatever date style and time zone the session has', async () => {
    const [id = ''] = await paySeveral(harness, 1)
    await until(ended(harness, [id]))
    const settings = { DateStyle: 'SQL, DMY', TimeZone: 'Asia/Kolkata' }
    const abroad = openDatabase({ url: harness.database.url, max: 1, settings })
    try {
      const found = await createPaymentStore(abroad).find(ACCOUNT, id)
      expect(found?.payment.endedAt).toBeInstanceOf(Date)
      expect(found).toEqual(await createPaymentStore(harness.database).find(ACCOUNT, id))
    } finally {
      await abroad.close()
    }
  })
})
