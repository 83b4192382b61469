import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, ProviderRecord } from '../../../src/providers/port.ts'
import { ALICE_ACCOUNT, isExecution, OUR_ACCOUNT, operationOf, setup } from './harness.ts'

type Rig = Awaited<ReturnType<typeof setup>>
let rig: Rig
beforeAll(async () => {
  rig = await setup()
})
afterEach(() => expect(rig.server.violations).toEqual([]))
afterAll(() => rig.close())

const never = new AbortController().signal
const EVER = { fromMs: 0, toMs: 4_000_000_000_000 }

const recordsIn = async (window = EVER): Promise<ProviderRecord[]> => {
  const found: ProviderRecord[] = []
  for await (const page of rig.provider.records(window, never)) found.push(...page)
  return found
}
const initiate = (operation: Operation) => rig.provider.initiate(operation, never).catch(() => null)
const recordOf = async ({ key }: Operation) => (await recordsIn()).find((record) => record.key === key)

describe('records', () => {
  test.each([
    ['onramp', { amount: 95_275n, currency: 'USD', settledAmount: 949_250_000n }],
    ['offramp', { amount: 95_275n, currency: 'USD', settledAmount: 956_250_000n }],
    ['refund', { amount: 95_275n, currency: 'USD', settledAmount: 95_275n }],
  ] as const)('have each %s under its own key, from pending to done', async (leg, settled) => {
    const operation = operationOf(leg)
    const outcome = await initiate(operation)
    const reference = outcome && 'reference' in outcome ? outcome.reference : ''
    const pending = { key: operation.key, reference, leg, ...settled, changedMs: rig.clock.nowMs }
    expect(await recordOf(operation)).toEqual({ ...pending, state: 'pending', settledAmount: null })
    rig.clock.nowMs += 60_000
    rig.server.settle()
    expect(await recordOf(operation)).toEqual({ ...pending, state: 'done', changedMs: rig.clock.nowMs })
  })

  test('show as refused what failed', async () => {
    const operation = operationOf('offramp')
    rig.server.failing.set(operation.key, {})
    await initiate(operation)
    rig.server.settle()
    expect(await recordOf(operation)).toMatchObject({ state: 'refused', settledAmount: null })
  })

  test('have an operation once, however many quotes it took', async () => {
    const operation = operationOf('offramp')
    void rig.server.arm('reset', isExecution)
    await initiate(operation)
    rig.clock.nowMs += 900_000
    await initiate({ ...operation, sentBefore: true })
    expect(rig.server.made(operation.key).length).toBe(2)
    expect((await recordsIn()).filter(({ key }) => key === operation.key).length).toBe(1)
  })

  test('have what was sent from an account by somebody else under its own id, in any asset, and no deposits', async () => {
    const operation = operationOf('offramp')
    await initiate(operation)
    const [shown] = rig.server.made(operation.key)
    if (!shown) throw new Error('no transfer was made')
    const { metadata: _, ...stranger } = shown
    const id = (n: number) => `transfer_00000000-0000-4000-8000-00000000000${n}`
    const put = (n: number, change: object) =>
      rig.server.transfers.set(id(n), { ...stranger, transferId: id(n), ...change })
    const address = { address: '0x2222222222222222222222222222222222222222', network: 'base', asset: 'usdc' }
    put(1, {})
    put(2, {
      target: address,
      sourceAsset: 'eurc',
      sourceAmount: '5.25',
      targetAsset: 'eurc',
      targetAmount: '5.25',
    })
    put(3, { source: address, target: { accountId: OUR_ACCOUNT, asset: 'usdc' } })
    put(4, { source: { accountId: ALICE_ACCOUNT, asset: 'usdc' }, targetAmount: undefined })
    const found = (await recordsIn()).filter(({ reference }) => reference.startsWith(id(0).slice(0, -1)))
    expect(found.map(({ key, leg, amount, currency }) => [key, leg, amount, currency]).sort()).toEqual([
      [id(1), 'offramp', 95_275n, 'USD'],
      [id(2), 'onramp', 5_250_000n, 'EURC'],
      [id(4), 'offramp', 0n, 'USD'],
    ])
    for (const n of [1, 2, 3, 4]) rig.server.transfers.delete(id(n))
  })

  test('come in all pages, each once', async () => {
    const operations = Array.from({ length: 120 }, () => operationOf('refund'))
    rig.clock.nowMs += 1_000
    const fromMs = rig.clock.nowMs
    for (const operation of operations) {
      await initiate(operation)
      rig.clock.nowMs += 1
    }
    const found = await recordsIn({ fromMs, toMs: rig.clock.nowMs })
    expect(found.map(({ key }) => key).sort()).toEqual(operations.map(({ key }) => key).sort())
  })

  test('are those made within the window, the end excluded', async () => {
    rig.clock.nowMs += 1_000
    const atMs = rig.clock.nowMs
    const operation = operationOf('refund')
    await initiate(operation)
    const keys = async (fromMs: number, toMs: number) =>
      (await recordsIn({ fromMs, toMs })).map(({ key }) => key)
    expect(await keys(atMs, atMs + 1)).toEqual([operation.key])
    expect(await keys(atMs - 500, atMs)).toEqual([])
    expect(await keys(atMs + 1, atMs + 500)).toEqual([])
  })

  test.each([
    { status: 'reversed' },
    { status: 'toString' },
    { targetAmount: '1.005' },
    { updatedAt: 'yesterday, about noon' },
  ])('are not guessed: %j throws', async (change) => {
    const operation = operationOf('offramp')
    await initiate(operation)
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, ...change }))
    const listed = await recordsIn().catch(({ message }: Error) => message)
    expect(listed).toStartWith('coinbase lists')
    rig.server.changes.delete(operation.key)
  })

  test('throw once the signal is set', async () => {
    const reason = new Error('deadline passed')
    const listed = rig.provider.records(EVER, AbortSignal.abort(reason))[Symbol.asyncIterator]().next()
    expect(await listed.catch((error: unknown) => error)).toBe(reason)
  })
})
