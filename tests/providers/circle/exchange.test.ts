import { afterEach, beforeEach, expect, test } from 'bun:test'
import { stepKey } from '../../../src/providers/keys.ts'
import type { Operation } from '../../../src/providers/port.ts'
import { AMOUNT, COST, DOLLARS, known, posts, type Setup, setup } from './harness.ts'

const never = new AbortController().signal
const LAPSED_MS = 64_000

let it: Setup
let operation: Operation
let payee: string
beforeEach(async () => {
  it = await setup()
  ;({ operation, payee } = await it.linked('offramp', { currency: 'EUR' }))
  // Enough for three, so that nothing but the adapter keeps it from buying twice.
  it.server.fund('USD', '5000.00')
})
afterEach(async () => {
  expect(it.server.violations).toEqual([])
  await it.close()
})

const initiate = (change: Partial<Operation> = {}) => it.provider.initiate({ ...operation, ...change }, never)
const status = (change: Partial<Operation> = {}) =>
  it.provider.status({ ...known(operation, stepKey(operation.key, 'payout')), ...change }, never)
const again = { sentBefore: true, ageMs: 1_000 }
const sent = (path: string) =>
  it.server.received.filter(posts(path)).map(({ body }) => body as Record<string, unknown>)
const keysOf = (path: string) => sent(path).map(({ idempotencyKey }) => idempotencyKey)
const moved = () => [it.server.trades.length, it.server.payouts.length]

test('exactly the euros that were asked for are bought and paid out, each call under a key of its own', async () => {
  const accepted = await initiate()
  expect(accepted.kind).toBe('accepted')
  expect(it.server.trades).toMatchObject([{ from: { amount: COST }, to: { amount: DOLLARS } }])
  expect(it.server.payouts).toMatchObject([
    { amount: { amount: DOLLARS, currency: 'EUR' }, destination: { type: 'sepa', id: payee } },
  ])
  const keys = [...keysOf('/quotes'), ...keysOf('/trades'), ...keysOf('/payouts')]
  expect(new Set(keys).size).toBe(3)
  it.server.settle()
  expect(await status()).toMatchObject({
    kind: 'done',
    reference: 'reference' in accepted ? accepted.reference : '',
    // 952.75 / 1089.98, rounded down.
    settled: { amount: 1_089_980_000n, currency: 'USDC', fiat: AMOUNT, rate: 8_740_986_073n },
  })
})

test('euros at a price that cannot be meant are not bought: refused, and nothing has moved', async () => {
  expect(await initiate({ mostUsdc: 1_089_979_999n })).toMatchObject({ kind: 'refused', reason: 'route' })
  expect(moved()).toEqual([0, 0])
  const { operation: other } = await it.linked('offramp', { currency: 'EUR' })
  const dear = { ...other, mostUsdc: 1_089_980_000n }
  expect((await it.provider.initiate(dear, never)).kind).toBe('accepted')
})

test.each([
  ['USD', '1.50', 1_091_480_000n],
  // 1.50 euros at what 952.75 of them cost, rounded up.
  ['EUR', '1.50', 1_091_696_054n],
])('a payout’s fee in %s is part of what was spent', async (currency, amount, spent) => {
  await initiate()
  it.server.settle()
  it.server.play.changes.set(it.server.payouts[0]?.id ?? '', (shown) => ({
    ...shown,
    fees: { amount, currency },
  }))
  expect(await status()).toMatchObject({ kind: 'done', settled: { amount: spent, fiat: AMOUNT } })
})

test('an operation that must be fast is paid out by instant transfer', async () => {
  await initiate({ speed: 'fast' })
  expect(it.server.payouts).toMatchObject([{ destination: { type: 'sepa_instant' } }])
})

test.each(['pending', 'confirmed', 'pending_settlement'])(
  'nothing is paid out while the trade is %s; asking about it carries it on',
  async (state) => {
    it.server.play.tradeStatus = state
    const accepted = await initiate()
    expect(accepted.kind).toBe('accepted')
    expect(await status()).toEqual(accepted)
    expect(moved()).toEqual([1, 0])
    it.server.settle()
    expect(await it.another().status(known(operation, 'x'), never)).toEqual(accepted)
    expect(moved()).toEqual([1, 1])
    it.server.settle()
    expect((await status()).kind).toBe('done')
  },
)

test('a trade that fails is a refusal, and buys nothing again', async () => {
  it.server.play.tradeStatus = 'pending'
  await initiate()
  const [trade] = it.server.trades
  if (trade) it.server.change(trade, { status: 'failed' })
  expect(await status()).toMatchObject({ kind: 'refused', reason: 'temporary' })
  expect(await status()).toMatchObject({ kind: 'refused', reason: 'temporary' })
  expect(moved()).toEqual([1, 0])
})

test('a quote that lapsed before it was traded is left, and another is asked for under another key', async () => {
  // The process dies between its quote and its trade: the quote's reply is all that is lost.
  void it.server.arm('reset_after', posts('/quotes'))
  expect(initiate()).rejects.toThrow('circle')
  it.clock.nowMs += 3_000
  expect((await initiate(again)).kind).toBe('accepted')
  const [first, repeated, second] = keysOf('/quotes')
  expect(repeated).toBe(first)
  expect(second).not.toBe(first)
  expect(sent('/trades')).toHaveLength(1)
  expect(moved()).toEqual([1, 1])
})

test('a trade that never arrived is given up only once its quote has surely lapsed, and is then made anew', async () => {
  void it.server.arm('reset', posts('/trades'))
  expect(initiate()).rejects.toThrow('circle')
  it.clock.nowMs += 10_000
  // A request that is still on its way might yet arrive, and clocks differ.
  expect(initiate(again)).rejects.toThrow('circle')
  expect(moved()).toEqual([0, 0])
  it.clock.nowMs += LAPSED_MS
  expect((await initiate(again)).kind).toBe('accepted')
  expect(moved()).toEqual([1, 1])
  expect(new Set(keysOf('/trades')).size).toBe(2)
})

test('a trade that came too late by Circle’s clock is made anew, however early it is by ours', async () => {
  it.server.play.refusing.set('trade', { status: 400, code: 2 })
  expect(initiate()).rejects.toThrow('code 2')
  it.clock.nowMs += LAPSED_MS
  it.server.play.refusing.clear()
  expect((await initiate(again)).kind).toBe('accepted')
  expect(moved()).toEqual([1, 1])
})

test.each(['remembers', 'has forgotten'])(
  'a trade that was made is found when its reply was lost, even once its quote has lapsed and Circle %s its key',
  async (memory) => {
    void it.server.arm('reset_after', posts('/trades'))
    expect(initiate()).rejects.toThrow('circle')
    it.clock.nowMs += LAPSED_MS
    if (memory === 'has forgotten') it.server.forgetKeys()
    expect((await initiate(again)).kind).toBe('accepted')
    expect(moved()).toEqual([1, 1])
    it.server.settle()
    expect((await status()).kind).toBe('done')
  },
)

test('a trade that was sent before is not refused by what its repetition meets', async () => {
  void it.server.arm('reset_after', posts('/trades'))
  expect(initiate()).rejects.toThrow('circle')
  void it.server.arm('rate_limited', posts('/trades'))
  expect(initiate()).rejects.toThrow('circle')
  // As when the balance is looked at before the key.
  it.server.play.refusing.set('trade', { status: 400, code: 1093 })
  it.server.forgetKeys()
  expect(initiate(again)).rejects.toThrow('1093')
  it.clock.nowMs += LAPSED_MS
  expect((await initiate(again)).kind).toBe('accepted')
  expect(moved()).toEqual([1, 1])
})

test('quotes that keep lapsing are asked for five times, and then the operation is refused with nothing bought', async () => {
  it.server.play.quoteLifeMs = 0
  const refusal = await initiate()
  expect(refusal).toMatchObject({ kind: 'refused', reason: 'temporary' })
  expect(keysOf('/quotes')).toHaveLength(5)
  expect(await initiate(again)).toEqual(refusal)
  expect(await status({ reference: null })).toEqual(refusal)
  expect(keysOf('/quotes')).toHaveLength(5)
  expect(moved()).toEqual([0, 0])
})

test('a quote for another amount is never traded', async () => {
  it.server.play.misquotes = true
  expect(initiate()).rejects.toThrow('another amount')
  expect(sent('/trades')).toEqual([])
})

test.each<[string, object]>([
  ['another amount', { to: { currency: 'EURC', amount: '952.74' } }],
  ['another coin', { to: { currency: 'USDC', amount: DOLLARS } }],
  ['a price in another coin', { from: { currency: 'EURC', amount: COST } }],
])('a trade of %s is not paid out', async (_, fields) => {
  it.server.play.tradeStatus = 'pending'
  await initiate()
  it.server.settle()
  it.server.play.changes.set(it.server.trades[0]?.id ?? '', (shown) => ({ ...shown, ...fields }))
  expect(status()).rejects.toThrow('amount')
  expect(moved()).toEqual([1, 0])
})

test('a quote or a trade that is refused is a refusal for good', async () => {
  it.server.play.refusing.set('quote', { status: 403, code: 3 })
  const refusal = await initiate()
  expect(refusal).toMatchObject({ kind: 'refused', reason: 'route' })
  it.server.play.refusing.clear()
  expect(await initiate(again)).toEqual(refusal)
  expect(moved()).toEqual([0, 0])

  const poor = (await it.linked('offramp', { currency: 'EUR' })).operation
  it.server.balances.USD = 1n
  const funds = await it.provider.initiate(poor, never)
  expect(funds).toMatchObject({ kind: 'refused', reason: 'funds' })
  it.server.fund('USD', '5000.00')
  expect(await it.provider.initiate({ ...poor, ...again }, never)).toEqual(funds)
  expect(moved()).toEqual([0, 0])
})

test('a payout that is refused after the trade is a refusal, and the euros stay in our balance', async () => {
  it.server.play.refusing.set(payee, { status: 400, code: 5003 })
  expect(await initiate()).toMatchObject({ kind: 'refused', reason: 'route' })
  expect(moved()).toEqual([1, 0])
  expect(it.server.balances.EUR).toBe(AMOUNT * 10_000n)
})

test.each(['rate_limited', 'denied', 'reset', 'server_error_after'] as const)(
  'once euros were bought, %s of the payout decides nothing, and another process carries on',
  async (trouble) => {
    void it.server.arm(trouble, posts('/payouts'))
    expect(initiate()).rejects.toThrow('circle')
    expect((await it.another().status({ ...operation, ...again }, never)).kind).toBe('accepted')
    expect(moved()).toEqual([1, 1])
  },
)

test('two processes that work on one operation at once buy and pay once', async () => {
  const calls = [it.provider, it.another(), it.another()].flatMap((provider) =>
    Array.from({ length: 5 }, () => provider.initiate(operation, never)),
  )
  for (const outcome of await Promise.all(calls)) expect(outcome.kind).toBe('accepted')
  expect(moved()).toEqual([1, 1])
})

test('a trade whose key Circle may have forgotten is not sent again', async () => {
  void it.server.arm('reset', posts('/trades'))
  expect(initiate()).rejects.toThrow('circle')
  await it.database.sql`update provider_steps set begun_at = begun_at - interval '25 hours'`
  expect((await initiate(again)).kind).toBe('unknown')
  expect(sent('/trades')).toHaveLength(1)
})
