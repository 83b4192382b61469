import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, ProviderRecord } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type CpnWorld, cpnWorld, payoutWith } from './fixtures.ts'

let world: CpnWorld
beforeAll(async () => {
  world = await cpnWorld()
})
afterAll(async () => {
  expect(world.server.violations).toEqual([])
  await world.close()
})

const listed = async (window?: { fromMs: number; toMs: number }): Promise<ProviderRecord[]> => {
  const { nowMs } = world.clock
  const records: ProviderRecord[] = []
  const pages = world.provider.records(window ?? { fromMs: nowMs - 10_000_000, toMs: nowMs + 1_000 }, never)
  for await (const page of pages) records.push(...page)
  return records
}
const recordOf = async ({ key }: Operation) => (await listed()).filter((record) => record.key === key)
const begun = async (change: Partial<Operation> = {}) => {
  const operation = payoutWith(change)
  await world.provider.initiate(operation, never)
  return operation
}
const paymentOf = ({ key }: Operation) => {
  const [payment] = world.server.of(key)
  if (!payment) throw new Error('there is no payment')
  return payment
}

describe('the list of payments', () => {
  test('has each operation once under its key, page after page, as our journal has it', async () => {
    const operations = await Promise.all(Array.from({ length: 8 }, () => begun()))
    world.server.settle()
    for (const operation of operations)
      expect(await recordOf(operation)).toMatchObject([
        {
          reference: paymentOf(operation).id,
          leg: 'offramp',
          state: 'done',
          amount: operation.amount,
          currency: 'EUR',
          settledAmount: 1_036_847_827n,
        },
      ])
  })

  test('says of a payout what was signed away for it, as our journal does', async () => {
    const operation = await begun()
    world.server.settle()
    paymentOf(operation).sourceAmount = { amount: '1036.900000', currency: 'USDC' }
    const done = await world.provider.status({ ...operation, sentBefore: true }, never)
    if (done.kind !== 'done') throw new Error(`expected done, got ${done.kind}`)
    expect((await recordOf(operation))[0]?.settledAmount).toBe(done.settled.amount)
  })

  test('has a payment whose answer was lost under our key, and one that is not ours under its own', async () => {
    const operation = payoutWith()
    void world.server.arm(
      'reset_after',
      ({ method, path }) => method === 'POST' && path === '/v1/cpn/payments',
    )
    await world.provider.initiate(operation, never).catch(() => null)
    expect(await recordOf(operation)).toHaveLength(1)
    const stranger = paymentOf(await begun())
    stranger.customerRefId = 'invoice 17'
    stranger.destinationAmount = { amount: '1500.00', currency: 'NGN' }
    await world.database.sql`delete from provider_steps where external_id = ${stranger.id}`
    expect((await listed()).filter(({ reference }) => reference === stranger.id)).toMatchObject([
      { key: 'invoice 17', amount: 150_000n, currency: 'NGN' },
    ])
  })

  test('shows a failed payment as refused only when no USDC is away', async () => {
    const stateAfter = async (
      change: (payment: ReturnType<typeof paymentOf>) => void,
      payer = 'user_alice',
    ) => {
      const operation = await begun({ sourceAccount: payer })
      const payment = paymentOf(operation)
      payment.status = 'FAILED'
      change(payment)
      return (await recordOf(operation))[0]?.state
    }
    const { refund } = world.server
    expect(await stateAfter(() => {}, 'payer_AsyncFailed')).toBe('refused')
    expect(await stateAfter(() => {})).toBe('pending')
    expect(await stateAfter((payment) => refund(payment, 'CREATED'))).toBe('pending')
    expect(await stateAfter((payment) => refund(payment, 'FAILED'))).toBe('pending')
    expect(await stateAfter((payment) => refund(payment, 'COMPLETED'))).toBe('refused')
  })

  test('ends before the end of its window', async () => {
    world.clock.nowMs += 20_000_000
    const operation = await begun()
    const { nowMs } = world.clock
    expect(await listed({ fromMs: nowMs - 5_000, toMs: nowMs })).toEqual([])
    expect((await listed({ fromMs: nowMs - 5_000, toMs: nowMs + 1 })).map(({ key }) => key)).toEqual([
      operation.key,
    ])
  })

  test('throws the reason of a signal, and when an amount cannot be read', async () => {
    const reason = new Error('deadline passed')
    const signal = AbortSignal.abort(reason)
    const first = world.provider.records({ fromMs: 0, toMs: 1 }, signal)[Symbol.asyncIterator]().next()
    expect(await first.catch((error: unknown) => error)).toBe(reason)
    const operation = await begun()
    paymentOf(operation).destinationAmount = { amount: '1.001', currency: 'EUR' }
    expect(await listed().catch(({ message }) => message)).toContain('cannot be read')
  })
})
