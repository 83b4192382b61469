import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { RATE_UNITS } from '../../../src/core/rate.ts'
import type { Operation } from '../../../src/providers/port.ts'
import { AMOUNT, DOLLARS, known, link, posts, type Setup, setup } from './harness.ts'
import type { Shown } from './server.ts'

const never = new AbortController().signal
const WIRED = 952_750_000n

let it: Setup
beforeAll(async () => {
  it = await setup()
})
afterAll(async () => {
  expect(it.server.violations).toEqual([])
  await it.close()
})

/** An on-ramp that has been accepted before its payer has sent anything. */
const waiting = async (fields: Partial<Operation> = {}) => {
  const { operation, payer } = await it.linked('onramp', fields)
  const outcome = await it.provider.initiate(operation, never)
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  return { operation: known(operation, outcome.reference), payer, outcome }
}

const status = (operation: Operation) => it.provider.status(operation, never)
const transfersOf = async (operation: Operation) => {
  const id = (await it.steps.of(operation)).get('transfer')?.externalId
  return it.server.transfers.filter((transfer) => transfer.id === id)
}

describe('an on-ramp whose payer has not paid yet', () => {
  test('is accepted with where to wire exactly how much, under a reference that stays until it is done', async () => {
    const { operation, payer, outcome } = await waiting()
    expect(outcome.instructions).toEqual({
      amount: DOLLARS,
      currency: 'USD',
      trackingRef: expect.stringMatching(/^CIR/),
      'beneficiary.name': 'CIRCLE INTERNET FINANCIAL INC',
      'beneficiary.address1': '99 HIGH STREET',
      'beneficiaryBank.name': 'WELLS FARGO BANK',
      'beneficiaryBank.routingNumber': '121000248',
      'beneficiaryBank.accountNumber': '****7427',
    })
    const { reference } = outcome
    expect(await status(operation)).toEqual({ kind: 'accepted', reference })
    it.server.wire(payer, DOLLARS)
    expect(await status(operation)).toEqual({ kind: 'accepted', reference })
    it.server.settle()
    expect(await status(operation)).toEqual({
      kind: 'done',
      reference,
      settled: { amount: WIRED, currency: 'USDC', fiat: AMOUNT, rate: RATE_UNITS as never },
    })
  })

  test('may wait for longer than a key is remembered, because none has been used', async () => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS)
    const late = { ...operation, ageMs: 3 * 86_400_000 }
    expect((await status(late)).kind).toBe('accepted')
    expect(await transfersOf(late)).toHaveLength(1)
  })

  test.each<[string, string, Partial<Shown>]>([
    ['a cent short', '952.74', {}],
    ['a cent over', '952.76', {}],
    ['not there yet', DOLLARS, { status: 'pending' }],
    ['failed', DOLLARS, { status: 'failed' }],
    ['from another bank', DOLLARS, { sourceWalletId: '9b57048d-2365-4ff5-956b-0199170d1035' }],
    [
      'from before it was asked for',
      DOLLARS,
      { createDate: new Date(1_800_000_000_000 - 400_000).toISOString() },
    ],
    ['in another currency', DOLLARS, { amount: { amount: DOLLARS, currency: 'EUR' } }],
  ])('takes no deposit that is %s', async (_, amount, fields) => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, amount, fields)
    expect((await status(operation)).kind).toBe('accepted')
    expect(await transfersOf(operation)).toEqual([])
    // The right one is found beside the wrong one, on whichever page it is.
    it.server.play.pageLimit = 1
    const right = it.server.wire(payer, DOLLARS)
    it.server.wire(payer, '1.00')
    await status(operation)
    it.server.play.pageLimit = 50
    expect((await it.steps.of(operation)).get('deposit')?.externalId).toBe(right.id)
    expect(await transfersOf(operation)).toHaveLength(1)
  })

  test('is unknown while a deposit is in a state that is not documented', async () => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS, { status: 'held' })
    expect(status(operation)).rejects.toThrow('not documented')
    expect(await transfersOf(operation)).toEqual([])
  })

  test.each([429, 0])('is not refused because Circle is away for a moment (%p)', async (code) => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS)
    void it.server.arm(code === 429 ? 'rate_limited' : 'reset', posts('/transfers'))
    expect(status(operation)).rejects.toThrow('circle')
    expect((await status(operation)).kind).toBe('accepted')
    expect(await transfersOf(operation)).toHaveLength(1)
  })

  test('sends its transfer again under its key when the reply was lost', async () => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS)
    const before = it.server.transfers.length
    void it.server.arm('reset_after', posts('/transfers'))
    expect(status(operation)).rejects.toThrow('circle')
    expect((await it.another().status(operation, never)).kind).toBe('accepted')
    expect(it.server.transfers.length).toBe(before + 1)
  })
})

test('a transfer whose key Circle may have forgotten is not sent again', async () => {
  const { operation, payer } = await waiting()
  it.server.wire(payer, DOLLARS)
  void it.server.arm('reset', posts('/transfers'))
  expect(status(operation)).rejects.toThrow('circle')
  const before = it.server.received.filter(posts('/transfers')).length
  await it.database.sql`
    update provider_steps set begun_at = begun_at - interval '25 hours' where key = ${operation.key}`
  expect((await status(operation)).kind).toBe('unknown')
  expect(it.server.received.filter(posts('/transfers')).length).toBe(before)
})

describe('a deposit', () => {
  test('that comes twice is transferred once', async () => {
    const { operation, payer } = await waiting()
    const before = it.server.transfers.length
    it.server.wire(payer, DOLLARS)
    it.server.wire(payer, DOLLARS)
    for (let n = 0; n < 3; n++) await status(operation)
    it.server.settle()
    expect((await status(operation)).kind).toBe('done')
    expect(it.server.transfers.length).toBe(before + 1)
  })

  test('pays for one of two operations of equal terms, whoever asks at once; the other waits for its own', async () => {
    const { operation, payer } = await waiting()
    const other = { ...(await waiting()).operation, sourceAccount: operation.sourceAccount }
    const before = it.server.transfers.length
    it.server.wire(payer, DOLLARS)
    const race = async () => {
      const calls = [it.provider, it.another()].flatMap((provider) =>
        [operation, other, operation, other].map((each) => provider.status(each, never)),
      )
      for (const outcome of await Promise.all(calls)) expect(outcome.kind).toBe('accepted')
    }
    await race()
    expect(it.server.transfers.length).toBe(before + 1)
    it.server.wire(payer, DOLLARS)
    await race()
    expect(it.server.transfers.length).toBe(before + 2)
    it.server.settle()
    expect([(await status(operation)).kind, (await status(other)).kind]).toEqual(['done', 'done'])
  })

  test('is there for each of many operations of equal terms that look at once', async () => {
    const { operation, payer } = await waiting()
    const others = await Promise.all(Array.from({ length: 7 }, () => waiting()))
    const all = [
      operation,
      ...others.map((other) => ({ ...other.operation, sourceAccount: operation.sourceAccount })),
    ]
    for (const _ of all) it.server.wire(payer, DOLLARS)
    await Promise.all(all.map(status))
    const transfers = await Promise.all(all.map(transfersOf))
    expect(transfers.map(({ length }) => length)).toEqual(all.map(() => 1))
  })

  test('that was taken when the process died is the one that is transferred, whatever else has come', async () => {
    const { operation, payer } = await waiting()
    const { id } = it.server.wire(payer, DOLLARS)
    await it.steps.begin(operation, 'deposit')
    const detail = { wired: DOLLARS, usd: DOLLARS }
    await it.steps.end(operation, 'deposit', { status: 'done', externalId: id, detail })
    it.server.wire(payer, DOLLARS, { createDate: new Date(it.clock.nowMs - 1_000).toISOString() })
    expect((await status(operation)).kind).toBe('accepted')
    expect((await it.steps.of(operation)).get('deposit')?.externalId).toBe(id)
    expect(await transfersOf(operation)).toHaveLength(1)
  })

  test('is not shared by two accounts that name one bank, even if the links let them', async () => {
    await it.database.sql`drop index provider_accounts_one_owner`
    const { operation, payer } = await waiting()
    await link(it.database, operation.sourceAccount, payer, 'acme')
    const theirs = {
      ...(await waiting()).operation,
      accountId: 'acme',
      sourceAccount: operation.sourceAccount,
    }
    const before = it.server.transfers.length
    it.server.wire(payer, DOLLARS)
    await status(operation)
    await status(theirs)
    expect(it.server.transfers.length).toBe(before + 1)
    expect(await transfersOf(operation)).toHaveLength(1)
  })

  test('is worth what its fee leaves, and what the network takes of the transfer', async () => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS, { fee: { amount: '2.75', currency: 'USD' } })
    it.server.play.networkFee = '0.10'
    await status(operation)
    it.server.play.networkFee = null
    it.server.settle()
    expect((await transfersOf(operation))[0]?.amount).toEqual({ amount: '950.00', currency: 'USD' })
    expect(await status(operation)).toMatchObject({
      kind: 'done',
      // 949.9 / 952.75, rounded down.
      settled: { amount: 949_900_000n, currency: 'USDC', fiat: AMOUNT, rate: 9_970_086_591n },
    })
  })

  test.each<[string, (shown: Shown) => Shown]>([
    ['another amount', (shown) => ({ ...shown, amount: { amount: '952.74', currency: 'USD' } })],
    ['another coin', (shown) => ({ ...shown, amount: { amount: DOLLARS, currency: 'EUR' } })],
    [
      'another address',
      (shown) => ({ ...shown, destination: { type: 'blockchain', address: '0x01', chain: 'BASE' } }),
    ],
    [
      'nothing after fees',
      (shown) => ({ ...shown, fees: [{ amount: DOLLARS, currency: 'USD', type: 'network' }] }),
    ],
    [
      'a fee of another coin',
      (shown) => ({ ...shown, fees: [{ amount: '1.00', currency: 'ETH', type: 'network' }] }),
    ],
  ])('whose transfer shows %s is not done', async (_, change) => {
    const { operation, payer } = await waiting()
    it.server.wire(payer, DOLLARS)
    await status(operation)
    it.server.settle()
    const [transfer] = await transfersOf(operation)
    it.server.play.changes.set(transfer?.id ?? '', change)
    const outcome = await status(operation).catch(() => ({ kind: 'unknown' }))
    expect(outcome.kind).toBe('unknown')
  })
})

describe('an on-ramp that Circle cannot serve is refused before anything is sent', () => {
  const refused = async (operation: Operation) => {
    const before = it.server.received.length
    const outcome = await it.provider.initiate(operation, never)
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'route' })
    const sent = it.server.received.slice(before)
    expect(sent.filter(({ method }) => method === 'POST')).toEqual([])
    return { outcome, sent }
  }

  test('for a payer without a bank there, by name and without asking', async () => {
    const { operation } = await it.linked('onramp')
    const { outcome, sent } = await refused({ ...operation, sourceAccount: 'nobody' })
    expect('message' in outcome && outcome.message).toBe('account nobody has no bank account at circle')
    expect(sent).toEqual([])
  })

  test('to a wallet that is not verified there, or that we do not have', async () => {
    const { operation, payer } = await it.linked('onramp')
    it.server.wire(payer, DOLLARS)
    await refused({ ...operation, chain: 'solana' })
    await refused({ ...operation, chain: 'ethereum' })
    expect((await it.steps.of(operation)).size).toBe(0)
  })

  test('in another currency than dollars', async () => {
    const { operation } = await it.linked('onramp')
    await refused({ ...operation, currency: 'EUR' })
  })

  test('from a bank that Circle does not have', async () => {
    const { operation } = await it.linked('onramp')
    await link(it.database, 'payer of no bank', '8c57048d-2365-4ff5-956b-0199170d1035')
    await refused({ ...operation, sourceAccount: 'payer of no bank' })
  })

  test('because we may not ask, unless it was sent before: then that says nothing', async () => {
    const { operation, payer } = await it.linked('onramp')
    it.server.wire(payer, DOLLARS)
    const path = '/v1/businessAccount/deposits'
    it.server.play.refusing.set(path, { status: 403, code: 3 })
    await refused(operation)
    expect(it.provider.initiate({ ...operation, sentBefore: true }, never)).rejects.toThrow('code 3')
    it.server.play.refusing.delete(path)
    void it.server.arm('denied', (request) => request.path === path)
    expect(await it.provider.initiate(operation, never)).toMatchObject({
      kind: 'refused',
      reason: 'temporary',
    })
  })
})
