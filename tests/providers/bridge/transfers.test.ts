import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { formatRate, RATE_UNITS, type Rate } from '../../../src/core/rate.ts'
import { KEY_LIFE_MS } from '../../../src/providers/bridge/adapter.ts'
import type { Leg, Operation, Outcome, Provider } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type BridgeWorld, bridgeWorld } from './fixtures.ts'
import { DEPOSIT_ADDRESS, type ServedTransfer, WALLET_ID } from './server.ts'

let world: BridgeWorld
let provider: Provider
let account: Record<'USD' | 'EUR' | 'MXN', string>
beforeAll(async () => {
  world = await bridgeWorld()
  provider = world.bridge()
  account = {
    USD: await world.enrol('USD'),
    EUR: await world.enrol('EUR'),
    MXN: await world.enrol('MXN'),
  }
})
afterAll(async () => {
  expect(world.server.wire.violations).toEqual([])
  await world.close()
})

const operation = (leg: Leg, currency: 'USD' | 'EUR' | 'MXN', change: Partial<Operation> = {}) =>
  world.operation(leg, currency, account[currency], change)
const referenceOf = (outcome: Outcome): string => {
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  return outcome.reference
}
/** As the journal has it once it was accepted. */
const accepted = async (asked: Operation): Promise<Operation> => ({
  ...asked,
  reference: referenceOf(await provider.initiate(asked, never)),
  sentBefore: true,
})
const settled = async (asked: Operation) => {
  const known = await accepted(asked)
  world.server.settle()
  const outcome = await provider.status(known, never)
  if (outcome.kind !== 'done') throw new Error(`expected done, got ${outcome.kind}`)
  return outcome.settled
}
const requests = (key: string) =>
  world.server.wire.received
    .filter(({ method, body }) => method === 'POST' && (body as ServedTransfer).client_reference_id === key)
    .map(({ body, headers }) => ({ body: body as ServedTransfer, key: headers['idempotency-key'] }))
const sent = async (asked: Operation) => {
  await provider.initiate(asked, never)
  return requests(asked.key)[0]?.body
}

describe('what is asked of Bridge', () => {
  test('a deposit is of exactly the amount, for the payer, to our wallet on the payment’s chain', async () => {
    const dollars = await sent(operation('onramp', 'USD', { amount: 95_275n }))
    const [customer] = world.server.customers.keys()
    expect(dollars).toMatchObject({
      on_behalf_of: customer ?? '',
      amount: '952.75',
      source: { payment_rail: 'wire', currency: 'usd' },
      destination: { payment_rail: 'base', currency: 'usdc', to_address: DEPOSIT_ADDRESS },
      features: { flexible_amount: false },
    } as object)
    const euros = await sent(operation('onramp', 'EUR', { amount: 7n, chain: 'solana' }))
    expect(euros).toMatchObject({
      amount: '0.07',
      source: { payment_rail: 'sepa', currency: 'eur' },
      destination: { payment_rail: 'solana' },
    })
  })

  test('a payout fixes what the payee gets, and leaves open what it costs', async () => {
    for (const leg of ['offramp', 'refund'] as const) {
      const request = await sent(operation(leg, 'MXN', { amount: 87_699n }))
      expect(request).not.toHaveProperty('amount')
      expect(request).toMatchObject({
        source: { payment_rail: 'bridge_wallet', currency: 'usdc', bridge_wallet_id: WALLET_ID },
        destination: { payment_rail: 'spei', currency: 'mxn', amount: '876.99' },
      })
    }
  })

  test('dollars, for which fixed outputs are not documented, are paid one to one', async () => {
    const request = await sent(operation('refund', 'USD', { amount: 95_275n }))
    expect(request).toMatchObject({ amount: '952.75', destination: { payment_rail: 'ach', currency: 'usd' } })
    expect(request?.destination).not.toHaveProperty('amount')
  })
})

describe('whom it is for', () => {
  const refusalOf = (asked: Operation) => provider.initiate(asked, never)

  test('an account without a link is refused by name before anything is sent', async () => {
    const asked = operation('onramp', 'EUR', { sourceAccount: 'stranger' })
    expect(await refusalOf(asked)).toEqual({
      kind: 'refused',
      reason: 'route',
      message: 'stranger is not linked at bridge',
    })
    expect(await refusalOf({ ...asked, sentBefore: true })).toMatchObject({ kind: 'refused' })
    expect(requests(asked.key)).toEqual([])
  })

  test('the payee of a payout and the payer of a refund need an external account, the payer of a deposit none', async () => {
    world.server.customers.set('lonely', { accounts: {} })
    await world.link('lonely', 'lonely')
    const lonely = { sourceAccount: 'lonely', destinationAccount: 'lonely' }
    for (const leg of ['offramp', 'refund'] as const)
      expect(await refusalOf(operation(leg, 'EUR', lonely))).toMatchObject({
        kind: 'refused',
        reason: 'route',
        message: 'lonely has no external account at bridge',
      })
    expect((await refusalOf(operation('onramp', 'EUR', lonely))).kind).toBe('accepted')
  })

  test.each(['', '/', 'a/', '/b', 'a/b/c', 'a b', 'a/b '])('a link %p names nobody', async (reference) => {
    const name = `linked as ${reference}`
    await world.link(name, reference)
    expect(await refusalOf(operation('onramp', 'EUR', { sourceAccount: name }))).toMatchObject({
      reason: 'route',
    })
  })

  test('a refund goes to the payer, an off-ramp to the payee', async () => {
    const [one, other] = [await world.enrol('EUR'), await world.enrol('EUR')]
    const between = { sourceAccount: one, destinationAccount: other }
    const payee = await sent(operation('offramp', 'EUR', between))
    const payer = await sent(operation('refund', 'EUR', between))
    expect(`account-${payee?.on_behalf_of}`).toBe(other)
    expect(`account-${payer?.on_behalf_of}`).toBe(one)
  })
})

describe('a repetition', () => {
  test('is the request of the first time, whatever links and settings have become', async () => {
    const asked = operation('onramp', 'USD', { sourceAccount: await world.enrol('USD') })
    void world.server.wire.arm('reset_after', ({ method }) => method === 'POST')
    await expect(provider.initiate(asked, never)).rejects.toThrow()
    await world.database
      .sql`update provider_accounts set reference = 'another' where name = ${asked.sourceAccount}`
    const changed = world.bridge({ usdDepositRail: 'ach_push' })
    referenceOf(await changed.initiate({ ...asked, sentBefore: true }, never))
    const [first, second] = requests(asked.key)
    expect(second).toEqual(first)
  })

  test('is not believed about the state, which is that of the first answer', async () => {
    const asked = operation('offramp', 'EUR')
    void world.server.wire.arm('reset_after', ({ method }) => method === 'POST')
    await expect(provider.initiate(asked, never)).rejects.toThrow()
    world.server.change(asked.key, { state: 'refunded' })
    expect(await provider.initiate({ ...asked, sentBefore: true }, never)).toMatchObject({ kind: 'refused' })
  })

  test('is not needed once an answer was read, even when the key is long forgotten', async () => {
    const asked = operation('offramp', 'EUR')
    const reference = referenceOf(await provider.initiate(asked, never))
    const later = { ...asked, sentBefore: true, ageMs: 2 * KEY_LIFE_MS }
    const restarted = world.bridge()
    expect(await restarted.status(later, never)).toEqual({ kind: 'accepted', reference })
    expect(await restarted.initiate(later, never)).toEqual({ kind: 'accepted', reference })
    expect(requests(asked.key)).toHaveLength(1)
  })

  test('is never sent once Bridge may have forgotten the key', async () => {
    const asked = operation('offramp', 'EUR', { sentBefore: true, ageMs: KEY_LIFE_MS + 1 })
    for (const call of [provider.status, provider.initiate])
      expect((await call(asked, never)).kind).toBe('unknown')
    expect(requests(asked.key)).toEqual([])
    expect((await provider.initiate({ ...asked, ageMs: KEY_LIFE_MS }, never)).kind).toBe('accepted')
  })

  test('is still sent when the account has lost its link meanwhile: a transfer may stand', async () => {
    const asked = operation('offramp', 'EUR', { destinationAccount: await world.enrol('EUR') })
    void world.server.wire.arm('reset_after', ({ method }) => method === 'POST')
    await expect(provider.initiate(asked, never)).rejects.toThrow()
    await world.database.sql`delete from provider_accounts where name = ${asked.destinationAccount}`
    expect((await provider.initiate({ ...asked, sentBefore: true }, never)).kind).toBe('accepted')
    expect(requests(asked.key)).toHaveLength(2)
  })

  test('that is turned away refuses nothing, even where only the journal of steps knows of the first', async () => {
    const asked = operation('offramp', 'EUR')
    void world.server.wire.arm('reset_after', ({ method }) => method === 'POST')
    await expect(provider.initiate(asked, never)).rejects.toThrow()
    void world.server.wire.arm('rate_limited', ({ method }) => method === 'POST')
    await expect(provider.initiate(asked, never)).rejects.toThrow('HTTP 429')
    expect((await provider.initiate(asked, never)).kind).toBe('accepted')
  })

  test('of another process at the same moment is the same request, whatever settings it has', async () => {
    const changed = world.bridge({ usdDepositRail: 'ach_push' })
    for (let n = 0; n < 20; n++) {
      const asked = operation('onramp', 'USD')
      const [one, other] = await Promise.all([
        provider.initiate(asked, never),
        changed.initiate(asked, never),
      ])
      expect(referenceOf(one)).toBe(referenceOf(other))
    }
  })

  test('happens under one key for each operation', async () => {
    const [one, other] = [operation('onramp', 'USD'), operation('onramp', 'USD')]
    for (const asked of [one, other]) await sent(asked)
    expect(requests(one.key)[0]?.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/)
    expect(requests(one.key)[0]?.key).not.toBe(requests(other.key)[0]?.key)
  })
})

describe('instructions', () => {
  test('tell the payer of a deposit where to send it and how to mark it', async () => {
    const outcome = await provider.initiate(operation('onramp', 'USD', { amount: 95_275n }), never)
    expect(outcome).toMatchObject({
      instructions: {
        deposit_message: expect.stringMatching(/^BVI7/),
        amount: '952.75',
        currency: 'usd',
        bank_account_number: '1234567890',
      },
    })
  })

  test('are unusable without the mark, and kept from what is not text', async () => {
    const known = await accepted(operation('onramp', 'USD'))
    const given = { bank_name: 'Bank', payment_rails: ['wire'], iban: null, bank_routing_number: 123 }
    world.server.change(known.key, { source_deposit_instructions: given })
    expect((await provider.status(known, never)).kind).toBe('unknown')
    world.server.change(known.key, { source_deposit_instructions: { ...given, deposit_message: 'BVI7' } })
    expect(await provider.status(known, never)).toMatchObject({
      instructions: { bank_name: 'Bank', bank_routing_number: '123', deposit_message: 'BVI7' },
    })
  })

  test('a payout has none', async () =>
    expect(await provider.initiate(operation('offramp', 'USD'), never)).not.toHaveProperty('instructions'))
})

describe('what was settled', () => {
  test('is the USDC that a deposit came to, by its receipt', async () => {
    // 952.75 EUR at 0.93 EUR for a dollar, rounded up by the server.
    const euros = await settled(operation('onramp', 'EUR', { amount: 95_275n }))
    expect(euros).toMatchObject({ amount: 1_024_470_000n, currency: 'USDC', fiat: 95_275n })
    expect(formatRate(euros.rate)).toBe('1.0752768302')
    const dollars = await settled(operation('onramp', 'USD', { amount: 95_275n }))
    expect(dollars).toEqual({
      amount: 952_750_000n,
      currency: 'USDC',
      fiat: 95_275n,
      rate: RATE_UNITS as Rate,
    })
  })

  test('is the USDC that a payout cost, all fees included', async () => {
    // 850.00 EUR at 0.92 EUR for a dollar.
    const euros = await settled(operation('offramp', 'EUR', { amount: 85_000n }))
    expect(euros).toMatchObject({ amount: 923_920_000n, currency: 'USDC', fiat: 85_000n })
    expect(formatRate(euros.rate)).toBe('0.9199930729')
  })

  test('is the fiat that a refund gave back', async () =>
    expect(await settled(operation('refund', 'EUR', { amount: 95_275n }))).toEqual({
      amount: 95_275n,
      currency: 'EUR',
      fiat: 95_275n,
      rate: RATE_UNITS as Rate,
    }))

  const changed = async (asked: Operation, change: (transfer: ServedTransfer) => Partial<ServedTransfer>) => {
    const known = await accepted(asked)
    world.server.settle()
    world.server.change(known.key, change(structuredClone(world.server.of(known.key))))
    return (await provider.status(known, never)).kind
  }
  const receipt = (to: Record<string, string>) => (transfer: ServedTransfer) => ({
    receipt: { ...transfer.receipt, ...to },
  })

  test.each([
    ['a payee who got a cent less', 'offramp', 'EUR', receipt({ final_amount: '952.74' })],
    ['a payee who got a cent more', 'offramp', 'EUR', receipt({ final_amount: '952.76' })],
    ['a payer who got a cent less back', 'refund', 'EUR', receipt({ final_amount: '952.74' })],
    ['a short deposit', 'onramp', 'EUR', receipt({ initial_amount: '952.74' })],
    ['no final amount', 'onramp', 'EUR', receipt({ final_amount: '' })],
    ['nothing received', 'onramp', 'EUR', receipt({ final_amount: '0.00' })],
    ['an amount that is no number', 'offramp', 'EUR', receipt({ initial_amount: '1e3' })],
    ['a fee that was not taken off', 'onramp', 'USD', receipt({ exchange_fee: '0.50' })],
    ['dollars that vanish', 'onramp', 'USD', receipt({ final_amount: '950.00' })],
    ['dollars that cost more than they are', 'offramp', 'USD', receipt({ initial_amount: '953.00' })],
    [
      'another payout',
      'offramp',
      'EUR',
      (t: ServedTransfer) => ({ destination: { ...t.destination, amount: '1.00' } }),
    ],
    ['another deposit', 'onramp', 'USD', () => ({ amount: '952.76' })],
    [
      'another currency',
      'offramp',
      'EUR',
      (t: ServedTransfer) => ({ destination: { ...t.destination, currency: 'mxn' } }),
    ],
    [
      'another source',
      'offramp',
      'EUR',
      (t: ServedTransfer) => ({ source: { ...t.source, currency: 'usdb' } }),
    ],
  ] as const)('is unknown with %s', async (_what, leg, currency, change) =>
    expect(await changed(operation(leg, currency), change)).toBe('unknown'),
  )

  test('is unknown for the transfer of another operation', async () => {
    const [known, other] = [
      await accepted(operation('offramp', 'EUR')),
      await accepted(operation('offramp', 'EUR')),
    ]
    world.server.settle()
    expect((await provider.status({ ...known, reference: other.reference }, never)).kind).toBe('unknown')
  })

  test('is not taken from an answer about another operation, nor is it asked about later', async () => {
    const stranger = world.server.of((await accepted(operation('offramp', 'EUR'))).key)
    const payee = await world.enrol('EUR', { refusal: { status: 201, body: { ...stranger, id: 'c0ffee' } } })
    const asked = operation('offramp', 'EUR', { destinationAccount: payee })
    expect((await provider.initiate(asked, never)).kind).toBe('unknown')
    expect(await provider.status(asked, never)).toEqual({ kind: 'not_found' })
  })

  test('counts fees that were taken off', async () => {
    const fees = receipt({ exchange_fee: '0.50', gas_fee: '0.25', final_amount: '952.00' })
    expect(await changed(operation('onramp', 'USD'), fees)).toBe('done')
  })
})

describe('what it can do', () => {
  test('is no payout and no refund without fixed outputs', async () => {
    const bridge = world.bridge({ payouts: null })
    expect(bridge.capabilities.offramp).toBeNull()
    const asked = operation('refund', 'EUR')
    expect(await bridge.initiate(asked, never)).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(requests(asked.key)).toEqual([])
  })

  test('is a deposit on the chains where we have a wallet', async () => {
    expect(provider.capabilities.onramp).toMatchObject({
      currencies: ['USD', 'EUR'],
      chains: ['base', 'solana'],
    })
    const asked = operation('onramp', 'EUR', { chain: 'polygon' })
    expect(await provider.initiate(asked, never)).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(requests(asked.key)).toEqual([])
  })
})
