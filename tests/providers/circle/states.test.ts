import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, Outcome, RefusalClass } from '../../../src/providers/port.ts'
import { AMOUNT, COST, DOLLARS, known, type Setup, setup } from './harness.ts'
import type { Shown } from './server.ts'

const never = new AbortController().signal

let it: Setup
beforeAll(async () => {
  it = await setup()
})
afterAll(async () => {
  expect(it.server.violations).toEqual([])
  await it.close()
})

const outcomeOf = (call: Promise<Outcome>): Promise<Outcome> =>
  call.catch((error: Error) => ({ kind: 'unknown', message: error.message }))
const initiate = (operation: Operation) => outcomeOf(it.provider.initiate(operation, never))

/** An operation that Circle has accepted, and the thing that it shows for it from now on. */
const accepted = async (leg: 'onramp' | 'offramp' | 'refund', fields: Partial<Operation> = {}) => {
  const { operation, payer, payee } = await it.linked(leg, fields)
  const things = leg === 'onramp' ? it.server.transfers : it.server.payouts
  if (leg === 'onramp') it.server.wire(payer, DOLLARS)
  else it.server.fund('USD', operation.currency === 'EUR' ? COST : DOLLARS)
  const outcome = await it.provider.initiate(operation, never)
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  const { id = '' } = things.at(-1) ?? {}
  const show = async (change: (shown: Shown) => Shown): Promise<Outcome> => {
    it.server.play.changes.set(id, change)
    return outcomeOf(it.provider.status(known(operation, outcome.reference), never))
  }
  return { operation, payer, payee, show }
}

/** What an outcome comes to, a refusal with its class. */
const gist = (outcome: Outcome): string =>
  outcome.kind === 'refused' ? `refused ${outcome.reason}` : outcome.kind

const expectGist = async (
  leg: 'onramp' | 'offramp' | 'refund',
  fields: Partial<Shown>,
  expected: string,
  operation: Partial<Operation> = {},
) => {
  const { show } = await accepted(leg, operation)
  expect(gist(await show((shown) => ({ ...shown, ...fields })))).toBe(expected)
}

describe('every documented state of a transfer has its outcome', () => {
  test.each([
    ['pending', 'accepted'],
    ['running', 'accepted'],
    ['complete', 'done'],
    ['failed', 'refused temporary'],
    ['constructor', 'unknown'],
    ['', 'unknown'],
  ])('%s: %s', (status, expected) => expectGist('onramp', { status }, expected))

  test.each([
    ['transfer_failed', 'refused temporary'],
    ['transfer_denied', 'refused compliance'],
    ['blockchain_error', 'refused temporary'],
    ['insufficient_funds', 'refused funds'],
    ['toString', 'unknown'],
  ])('failed for %s: %s', (errorCode, expected) =>
    expectGist('onramp', { status: 'failed', errorCode }, expected),
  )
})

describe.each(['offramp', 'refund'] as const)(
  'every documented state of a payout has its outcome: %s',
  (leg) => {
    test.each([
      ['pending', 'accepted'],
      ['running', 'accepted'],
      ['complete', 'done'],
      ['failed', 'refused temporary'],
      ['returned', 'unknown'],
    ])('%s: %s', (status, expected) => expectGist(leg, { status }, expected))

    test.each([
      ['insufficient_funds', 'refused funds'],
      ['transaction_denied', 'refused compliance'],
      ['transaction_failed', 'refused temporary'],
      ['transaction_returned', 'refused route'],
      ['bank_transaction_error', 'refused temporary'],
      ['fiat_account_limit_exceeded', 'refused limits'],
      ['invalid_bank_account_number', 'refused route'],
      ['invalid_ach_rtn', 'refused route'],
      ['invalid_wire_rtn', 'refused route'],
      ['vendor_inactive', 'refused route'],
      ['payout_canceled', 'refused temporary'],
      ['something_new', 'unknown'],
    ])('failed for %s: %s', (errorCode, expected) =>
      expectGist(leg, { status: 'failed', errorCode }, expected),
    )

    test.each([
      ['pending', 'refused route'],
      ['complete', 'refused route'],
      ['failed', 'unknown'],
      ['something_new', 'unknown'],
    ])('complete with a return that is %s: %s', (status, expected) =>
      expectGist(leg, { status: 'complete', return: { reason: 'payout_returned', status } }, expected),
    )

    test('complete and returned by its reason alone: refused', () =>
      expectGist(leg, { status: 'complete', errorCode: 'transaction_returned' }, 'refused route'))

    test.each<[string, Partial<Shown>]>([
      ['another amount', { amount: { amount: '952.74', currency: 'USD' } }],
      ['another currency', { amount: { amount: DOLLARS, currency: 'EUR' } }],
      ['another bank', { destination: { type: 'wire', id: '9b57048d-2365-4ff5-956b-0199170d1035' } }],
    ])('complete with %s: unknown', (_, fields) =>
      expectGist(leg, { status: 'complete', ...fields }, 'unknown'),
    )
  },
)

describe('a payout', () => {
  test('of dollars spends as many USDC, and its fee', async () => {
    const { show } = await accepted('offramp')
    const fees = { amount: '1.25', currency: 'USD' }
    expect(await show((shown) => ({ ...shown, status: 'complete', fees }))).toMatchObject({
      // 952.75 / 954, rounded down.
      settled: { amount: 954_000_000n, currency: 'USDC', fiat: AMOUNT, rate: 9_986_897_274n },
    })
  })

  test('of a refund gives back what was paid in, to the payer, whatever it costs us', async () => {
    const { payer, show } = await accepted('refund')
    expect(it.server.payouts.at(-1)?.destination).toMatchObject({ type: 'wire', id: payer })
    const fees = { amount: '1.25', currency: 'USD' }
    expect(await show((shown) => ({ ...shown, status: 'complete', fees }))).toMatchObject({
      settled: { amount: AMOUNT, currency: 'USD', fiat: AMOUNT, rate: 10_000_000_000n },
    })
  })

  test('whose key Circle may have forgotten is neither sent again nor said to be missing', async () => {
    const { operation } = await it.linked('offramp')
    void it.server.arm('reset', ({ path }) => path.endsWith('/payouts'))
    expect((await initiate(operation)).kind).toBe('unknown')
    const before = it.server.received.length
    const old = { ...operation, sentBefore: true, ageMs: 86_400_001 }
    expect((await initiate(old)).kind).toBe('unknown')
    expect((await it.provider.status(old, never)).kind).toBe('unknown')
    expect(it.server.received.length).toBe(before)
  })

  test('that another operation has already is none of this one', async () => {
    await accepted('offramp')
    const { id = '' } = it.server.payouts.at(-1) ?? {}
    const { operation } = await it.linked('offramp')
    it.server.fund('USD', DOLLARS)
    it.server.play.created = (shown) => ({ ...shown, id })
    expect((await initiate(operation)).kind).toBe('unknown')
    it.server.play.created = (shown) => shown
    expect((await initiate({ ...operation, sentBefore: true })).kind).toBe('unknown')
  })

  test('is not judged by another one that Circle shows in its place', () =>
    expectGist('offramp', { status: 'complete', id: '9b57048d-2365-4ff5-956b-0199170d1035' }, 'unknown'))

  test('is refused for a payee without a bank there, by name, and for euros that cannot be bought', async () => {
    const { operation } = await it.linked('offramp')
    const before = it.server.received.length
    expect(await initiate({ ...operation, destinationAccount: 'nobody' })).toEqual({
      kind: 'refused',
      reason: 'route',
      message: 'account nobody has no bank account at circle',
    })
    expect(gist(await initiate({ ...operation, currency: 'GBP' }))).toBe('refused route')
    expect(gist(await initiate({ ...operation, leg: 'refund', currency: 'EUR' }))).toBe('refused route')
    expect(it.server.received.length).toBe(before)
  })
})

describe('every documented code of a request that was not carried out has its class', () => {
  const CODES: readonly [number, RefusalClass][] = [
    [1, 'temporary'],
    [2, 'route'],
    [3, 'route'],
    [1077, 'limits'],
    [1078, 'route'],
    [1088, 'route'],
    [1089, 'route'],
    [1093, 'funds'],
    [1107, 'limits'],
    [1108, 'route'],
    [2003, 'route'],
    [2004, 'route'],
    [2005, 'route'],
    [2006, 'route'],
    [2007, 'route'],
    [5000, 'route'],
    [5001, 'route'],
    [5002, 'limits'],
    [5003, 'route'],
    [5004, 'route'],
    [5005, 'route'],
    [5006, 'funds'],
    [5007, 'route'],
    [5011, 'route'],
    [5012, 'route'],
    [5013, 'route'],
    [5014, 'route'],
    [5015, 'route'],
    [400, 'route'],
    [404, 'route'],
  ]
  const refusedWith = async (refusal: { status: number; code: number; errors?: object[] }) => {
    const { operation, payee } = await it.linked('offramp')
    it.server.play.refusing.set(payee, refusal)
    return { operation, outcome: await initiate(operation) }
  }

  test.each([...CODES])('%p: %s, in words of our own', async (code, reason) => {
    const { outcome } = await refusedWith({ status: code === 3 ? 403 : 400, code })
    expect(gist(outcome)).toBe(`refused ${reason}`)
    expect('message' in outcome && outcome.message).not.toContain('SECRET')
  })

  test.each([-1, 1083, 409, 1143, 500_004, 99_999])('%p says nothing certain', async (code) => {
    const { operation, outcome } = await refusedWith({ status: 400, code })
    expect(outcome.kind).toBe('unknown')
    expect('message' in outcome && outcome.message).not.toContain('SECRET')
    expect((await initiate({ ...operation, sentBefore: true })).kind).toBe('unknown')
  })

  test.each(['min_value', 'max_value', 'value_too_low', 'value_too_high', 'number_format'])(
    'an amount that is invalid for %s is outside the limits',
    async (error) => {
      const amount = await refusedWith({
        status: 400,
        code: 2,
        errors: [{ error, location: 'amount.amount' }],
      })
      expect(gist(amount.outcome)).toBe('refused limits')
      const other = await refusedWith({
        status: 400,
        code: 2,
        errors: [{ error, location: 'destination.id' }],
      })
      expect(gist(other.outcome)).toBe('refused route')
    },
  )

  test('a refusal of a repetition says nothing of the first request', async () => {
    const { operation, payee } = await it.linked('offramp')
    it.server.fund('USD', DOLLARS)
    void it.server.arm('reset_after', ({ path }) => path.endsWith('/payouts'))
    expect((await initiate(operation)).kind).toBe('unknown')
    // As when its balance is looked at before its key.
    it.server.forgetKeys()
    it.server.play.refusing.set(payee, { status: 400, code: 5006 })
    expect((await initiate({ ...operation, sentBefore: true })).kind).toBe('unknown')
  })

  test('being turned away says nothing when another process has sent it meanwhile', async () => {
    const { operation } = await it.linked('offramp')
    it.server.fund('USD', DOLLARS)
    const isPayout = ({ path }: { path: string }) => path.endsWith('/payouts')
    void it.server.arm('reset_after', isPayout)
    expect((await initiate(operation)).kind).toBe('unknown')
    void it.server.arm('rate_limited', isPayout)
    expect((await initiate(operation)).kind).toBe('unknown')
    expect((await initiate(operation)).kind).toBe('accepted')
  })

  test('an error without a code, or in another shape, says nothing certain', async () => {
    const { operation } = await it.linked('offramp')
    void it.server.arm('html_after', ({ path }) => path.endsWith('/payouts'))
    expect((await initiate(operation)).kind).toBe('unknown')
  })
})

test.each([
  ['active', 'accepted'],
  ['pending_verification', 'refused route'],
  ['verification_succeeded', 'refused route'],
  ['something_new', 'unknown'],
])('an address that is %s: %s', async (status, expected) => {
  const { operation, payer } = await it.linked('onramp', { chain: 'solana' })
  it.server.wire(payer, DOLLARS)
  it.server.play.changes.set(it.recipients.solana, (shown) => ({ ...shown, status }))
  // Another process, because the first remembers an address that it has found.
  expect(gist(await outcomeOf(it.another().initiate(operation, never)))).toBe(expected)
})
