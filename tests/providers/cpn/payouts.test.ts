import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { parseAmount } from '../../../src/core/money.ts'
import type { Operation, Outcome } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type Received, WIRE_TROUBLES } from '../wire-server.ts'
import { BOOK, type CpnWorld, cpnWorld, payoutWith } from './fixtures.ts'

let world: CpnWorld
beforeAll(async () => {
  world = await cpnWorld()
})
afterEach(() => {
  for (const hook of Object.keys(world.server.hooks)) Reflect.deleteProperty(world.server.hooks, hook)
})
afterAll(async () => {
  expect(world.server.violations).toEqual([])
  await world.close()
})

const outcomeOf = (call: Promise<Outcome>): Promise<Outcome> =>
  call.catch((error: Error) => ({ kind: 'unknown', message: error.message }))
const initiate = (operation: Operation, signal = never) =>
  outcomeOf(world.provider.initiate(operation, signal))
const status = (operation: Operation) => outcomeOf(world.provider.status(operation, never))
const later = (operation: Operation): Operation => ({ ...operation, sentBefore: true, ageMs: 1_000 })
/** What the router does about an operation whose reply is missing. */
const inquire = async (operation: Operation): Promise<Outcome> => {
  const found = await status(later(operation))
  return found.kind === 'not_found' ? initiate(later(operation)) : found
}

const isPost = (suffix: string) => (request: Received) =>
  request.method === 'POST' && request.path.endsWith(suffix)

test('a quote at a price that cannot be meant is not taken: refused, and nothing is signed', async () => {
  const usual = payoutWith()
  expect((await initiate(usual)).kind).toBe('accepted')
  const [payment] = world.server.of(usual.key)
  const cost = parseAmount(payment?.sourceAmount.amount ?? '', 'USDC') ?? 0n
  const dear = payoutWith({ mostUsdc: cost - 1n })
  expect(await initiate(dear)).toMatchObject({ kind: 'refused', reason: 'route' })
  expect(world.server.of(dear.key)).toEqual([])
  expect((await initiate(payoutWith({ mostUsdc: cost }))).kind).toBe('accepted')
})

describe('whatever happens to a request on the way, one payment gets one permit', () => {
  test.each(
    ['/quotes', '/transactions', '/submit'].flatMap((suffix) =>
      WIRE_TROUBLES.map((trouble) => [trouble, suffix] as const),
    ),
  )('%s of the request to %s', async (trouble, suffix) => {
    const operation = payoutWith()
    const deadline = new AbortController()
    void world.server.arm(trouble, isPost(suffix)).then(() => trouble.startsWith('hang') && deadline.abort())
    const first = await initiate(operation, deadline.signal)
    if (first.kind === 'refused') {
      // Only a first request that did nothing may refuse, and nothing may be signed from then on.
      expect(suffix).toBe('/quotes')
      expect(await inquire(operation)).toEqual(first)
      expect(world.server.of(operation.key)).toEqual([])
      return
    }
    const found = await inquire(operation)
    expect(found.kind).toBe('accepted')
    expect(world.server.of(operation.key)).toHaveLength(1)
    expect(world.server.signed(operation.key)).toHaveLength(1)
    world.server.settle()
    expect(await status(later(operation))).toMatchObject({
      kind: 'done',
      reference: (found as { reference: string }).reference,
    })
  })

  test('thirty processes that begin and poll at once', async () => {
    const operation = payoutWith()
    const calls = Array.from({ length: 30 }, (_, n) => (n % 2 ? initiate(operation) : inquire(operation)))
    const kinds = new Set((await Promise.all(calls)).map(({ kind }) => kind))
    expect(kinds.has('refused')).toBe(false)
    expect((await inquire(operation)).kind).toBe('accepted')
    expect(world.server.of(operation.key)).toHaveLength(1)
    expect(world.server.signed(operation.key)).toHaveLength(1)
  })
})

describe('a refusal and a permit exclude each other', () => {
  test('a process that is turned away refuses for all: one that goes on signs nothing', async () => {
    const operation = payoutWith()
    // One process is held up before its payment, with its attempt written down.
    const held = world.server.arm('hang', isPost('/payments'))
    const deadline = new AbortController()
    const slow = initiate(operation, deadline.signal)
    await held
    world.server.hooks.refuse = ({ method, path }) =>
      method === 'POST' && path === '/v1/cpn/payments' ? { status: 400, code: 290204 } : null
    expect(await initiate(operation)).toMatchObject({ kind: 'refused', reason: 'compliance' })
    world.server.hooks.refuse = undefined
    deadline.abort()
    await slow
    expect(await initiate(later(operation))).toMatchObject({ kind: 'refused', reason: 'compliance' })
    expect(world.server.signed(operation.key)).toEqual([])
  })

  /** Begins the payout, and is held up when it wants its transaction; the answer lets it go on. */
  const heldUp = async (operation: Operation) => {
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    world.server.hooks.hold = (request) => {
      if (!isPost('/transactions')(request)) return
      arrived.resolve()
      world.server.hooks.hold = undefined
      return released.promise
    }
    const call = initiate(operation)
    await arrived.promise
    return () => {
      released.resolve()
      return call
    }
  }

  test('a process that was held up signs nothing once another has refused', async () => {
    const operation = payoutWith()
    const goOn = await heldUp(operation)
    world.server.hooks.refuse = ({ path }) =>
      path.endsWith('/transactions') ? { status: 400, code: 290322 } : null
    const refusal = await initiate(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'compliance' })
    world.server.hooks.refuse = undefined
    expect(await goOn()).toEqual(refusal)
    expect(world.server.signed(operation.key)).toEqual([])
  })

  test('a process that was held up waits once another has signed', async () => {
    const operation = payoutWith()
    const goOn = await heldUp(operation)
    const accepted = await initiate(operation)
    expect(accepted.kind).toBe('accepted')
    expect(await goOn()).toEqual(accepted)
    expect(world.server.signed(operation.key)).toHaveLength(1)
  })

  test('a process that was told no after another had signed does not refuse', async () => {
    const operation = payoutWith()
    await initiate(operation)
    // As if the payment were unknown to this one: it never found out that there is one.
    await world.database.sql`update provider_steps set external_id = null, status = 'begun'
      where key = ${operation.key} and step = 'payment'`
    world.server.hooks.refuse = ({ method, path }) =>
      method === 'POST' && path === '/v1/cpn/payments' ? { status: 400, code: 290100 } : null
    for (const payment of world.server.of(operation.key)) payment.customerRefId = 'hidden'
    const outcome = await initiate(later(operation))
    expect(outcome.kind).toBe('unknown')
  })
})

describe('a quote', () => {
  test('is the cheapest that agrees, whatever their order', async () => {
    const operation = payoutWith()
    await initiate(operation)
    const [payment] = world.server.of(operation.key)
    // 952.75 EUR at 0.92, rounded up, and 1.25 of fees.
    expect(payment?.sourceAmount.amount).toBe('1036.847827')
  })

  const fields: [string, object][] = [
    ['another amount', { destinationAmount: { amount: '952.76', currency: 'EUR' } }],
    ['an amount with more digits', { destinationAmount: { amount: '952.750000000001', currency: 'EUR' } }],
    ['another currency', { destinationAmount: { amount: '952.75', currency: 'GBP' } }],
    ['USDC under another name', { sourceAmount: { amount: '1000', currency: 'EURC' } }],
    ['no cost', { sourceAmount: { amount: '0', currency: 'USDC' } }],
    ['fees above its cost', { fees: { totalAmount: { amount: '2000', currency: 'USDC' } } }],
    ['another chain', { blockchain: 'MATIC-AMOY' }],
    ['another method', { paymentMethodType: 'WIRE' }],
    ['an expiry that has passed', { quoteExpireDate: '2020-01-01T00:00:00Z' }],
  ]
  test.each(fields)('with %s is not taken', async (_, change) => {
    world.server.hooks.quotes = (quotes) => quotes.map((quote) => ({ ...quote, ...change }))
    const operation = payoutWith()
    expect(await initiate(operation)).toMatchObject({ kind: 'refused', reason: 'temporary' })
    expect(world.server.of(operation.key)).toEqual([])
  })

  test.each([
    ['for another key than its certificate’s', { x: 'A'.repeat(43) }, {}],
    ['in another name than its certificate’s', {}, { domain: 'api.circle.com' }],
    ['without a certificate', {}, { certPem: 'bm9uZQ==' }],
  ])('%s is not taken: nothing is sealed to a stranger', async (_, jwk, certificate) => {
    world.server.hooks.quotes = (quotes) =>
      quotes.map((quote) => {
        const given = quote.certificate as { jwk: object }
        return { ...quote, certificate: { ...given, ...certificate, jwk: { ...given.jwk, ...jwk } } }
      })
    expect(await initiate(payoutWith())).toMatchObject({ kind: 'refused', reason: 'temporary' })
  })

  test('that lapses before there is a payment is followed by another, and that by one payment', async () => {
    const operation = payoutWith()
    void world.server.arm('reset', isPost('/payments'))
    expect((await initiate(operation)).kind).toBe('unknown')
    world.clock.nowMs += 30_000
    expect((await inquire(operation)).kind).toBe('accepted')
    expect(world.server.of(operation.key)).toHaveLength(1)
    const keys = world.server.received
      .filter(isPost('/payments'))
      .map(({ body }) => body as { customerRefId: string; idempotencyKey: string })
      .filter(({ customerRefId }) => customerRefId === operation.key)
    expect(new Set(keys.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2)
  })

  test('that lapses after its payment was made changes nothing about it', async () => {
    const operation = payoutWith()
    void world.server.arm('reset_after', isPost('/payments'))
    await initiate(operation)
    world.clock.nowMs += 30_000
    expect((await inquire(operation)).kind).toBe('accepted')
    expect(world.server.of(operation.key)).toHaveLength(1)
  })

  test('that has lapsed is not used again by a process that comes later', async () => {
    const operation = payoutWith()
    world.server.hooks.refuse = ({ method, path }) => {
      if (method !== 'POST' || path !== '/v1/cpn/payments') return null
      world.server.hooks.refuse = undefined
      // The process ends before it has the next quote.
      void world.server.arm('reset', isPost('/quotes'))
      return { status: 400, code: 290202 }
    }
    expect((await initiate(operation)).kind).toBe('unknown')
    expect((await inquire(operation)).kind).toBe('accepted')
    const quotes = world.server.received
      .filter(isPost('/payments'))
      .map(({ body }) => body as { customerRefId: string; quoteId: string })
      .filter(({ customerRefId }) => customerRefId === operation.key)
      .map(({ quoteId }) => quoteId)
    expect(new Set(quotes).size).toBe(quotes.length)
  })

  test('decides which payment is ours: another one under our reference is not followed', async () => {
    const operation = payoutWith()
    void world.server.arm('reset', isPost('/payments'))
    await initiate(operation)
    const stranger = payoutWith()
    await initiate(stranger)
    const [other] = world.server.of(stranger.key)
    Object.assign(other ?? {}, { customerRefId: operation.key })
    const found = await inquire(operation)
    expect(found.kind).toBe('accepted')
    expect(found).not.toMatchObject({ reference: other?.id })
  })

  test('whose payment was answered is followed by the payment’s id, whatever the list says', async () => {
    const operation = payoutWith()
    await initiate(operation)
    for (const payment of world.server.of(operation.key)) payment.customerRefId = 'hidden'
    expect((await status(later(operation))).kind).toBe('accepted')
  })

  test('that lapses again and again ends in a refusal after three', async () => {
    world.server.hooks.refuse = ({ method, path }) =>
      method === 'POST' && path === '/v1/cpn/payments' ? { status: 400, code: 290202 } : null
    const before = world.server.received.filter(isPost('/quotes')).length
    const operation = payoutWith()
    expect(await initiate(operation)).toMatchObject({ kind: 'refused', reason: 'temporary' })
    expect(world.server.received.filter(isPost('/quotes')).length - before).toBe(3)
  })
})

describe('the ends of a payout', () => {
  test.each([
    ['source_account', { sourceAccount: 'user_nobody' }, 'user_nobody is not linked to cpn'],
    [
      'destination_account',
      { destinationAccount: 'merchant_nobody' },
      'merchant_nobody is not linked to cpn',
    ],
  ])('%s without a link is refused before anything is sent', async (_, change, message) => {
    const before = world.server.received.length
    expect(await initiate(payoutWith(change))).toMatchObject({ kind: 'refused', reason: 'route', message })
    expect(world.server.received.length).toBe(before)
  })

  test('that the book does not have, or has in another currency, are refused before anything is sent', async () => {
    await world.link('merchant_lost', 'toString')
    const before = world.server.received.length
    for (const change of [{ destinationAccount: 'merchant_lost' }, { destinationAccount: 'merchant_carla' }])
      expect(await initiate(payoutWith(change))).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(world.server.received.length).toBe(before)
  })

  test('are sealed with what is asked for and no more', async () => {
    const operation = payoutWith()
    await initiate(operation)
    const [payment] = world.server.of(operation.key)
    expect(payment?.sealed.account).toEqual([{ name: 'IBAN', value: 'DE89370400440532013000' }])
    expect(payment?.sealed.travelRule.map(({ name }) => name)).not.toContain('ORIGINATOR_NATIONALITY')
    const sent = world.server.received.map(({ text }) => text).join('\n')
    for (const secret of ['DE89370400440532013000', 'Alice Johnson', 'Bob GmbH'])
      expect(sent).not.toContain(secret)
  })

  test.each([
    ['a detail that is not held', { name: 'SWIFT_CODE', type: 'TEXT', optional: false }],
    ['a file', { name: 'IBAN', type: 'FILE', optional: false }],
    ['another form', { name: 'IBAN', type: 'ADDRESS', optional: false }],
    ['another value', { name: 'IBAN', type: 'TEXT', optional: false, values: ['DE00'] }],
  ])('of whom %s is required are refused', async (_, requirement) => {
    world.server.hooks.requirements = { travelRule: [], beneficiaryAccount: [requirement] } as never
    const operation = payoutWith()
    expect(await initiate(operation)).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(world.server.of(operation.key)).toEqual([])
  })

  test('decide the use case, as each payment’s quote implied it', async () => {
    const operation = payoutWith()
    await initiate(operation)
    expect(world.server.of(operation.key)[0]?.request).toMatchObject({
      useCase: 'C2B',
      reasonForPayment: BOOK.beneficiaries.bob?.reasonForPayment ?? '',
      refCode: operation.paymentId,
    })
  })
})

test('a chain that CPN does not take USDC from, and another leg, are refused', async () => {
  for (const change of [
    { chain: 'base' },
    { chain: 'solana' },
    { leg: 'onramp' },
    { leg: 'refund' },
  ] as const)
    expect(await initiate(payoutWith(change))).toMatchObject({ kind: 'refused', reason: 'route' })
})

test('polygon is paid with its own USDC', async () => {
  const operation = payoutWith({ chain: 'polygon' })
  expect((await initiate(operation)).kind).toBe('accepted')
  world.server.settle()
  expect((await status(later(operation))).kind).toBe('done')
})

test('a payment under review is funded as soon as it is approved', async () => {
  const operation = payoutWith({ sourceAccount: 'payer_AsyncSuccess' })
  expect((await initiate(operation)).kind).toBe('accepted')
  expect(world.server.signed(operation.key)).toEqual([])
  world.server.settle()
  expect((await status(later(operation))).kind).toBe('accepted')
  expect(world.server.signed(operation.key)).toHaveLength(1)
})

test('a wallet without enough USDC is told to the log, and pays as soon as it has it', async () => {
  world.server.hooks.refuse = ({ path }) => (path.endsWith('/submit') ? { status: 400, code: 290312 } : null)
  const operation = payoutWith()
  expect((await initiate(operation)).kind).toBe('accepted')
  expect(world.lines).toContainEqual(
    expect.objectContaining({ payment_id: operation.paymentId, code: '290312' }),
  )
  world.server.hooks.refuse = undefined
  await status(later(operation))
  expect(world.server.signed(operation.key)).toHaveLength(1)
})

test('a transaction that failed before it was signed for is refused, and nothing is signed', async () => {
  const operation = payoutWith()
  void world.server.arm('reset_after', isPost('/transactions'))
  expect((await initiate(operation)).kind).toBe('unknown')
  const [payment] = world.server.of(operation.key)
  for (const transaction of world.server.transactions.values())
    if (transaction.paymentId === payment?.id)
      Object.assign(transaction, { status: 'FAILED', failureReason: 'TRANSACTION_EXPIRED' })
  expect(await inquire(operation)).toMatchObject({ kind: 'refused', reason: 'temporary' })
  expect(world.server.signed(operation.key)).toEqual([])
})

test('a transaction that was made before its process ended is the one that is signed for', async () => {
  const operation = payoutWith()
  void world.server.arm('reset', isPost('/submit'))
  await initiate(operation)
  await world.database.sql`delete from provider_steps where key = ${operation.key} and step = 'broadcast'`
  const before = world.server.received.filter(isPost('/transactions')).length
  expect((await status(later(operation))).kind).toBe('accepted')
  expect(world.server.received.filter(isPost('/transactions')).length).toBe(before)
  expect(world.server.signed(operation.key)).toHaveLength(1)
})

test('a permit that was handed in is not handed in again', async () => {
  const operation = payoutWith()
  await initiate(operation)
  const before = world.server.received.filter(isPost('/submit')).length
  expect((await status(later(operation))).kind).toBe('accepted')
  expect((await initiate(later(operation))).kind).toBe('accepted')
  expect(world.server.received.filter(isPost('/submit')).length).toBe(before)
})

test('an operation that is too old to be sent is not begun, even when nothing is known of it', async () => {
  const operation = { ...payoutWith(), sentBefore: true, ageMs: 86_400_001 }
  const before = world.server.received.length
  expect((await initiate(operation)).kind).toBe('unknown')
  expect((await status(operation)).kind).toBe('unknown')
  expect(world.server.received.length).toBe(before)
})

test('a transaction that failed is not followed by a second permit', async () => {
  const operation = payoutWith()
  await initiate(operation)
  const [payment] = world.server.of(operation.key)
  for (const transaction of world.server.transactions.values())
    if (transaction.paymentId === payment?.id)
      Object.assign(transaction, { status: 'FAILED', failureReason: 'FAILED_ONCHAIN' })
  expect((await status(later(operation))).kind).toBe('accepted')
  expect(world.server.signed(operation.key)).toHaveLength(1)
})

describe('a payout that is done', () => {
  const settled = async (change: (payment: { [field: string]: unknown }) => void) => {
    const operation = payoutWith()
    await initiate(operation)
    world.server.settle()
    for (const payment of world.server.of(operation.key)) change(payment as never)
    return status(later(operation))
  }

  test('tells the USDC that was signed away, and the rate that this makes', async () => {
    const done = await settled(() => {})
    // 952.75 / 1036.847827, rounded down at ten places.
    expect(done).toMatchObject({
      kind: 'done',
      settled: { amount: 1_036_847_827n, currency: 'USDC', fiat: 95_275n, rate: 9_188_908_682n as never },
    })
  })

  test.each([
    ['for another amount', { destinationAmount: { amount: '952.74', currency: 'EUR' } }],
    ['in another currency', { destinationAmount: { amount: '952.75', currency: 'USD' } }],
    ['for less USDC than was signed away', { sourceAmount: { amount: '1036.847826', currency: 'USDC' } }],
    ['for another token', { sourceAmount: { amount: '1036.847827', currency: 'EURC' } }],
    [
      'and has a refund',
      { refunds: [{ id: 'r', status: 'COMPLETED', amount: null, transactionHash: null }] },
    ],
  ])('%s is unknown', async (_, change) => {
    expect((await settled((payment) => Object.assign(payment, change))).kind).toBe('unknown')
  })

  test('without our signature is unknown', async () => {
    const operation = payoutWith({ sourceAccount: 'payer_AsyncSuccess' })
    await initiate(operation)
    for (const payment of world.server.of(operation.key)) payment.status = 'COMPLETED'
    expect((await status(later(operation))).kind).toBe('unknown')
  })
})

test('neither the wallet’s key nor the API’s is in any log line or outcome', () => {
  const logged = JSON.stringify(world.lines)
  for (const secret of ['59c6995e998f97a5', '22222222', 'DE8937']) expect(logged).not.toContain(secret)
})
