import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { privateKeyToAccount } from 'viem/accounts'
import { never } from '../sandbox-fixtures.ts'
import { type CpnWorld, cpnWorld, payoutWith, WALLET_KEY } from './fixtures.ts'

let world: CpnWorld
beforeAll(async () => {
  world = await cpnWorld()
})
afterEach(() => {
  world.server.hooks.message = undefined
})
afterAll(async () => {
  expect(world.server.violations).toEqual([])
  await world.close()
})

const OTHER = '0x00000000000000000000000000000000deadbeef'
const ZERO = `0x${'0'.repeat(40)}`
const OURS = privateKeyToAccount(WALLET_KEY).address

interface Shown {
  [field: string]: unknown
  messageToBeSigned: {
    domain: Record<string, unknown>
    primaryType: string
    types: Record<string, unknown>
    message: Record<string, unknown> & {
      permitted: Record<string, unknown>
      witness: Record<string, unknown>
    }
  }
}
type Change = (shown: Shown) => unknown

const permitted =
  (change: object): Change =>
  (shown) =>
    Object.assign(shown.messageToBeSigned.message.permitted, change)
const witness =
  (change: object): Change =>
  (shown) =>
    Object.assign(shown.messageToBeSigned.message.witness, change)
const message =
  (change: object): Change =>
  (shown) =>
    Object.assign(shown.messageToBeSigned.message, change)
const domain =
  (change: object): Change =>
  (shown) =>
    Object.assign(shown.messageToBeSigned.domain, change)
const types =
  (change: object): Change =>
  (shown) =>
    Object.assign(shown.messageToBeSigned.types, change)

/** What was quoted is 1036.847827 USDC, of it 1.25 fees; the payment is to be settled within an hour. */
const QUOTED = 1_036_847_827n
const seconds = (afterMs: number) => String(Math.floor((world.clock.nowMs + afterMs) / 1_000))

const CHANGES: [string, Change][] = [
  ['another token', permitted({ token: OTHER })],
  [
    'more USDC than was quoted',
    (shown) => {
      permitted({ amount: String(QUOTED + 1n) })(shown)
      witness({ value: String(QUOTED - 249_999n) })(shown)
    },
  ],
  [
    'no USDC',
    (shown) => {
      permitted({ amount: '0' })(shown)
      witness({ value: '0', maxFee: '0' })(shown)
    },
  ],
  ['nothing but a fee', witness({ value: '0', maxFee: String(QUOTED) })],
  ['more than its parts', witness({ value: '1' })],
  [
    'a higher fee than all fees that were quoted',
    witness({ value: String(QUOTED - 1_250_001n), maxFee: '1250001' }),
  ],
  ['another spender', message({ spender: OTHER })],
  ['another payer', witness({ from: OTHER })],
  ['another recipient than the transaction’s', witness({ to: OTHER })],
  [
    'nobody as its recipient',
    (shown) => {
      shown.destinationAddress = ZERO
      witness({ to: ZERO })(shown)
    },
  ],
  [
    'ourselves as its recipient',
    (shown) => {
      shown.destinationAddress = OURS
      witness({ to: OURS })(shown)
    },
  ],
  [
    'a deadline that has passed',
    (shown) => {
      message({ deadline: seconds(-1_000) })(shown)
      witness({ validBefore: seconds(-1_000) })(shown)
    },
  ],
  ['a deadline long after the payment’s end', (shown) => message({ deadline: seconds(5_401_000) })(shown)],
  ['a deadline without end', message({ deadline: String(2n ** 256n - 1n) })],
  ['a validity that has passed', (shown) => witness({ validBefore: seconds(0) })(shown)],
  ['a validity beyond its deadline', (shown) => witness({ validBefore: seconds(5_000_000) })(shown)],
  ['another chain', domain({ chainId: '1' })],
  ['another contract of permits', domain({ verifyingContract: OTHER })],
  ['another domain', domain({ name: 'USD Coin' })],
  ['a domain with a version', types({ EIP712Domain: [{ name: 'version', type: 'string' }] })],
  [
    'another type of permit',
    (shown) => Object.assign(shown.messageToBeSigned, { primaryType: 'PermitBatch' }),
  ],
  [
    'fields in another order',
    (shown) => (shown.messageToBeSigned.types.PaymentIntent as unknown[]).reverse(),
  ],
  ['a type more', types({ Extra: [{ name: 'x', type: 'uint256' }] })],
  ['an amount that is no number', permitted({ amount: '0x10' })],
  ['a field less', (shown) => Reflect.deleteProperty(shown.messageToBeSigned.message.witness, 'attester')],
  ['another kind of message', (shown) => Object.assign(shown, { messageType: 'EIP3009' })],
  ['another payment', (shown) => Object.assign(shown, { paymentId: crypto.randomUUID() })],
  ['another blockchain', (shown) => Object.assign(shown, { blockchain: 'ETH' })],
  ['another sender', (shown) => Object.assign(shown, { senderAddress: OTHER })],
  ['nothing to sign', (shown) => Object.assign(shown, { messageToBeSigned: {} })],
]

describe('a permit that does not say what was agreed is not signed', () => {
  test.each(CHANGES)('%s', async (_, change) => {
    world.server.hooks.message = (shown) => void change(shown as unknown as Shown)
    const operation = payoutWith()
    const refusal = await world.provider.initiate(operation, never)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'route' })
    world.server.hooks.message = undefined
    // Not even once the message is right: the refusal has been told.
    expect(await world.provider.status({ ...operation, sentBefore: true }, never)).toEqual(refusal)
    expect(world.server.received.filter(({ path }) => path.endsWith('/submit'))).toEqual([])
    expect(world.server.signed(operation.key)).toEqual([])
  })

  test('what is wrong with it is told to the log', () => {
    expect(world.lines.filter(({ level }) => level === 50)).toHaveLength(CHANGES.length)
  })
})

test.each([
  [5, 'accepted'],
  [30, 'refused'],
])('a payment whose end a review has postponed by %p hours is %s', async (hours, kind) => {
  const operation = payoutWith({ sourceAccount: 'payer_AsyncSuccess' })
  await world.provider.initiate(operation, never)
  for (const payment of world.server.of(operation.key)) payment.expiresMs += hours * 3_600_000
  world.server.settle()
  const outcome = await world.provider.status({ ...operation, sentBefore: true }, never)
  expect(outcome.kind).toBe(kind as 'accepted')
})

test('a permit for less than was quoted is signed, and its amount is what the payout has cost', async () => {
  const operation = payoutWith()
  const less = (shown: Shown) => {
    permitted({ amount: String(QUOTED - 10n) })(shown)
    witness({ value: String(QUOTED - 250_010n) })(shown)
  }
  const key = operation.key
  await world.provider.initiate({ ...operation, sourceAccount: 'payer_AsyncSuccess' }, never)
  world.server.settle()
  world.server.hooks.message = (shown) => less(shown as unknown as Shown)
  // The server has to want the same, for it looks at the signature.
  void world.server.arm('reset', ({ path }) => path.endsWith('/submit'))
  const asked = { ...operation, sourceAccount: 'payer_AsyncSuccess', sentBefore: true }
  await world.provider.status(asked, never).catch(() => null)
  for (const transaction of world.server.transactions.values())
    if (world.server.of(key).some(({ id }) => id === transaction.paymentId))
      less({ messageToBeSigned: transaction.message } as unknown as Shown)
  world.server.hooks.message = undefined
  expect((await world.provider.status(asked, never)).kind).toBe('accepted')
  world.server.settle()
  expect(await world.provider.status(asked, never)).toMatchObject({
    kind: 'done',
    settled: { amount: QUOTED - 10n },
  })
})

test('a permit that changes after the first signature is never signed', async () => {
  const operation = payoutWith()
  void world.server.arm('reset', ({ path }) => path.endsWith('/submit'))
  await world.provider.initiate(operation, never).catch(() => null)
  world.server.hooks.message = (shown) => void message({ nonce: '7' })(shown as unknown as Shown)
  const asked = { ...operation, sentBefore: true }
  expect((await world.provider.status(asked, never)).kind).toBe('unknown')
  expect(world.server.signed(operation.key)).toEqual([])
  world.server.hooks.message = undefined
  expect((await world.provider.status(asked, never)).kind).toBe('accepted')
  expect(world.server.signed(operation.key)).toHaveLength(1)
})
