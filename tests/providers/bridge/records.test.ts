import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Leg, Operation, Provider, ProviderRecord } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type BridgeWorld, bridgeWorld } from './fixtures.ts'

let world: BridgeWorld
let provider: Provider
let account: string
beforeEach(async () => {
  world = await bridgeWorld()
  provider = world.bridge()
  account = await world.enrol('EUR')
})
afterEach(async () => {
  expect(world.server.wire.violations).toEqual([])
  await world.close()
})

const made = async (leg: Leg, change: Partial<Operation> = {}): Promise<Operation> => {
  const operation = world.operation(leg, 'EUR', account, change)
  const outcome = await provider.initiate(operation, never)
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  return { ...operation, reference: outcome.reference }
}

const listed = async (fromMs = 0, toMs = Number.MAX_SAFE_INTEGER): Promise<ProviderRecord[]> => {
  const records: ProviderRecord[] = []
  for await (const page of provider.records({ fromMs, toMs }, never)) records.push(...page)
  return records
}

test('each operation is listed once, with what was asked for and what came of it', async () => {
  const [onramp, offramp, refund] = [await made('onramp'), await made('offramp'), await made('refund')]
  world.server.settle()
  const records = new Map((await listed()).map((record) => [record.key, record]))
  expect(records.size).toBe(3)
  const common = { state: 'done', amount: 95_275n, currency: 'EUR' } as const
  for (const operation of [onramp, offramp, refund]) {
    const known = { ...operation, sentBefore: true }
    const outcome = await provider.status(known, never)
    if (outcome.kind !== 'done') throw new Error(`expected done, got ${outcome.kind}`)
    expect(records.get(operation.key)).toMatchObject({
      ...common,
      leg: operation.leg,
      reference: operation.reference ?? '',
      settledAmount: outcome.settled.amount,
    })
  }
})

test('a record that has not ended has settled nothing, and one that came back is refused', async () => {
  const [pending, failed, stuck] = [await made('onramp'), await made('offramp'), await made('refund')]
  world.clock.nowMs += 60_000
  world.server.change(failed.key, { state: 'refunded' })
  world.server.change(stuck.key, { state: 'refund_failed' })
  const records = new Map((await listed()).map((record) => [record.key, record]))
  expect(records.get(pending.key)).toMatchObject({ state: 'pending', settledAmount: null })
  expect(records.get(failed.key)).toMatchObject({ state: 'refused', settledAmount: null })
  expect(records.get(stuck.key)).toMatchObject({ state: 'pending', settledAmount: null })
  const at = Date.parse(world.server.of(failed.key).updated_at)
  expect(records.get(failed.key)?.changedMs).toBe(at)
})

test('the window has its start and not its end, by when a transfer was made', async () => {
  const keys: string[] = []
  const times: number[] = []
  for (let n = 0; n < 3; n++) {
    const { key } = await made('onramp')
    keys.push(key)
    times.push(Date.parse(world.server.of(key).created_at))
    world.clock.nowMs += 60_000
  }
  world.server.settle()
  const [first = 0, , last = 0] = times
  expect((await listed(first, last)).map(({ key }) => key)).toEqual([keys[1], keys[0]] as string[])
  expect(await listed(last + 1)).toEqual([])
})

test('goes through all pages, and no further than the window', async () => {
  const example = await made('onramp')
  const { transfers } = world.server
  const template = world.server.of(example.key)
  const startMs = Date.parse(template.created_at)
  transfers.length = 0
  for (let n = 0; n < 250; n++)
    transfers.push({
      ...template,
      id: crypto.randomUUID(),
      client_reference_id: crypto.randomUUID(),
      created_at: new Date(startMs - n * 1_000).toISOString(),
    })
  const pages = () => world.server.wire.received.filter(({ path }) => path === '/v0/transfers').length
  const all = await listed()
  expect(new Set(all.map(({ key }) => key)).size).toBe(250)
  const before = pages()
  expect(await listed(startMs - 9_000)).toHaveLength(10)
  expect(pages() - before).toBe(1)
})

test('what is not ours has the provider’s id for a key, or the reference that somebody gave it', async () => {
  const ours = await made('offramp')
  const theirs = { ...world.server.of(ours.key), id: 'b0a1', client_reference_id: 'invoice 7' }
  const copied = { ...theirs, id: 'b0a2', client_reference_id: crypto.randomUUID() }
  const odd = {
    ...theirs,
    id: 'b0a3',
    amount: '',
    source: { currency: 'eth' },
    destination: { currency: 'dai' },
  }
  world.server.transfers.push(theirs, copied, odd)
  const records = await listed()
  expect(records.map(({ key }) => key)).toEqual([ours.key, 'b0a1', copied.client_reference_id, 'b0a3'])
  expect(records.at(-1)).toMatchObject({ amount: 0n, currency: 'DAI', settledAmount: null })
})

test('a transfer whose answer never came is known by our key', async () => {
  const operation = world.operation('offramp', 'EUR', account)
  void world.server.wire.arm('reset_after', ({ method }) => method === 'POST')
  await expect(provider.initiate(operation, never)).rejects.toThrow()
  expect(await listed()).toMatchObject([
    { key: operation.key, leg: 'offramp', state: 'pending', amount: 95_275n },
  ])
})

test('a listing that does not move on, or whose times cannot be read, throws instead of telling half', async () => {
  const { key } = await made('onramp')
  world.server.change(key, { created_at: 'yesterday' })
  await expect(listed()).rejects.toThrow('time')
  const transfer = world.server.of(key)
  world.server.change(key, { created_at: new Date(world.clock.nowMs).toISOString() })
  world.server.transfers.push(transfer)
  await expect(listed()).rejects.toThrow('again')
})

test('a signal ends the listing', async () => {
  await made('onramp')
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  const pages = provider.records({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }, stop.signal)
  await expect(pages[Symbol.asyncIterator]().next()).rejects.toThrow('enough')
})
