import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Operation, ProviderRecord } from '../../../src/providers/port.ts'
import { AMOUNT, COST, DOLLARS, type Setup, setup } from './harness.ts'

const never = new AbortController().signal
const HOUR_MS = 3_600_000

let it: Setup
beforeEach(async () => {
  it = await setup()
})
afterEach(async () => {
  expect(it.server.violations).toEqual([])
  await it.close()
})

const recordsOf = async (fromMs = it.clock.nowMs - HOUR_MS, toMs = it.clock.nowMs + 1) => {
  const found: ProviderRecord[] = []
  for await (const page of it.provider.records({ fromMs, toMs }, never)) found.push(...page)
  return found
}

/** An operation that Circle has accepted, and the reference that it has here. */
const accepted = async (leg: 'onramp' | 'offramp' | 'refund', fields: Partial<Operation> = {}) => {
  const { operation, payer, payee } = await it.linked(leg, fields)
  if (leg === 'onramp') it.server.wire(payer, DOLLARS, { fee: { amount: '0.75', currency: 'USD' } })
  else it.server.fund('USD', operation.currency === 'EUR' ? COST : DOLLARS)
  const outcome = await it.provider.initiate(operation, never)
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  return { operation, payer, payee, reference: outcome.reference }
}

test('each operation is listed under its key, as it was asked for and as it was settled', async () => {
  it.server.play.networkFee = '0.10'
  it.server.play.payoutFee = '1.00'
  const made = [
    await accepted('onramp'),
    await accepted('offramp'),
    await accepted('offramp', { currency: 'EUR' }),
    await accepted('refund'),
  ]
  const startedMs = it.clock.nowMs
  const expected = (state: string, settled: readonly (bigint | null)[], changedMs: readonly number[]) =>
    made.map(({ operation: { key, leg, currency }, reference }, n) => ({
      key,
      reference,
      leg,
      state,
      changedMs: changedMs[n],
      amount: AMOUNT,
      currency,
      settledAmount: settled[n],
    }))
  const sorted = (records: readonly { key: string }[]) => records.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const same = Array.from({ length: 4 }, () => startedMs)
  expect(sorted(await recordsOf())).toEqual(sorted(expected('pending', [null, null, null, null], same)))

  it.clock.nowMs += 1_000
  it.server.settle()
  const settled = [951_900_000n, 953_750_000n, 1_090_980_000n, AMOUNT]
  // A transfer shows no other time than that it was made at.
  const changed = [startedMs, ...same.slice(1).map((ms) => ms + 1_000)]
  expect(sorted(await recordsOf())).toEqual(sorted(expected('done', settled, changed)))
})

test('what has failed, or has come back, is refused', async () => {
  const failing = await accepted('offramp')
  it.server.play.failing.set(failing.payee, 'transaction_failed')
  const returned = await accepted('refund')
  it.server.settle()
  const payout = it.server.payouts.at(-1)
  if (payout) it.server.change(payout, { return: { status: 'pending' } })
  const states = new Map((await recordsOf()).map(({ key, state }) => [key, state]))
  expect([failing, returned].map(({ operation }) => states.get(operation.key))).toEqual([
    'refused',
    'refused',
  ])
})

test('a trade stands for its operation until it is paid out, and for itself when it is nobody’s', async () => {
  it.server.play.tradeStatus = 'pending'
  const { operation, reference } = await accepted('offramp', { currency: 'EUR' })
  const [trade] = it.server.trades
  const pending = {
    key: operation.key,
    reference,
    leg: 'offramp',
    state: 'pending',
    amount: AMOUNT,
    currency: 'EUR',
  }
  expect(await recordsOf()).toMatchObject([pending])
  await it.database.sql`delete from provider_steps`
  expect(await recordsOf()).toMatchObject([
    { ...pending, key: trade?.id, reference: trade?.id, currency: 'EURC', amount: 952_750_000n },
  ])
})

test('what is none of ours is listed under its own id, with USDC by its name', async () => {
  await accepted('onramp')
  await accepted('offramp')
  const ids = [...it.server.transfers, ...it.server.payouts].map(({ id }) => id)
  await it.database.sql`delete from provider_steps`
  expect((await recordsOf()).map(({ key, currency, amount }) => ({ key, currency, amount }))).toEqual([
    { key: ids[0] ?? '', currency: 'USDC', amount: 952_000_000n },
    { key: ids[1] ?? '', currency: 'USD', amount: AMOUNT },
  ])
})

test('USDC that comes in is nobody’s operation', async () => {
  await accepted('onramp')
  const [transfer] = it.server.transfers
  if (transfer) it.server.change(transfer, { source: { type: 'blockchain', chain: 'BASE', address: '0x01' } })
  expect(await recordsOf()).toEqual([])
})

test('a wire that nobody has taken within an hour is listed, and one that failed is not', async () => {
  const bank = it.server.bank()
  const wire = it.server.wire(bank, '10.00')
  it.server.wire(bank, '10.00', { status: 'failed' })
  const { operation } = await accepted('onramp')
  it.clock.nowMs += HOUR_MS
  const keys = async () => (await recordsOf(it.clock.nowMs - 2 * HOUR_MS)).map(({ key }) => key)
  expect(await keys()).toEqual([operation.key])
  it.clock.nowMs += 1
  expect(await keys()).toEqual([operation.key, wire.id])
  expect((await recordsOf(it.clock.nowMs - 2 * HOUR_MS)).at(-1)).toMatchObject({
    amount: 1_000n,
    currency: 'USD',
  })
})

test('a wire whose transfer came to nothing is listed at once: the payer’s money is with us', async () => {
  const { operation: failed } = await accepted('onramp')
  it.server.play.failing.set('BASE', 'blockchain_error')
  it.server.settle()
  const { operation: refused, payer } = await it.linked('onramp', { chain: 'polygon' })
  it.server.wire(payer, DOLLARS)
  it.server.play.refusing.set(it.recipients.polygon, { status: 400, code: 2007 })
  expect((await it.provider.initiate(refused, never)).kind).toBe('refused')
  const deposits = await Promise.all(
    [failed, refused].map(async (each) => (await it.steps.of(each)).get('deposit')?.externalId),
  )
  const listed = (await recordsOf()).filter(({ state }) => state === 'done').map(({ key }) => key)
  expect(listed.toSorted()).toEqual(deposits.map(String).toSorted())
})

test('all of the window is listed, each once, however few the API shows at a time, and the end is not', async () => {
  it.server.play.pageLimit = 2
  const startMs = it.clock.nowMs
  const keys: string[] = []
  for (let n = 0; n < 5; n++) {
    it.clock.nowMs = startMs + n
    keys.push((await accepted('offramp')).operation.key)
  }
  const listed = async (fromMs: number, toMs: number) => (await recordsOf(fromMs, toMs)).map(({ key }) => key)
  expect((await listed(startMs, startMs + 5)).toSorted()).toEqual(keys.toSorted())
  expect((await listed(startMs + 1, startMs + 4)).toSorted()).toEqual(keys.slice(1, 4).toSorted())
})

test('a listing that never gets on is ended', async () => {
  await accepted('offramp')
  it.server.play.staysOnPage = true
  expect(recordsOf()).rejects.toThrow('same page')
})

test('a state that is not documented, or an API that cannot be asked, ends the listing', async () => {
  await accepted('offramp')
  void it.server.arm('truncated_after', ({ path }) => path.endsWith('/payouts'))
  expect(recordsOf()).rejects.toThrow('circle')
  it.server.play.changes.set(it.server.payouts[0]?.id ?? '', (shown) => ({ ...shown, status: 'reversed' }))
  expect(recordsOf()).rejects.toThrow('not documented')
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  const pages = it.provider.records({ fromMs: 0, toMs: 1 }, stop.signal)
  expect(Array.fromAsync(pages)).rejects.toThrow('enough')
})
