import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Operation, Outcome } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type CpnWorld, cpnWorld, payoutWith } from './fixtures.ts'
import type { Payment, Transaction } from './server.ts'

let world: CpnWorld
beforeAll(async () => {
  world = await cpnWorld()
})
beforeEach(() => {
  world.server.hooks.refuse = undefined
})
afterAll(async () => {
  expect(world.server.violations).toEqual([])
  await world.close()
})

const begun = async (change: Partial<Operation> = {}) => {
  const fresh = payoutWith(change)
  const outcome = await world.provider.initiate(fresh, never)
  const [payment] = world.server.of(fresh.key)
  const [transaction] = [...world.server.transactions.values()].filter(
    ({ paymentId }) => paymentId === payment?.id,
  )
  const reference = 'reference' in outcome ? (outcome.reference ?? null) : null
  const operation = { ...fresh, reference, sentBefore: true, ageMs: 1_000 }
  return { outcome, operation, payment: payment as Payment, transaction: transaction as Transaction }
}
const status = (operation: Operation): Promise<Outcome> =>
  world.provider
    .status(operation, never)
    .catch((error: Error) => ({ kind: 'unknown', message: error.message }))
const kindOf = async (operation: Operation) => (await status(operation)).kind

describe('a state of the payment', () => {
  test.each([
    ['CREATED', 'accepted'],
    ['CRYPTO_FUNDS_PENDING', 'accepted'],
    ['FIAT_PAYMENT_INITIATED', 'accepted'],
    ['COMPLETED', 'done'],
    ['REVERSED', 'unknown'],
    ['constructor', 'unknown'],
  ])('%s is %s', async (state, kind) => {
    const { operation, payment } = await begun()
    payment.status = state
    expect(await kindOf(operation)).toBe(kind as Outcome['kind'])
  })

  test.each([
    ['INFORMATION_REQUIRED', 'accepted'],
    ['IN_REVIEW', 'accepted'],
    ['APPROVED', 'accepted'],
    ['REJECTED', 'accepted'],
    ['FAILED', 'accepted'],
    ['ESCALATED', 'unknown'],
  ])('CREATED with a request for information that is %s is %s', async (rfi, kind) => {
    const { operation, payment } = await begun({ sourceAccount: 'payer_CreateRfi' })
    payment.activeRfi = { id: crypto.randomUUID(), status: rfi }
    expect(await kindOf(operation)).toBe(kind as Outcome['kind'])
  })

  test('a request for information that somebody has to answer is told to the log', async () => {
    const { operation, payment } = await begun({ sourceAccount: 'payer_CreateRfi' })
    await status(operation)
    const warnings = world.lines.filter(({ cpn_payment }) => cpn_payment === payment.id)
    expect(warnings).toContainEqual(expect.objectContaining({ level: 40, rfi: payment.activeRfi?.id }))
  })
})

const FAILURES = [
  ['TRAVEL_RULE_FAILED', 'compliance'],
  ['BANK_VERIFICATION_FAILED', 'route'],
  ['RFI_VERIFICATION_FAILED', 'compliance'],
  ['EXISTING_RFI_PENDING', 'compliance'],
  ['ONCHAIN_SETTLEMENT_FAILED', 'temporary'],
  ['ONCHAIN_SETTLEMENT_CUTOFF_TIME_EXCEEDED', 'temporary'],
  ['FIAT_SETTLEMENT_FAILED', 'route'],
  ['COMPLIANCE_CHECK_FAILED', 'compliance'],
  ['CANCELLED', 'route'],
  ['PAYMENT_EXPIRED', 'temporary'],
  ['OTHER', 'temporary'],
] as const

describe('a payment that failed', () => {
  test.each(FAILURES)('for %s before anything was signed is refused as %s', async (failureReason, reason) => {
    const { operation, payment } = await begun({ sourceAccount: 'payer_AsyncFailed' })
    Object.assign(payment, { status: 'FAILED', failureReason })
    const refusal = await status(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason, reference: payment.id })
    expect(await world.provider.initiate(operation, never)).toEqual(refusal)
  })

  test.each(FAILURES)('for %s with its USDC returned is refused as %s', async (failureReason, reason) => {
    const { operation, payment } = await begun()
    Object.assign(payment, { status: 'FAILED', failureReason })
    world.server.refund(payment, 'COMPLETED')
    expect(await status(operation)).toMatchObject({ kind: 'refused', reason })
  })

  test('for a reason that is not documented is unknown', async () => {
    const { operation, payment } = await begun()
    Object.assign(payment, { status: 'FAILED', failureReason: 'SOLAR_FLARE' })
    world.server.refund(payment, 'COMPLETED')
    expect(await kindOf(operation)).toBe('unknown')
  })

  test('at birth is refused at once, and for good', async () => {
    const { outcome, operation, transaction } = await begun({ sourceAccount: 'payer_Failed' })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'compliance' })
    expect(await status(operation)).toEqual(outcome)
    expect(transaction).toBeUndefined()
  })

  test.each([
    ['CREATED', 'accepted'],
    ['COMPLETED', 'refused'],
    ['FAILED', 'unknown'],
    ['LOST', 'unknown'],
  ])('after its USDC was taken, with a refund that is %s, is %s', async (refund, kind) => {
    const { operation, payment, transaction } = await begun()
    transaction.status = 'COMPLETED'
    Object.assign(payment, { status: 'FAILED', failureReason: 'FIAT_SETTLEMENT_FAILED' })
    expect(await kindOf(operation)).toBe('accepted')
    world.server.refund(payment, refund)
    expect(await kindOf(operation)).toBe(kind as Outcome['kind'])
  })

  test('is not decided while a second refund is under way', async () => {
    const { operation, payment, transaction } = await begun()
    Object.assign(payment, { status: 'FAILED', failureReason: 'FIAT_SETTLEMENT_FAILED' })
    Object.assign(transaction, { status: 'FAILED', failureReason: 'FAILED_ONCHAIN' })
    world.server.refund(payment, 'FAILED')
    world.server.refund(payment, 'CREATED')
    expect(await kindOf(operation)).toBe('accepted')
  })

  test('is refused once a second refund brings back what the first did not', async () => {
    const { operation, payment } = await begun()
    Object.assign(payment, { status: 'FAILED', failureReason: 'FIAT_SETTLEMENT_FAILED' })
    world.server.refund(payment, 'FAILED')
    world.server.refund(payment, 'COMPLETED')
    expect(await kindOf(operation)).toBe('refused')
  })

  test('with less USDC returned than was signed for tells the log how much', async () => {
    const { operation, payment } = await begun()
    Object.assign(payment, { status: 'FAILED', failureReason: 'FIAT_SETTLEMENT_FAILED' })
    world.server.refund(payment, 'COMPLETED')
    await status(operation)
    const [warning] = world.lines.filter(({ cpn_payment }) => cpn_payment === payment.id)
    expect(BigInt(String(warning?.signed)) - BigInt(String(warning?.returned))).toBe(250_000n)
  })
})

describe('a transaction that is', () => {
  test.each([
    ['CREATED', 'accepted'],
    ['PENDING', 'accepted'],
    ['BROADCASTED', 'accepted'],
    ['COMPLETED', 'accepted'],
    ['FAILED', 'accepted'],
    ['FORKED', 'unknown'],
  ])('%s leaves a payment that waits for USDC %s', async (state, kind) => {
    const { operation, transaction } = await begun()
    transaction.status = state
    expect(await kindOf(operation)).toBe(kind as Outcome['kind'])
  })

  // The permit can be used until its deadline, which is 19 minutes after the payment's expiry.
  const EXPIRY_MS = 3_600_000
  const DEADLINE_MS = EXPIRY_MS + 1_140_000

  const failed = async (state: string, failureReason?: string) => {
    const made = await begun()
    Object.assign(made.payment, { status: 'FAILED', failureReason: 'PAYMENT_EXPIRED' })
    Object.assign(made.transaction, { status: state, failureReason })
    return made
  }

  test.each([
    ['CREATED', undefined, 'refused'],
    ['PENDING', undefined, 'accepted'],
    ['BROADCASTED', undefined, 'accepted'],
    ['COMPLETED', undefined, 'accepted'],
    ['FORKED', undefined, 'accepted'],
    ...[
      'CPN_PAYMENT_EXPIRED',
      'SIGNED_TRANSACTION_EXPIRED',
      'NONCE_TOO_LOW',
      'INSUFFICIENT_TOKEN_BALANCE',
      'INSUFFICIENT_GAS_BALANCE',
      'GAS_PRICE_TOO_LOW',
      'OUT_OF_GAS',
      'FAILED_ONCHAIN',
      'SOL_BLOCKHASH_EXPIRED',
      'TRANSACTION_EXPIRED',
    ].map((reason) => ['FAILED', reason, 'refused'] as const),
    ...['TX_REPLACEMENT_FAILED', 'SOL_TX_ALREADY_IN_CACHE', 'TX_ALREADY_CONFIRMED', 'EATEN', undefined].map(
      (reason) => ['FAILED', reason, 'unknown'] as const,
    ),
  ] as const)(
    '%s (%s) makes a payment that failed %s once the permit is void',
    async (state, reason, kind) => {
      const { operation } = await failed(state, reason)
      const startMs = world.clock.nowMs
      world.clock.nowMs = startMs + DEADLINE_MS + 1_000
      expect(await kindOf(operation)).toBe(kind as Outcome['kind'])
      world.clock.nowMs = startMs
    },
  )

  test('unused does not make a payment that failed refused as long as the permit could still be used', async () => {
    const { operation } = await failed('FAILED', 'FAILED_ONCHAIN')
    const startMs = world.clock.nowMs
    world.clock.nowMs = startMs + DEADLINE_MS - 5_000
    const waiting = await status(operation)
    if (waiting.kind !== 'accepted') throw new Error(`expected accepted, got ${waiting.kind}`)
    world.clock.nowMs += waiting.checkAfterMs ?? 0
    expect(await kindOf(operation)).toBe('refused')
    world.clock.nowMs = startMs
  })
})

/** The code of an error that is answered to the request, and what it makes of an operation that is new. */
const CODES = [
  [-1, 'unknown'],
  [1, 'route'],
  [2, 'route'],
  [3, 'route'],
  [4, 'route'],
  [290000, 'route'],
  [2900000, 'route'],
  [290100, 'limits'],
  [290101, 'temporary'],
  [290102, 'route'],
  [290203, 'route'],
  [290204, 'compliance'],
  [290205, 'compliance'],
  [290206, 'compliance'],
  [290207, 'route'],
  [290211, 'route'],
  [290500, 'route'],
  [290502, 'route'],
  [290503, 'route'],
  [290999, 'unknown'],
] as const

describe.each([
  ['a quote', '/v1/cpn/quotes'],
  ['a payment', '/v1/cpn/payments'],
])('an error for %s', (_, path) => {
  test.each(CODES)('with the code %p is %s', async (code, meaning) => {
    world.server.hooks.refuse = (request) =>
      request.method === 'POST' && request.path === path ? { status: 400, code } : null
    const operation = payoutWith()
    const outcome = await world.provider
      .initiate(operation, never)
      .catch((error: Error): Outcome => ({ kind: 'unknown', message: error.message }))
    if (meaning === 'unknown') return expect(outcome.kind).toBe('unknown')
    expect(outcome).toMatchObject({ kind: 'refused', reason: meaning })
    // What CPN says in words may be meant for us alone.
    expect(JSON.stringify(outcome)).not.toContain('free text')
    world.server.hooks.refuse = undefined
    expect(await world.provider.initiate({ ...operation, sentBefore: true }, never)).toEqual(outcome)
  })
})

describe('an error for a transaction that is made', () => {
  test.each([
    [290301, 'route'],
    [290304, 'unknown'],
    [290305, 'unknown'],
    [290308, 'temporary'],
    [290322, 'compliance'],
    [290324, 'route'],
    [290332, 'route'],
    [290999, 'unknown'],
  ])('with the code %p is %s: nothing is signed', async (code, meaning) => {
    world.server.hooks.refuse = ({ method, path }) =>
      method === 'POST' && path.endsWith('/transactions') ? { status: 400, code } : null
    const operation = payoutWith()
    const outcome = await world.provider
      .initiate(operation, never)
      .catch((error: Error): Outcome => ({ kind: 'unknown', message: error.message }))
    if (meaning === 'unknown') expect(outcome.kind).toBe('unknown')
    else expect(outcome).toMatchObject({ kind: 'refused', reason: meaning as 'route' })
    expect(world.server.signed(operation.key)).toEqual([])
  })
})

describe('an error for a permit that is handed in', () => {
  // Whatever is said to it, the permit is out of our hands: nobody else may pay until the payment has failed.
  const codes: [string, number[]][] = [
    // Handed in before, or to be handed in again.
    ['accepted', [303, 307, 318, 325, 333, 312, 313, 317]],
    // Would be a refusal of something that was not signed for.
    ['accepted', [308, 309, 322, 324, 328, 329, 332]],
    ['unknown', [304, 305, 306, 310, 311, 314, 315, 316, 319, 320, 321, 327, 330, 331, 999]],
  ]
  test.each(codes.flatMap(([kind, each]) => each.map((code) => [290_000 + code, kind] as const)))(
    'with the code %p is %s, never refused, and a later poll hands it in',
    async (code, kind) => {
      world.server.hooks.refuse = ({ path }) => (path.endsWith('/submit') ? { status: 400, code } : null)
      const operation = payoutWith()
      const first = await world.provider
        .initiate(operation, never)
        .catch((error: Error): Outcome => ({ kind: 'unknown', message: error.message }))
      expect(first.kind).toBe(kind as Outcome['kind'])
      world.server.hooks.refuse = undefined
      expect(await kindOf({ ...operation, sentBefore: true })).toBe('accepted')
      expect(world.server.signed(operation.key)).toHaveLength(1)
    },
  )
})
