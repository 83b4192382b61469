import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation } from '../../../src/providers/port.ts'
import {
  ALICE_ACCOUNT,
  ALICE_BANK,
  BOB_BANK,
  callsOn,
  isExecution,
  link,
  OUR_ACCOUNT,
  operationOf,
  setup,
  WALLET,
} from './harness.ts'

type Rig = Awaited<ReturnType<typeof setup>>
let rig: Rig
beforeAll(async () => {
  rig = await setup()
})
afterEach(() => expect(rig.server.violations).toEqual([]))
afterAll(() => rig.close())

const { initiate, again, status, accepted } = callsOn(() => rig)
const QUOTE_LIFE_MS = 900_000

const bodyOf = ({ key }: Operation) => rig.server.received.find(({ text }) => text.includes(key))?.body

describe('what is ordered', () => {
  test('by an on-ramp: exactly the amount out of the payer’s account, as USDC to our wallet on the chain', async () => {
    const operation = operationOf('onramp')
    await accepted(initiate(operation))
    expect(bodyOf(operation)).toEqual({
      source: { accountId: ALICE_ACCOUNT, asset: 'usd' },
      target: { address: WALLET, network: 'base', asset: 'usdc' },
      amount: '952.75',
      asset: 'usd',
      amountType: 'source',
      execute: false,
      metadata: { ratelock_operation: operation.key, ratelock_leg: 'onramp' },
    })
  })

  test('by an off-ramp: exactly the amount into the payee’s bank, out of our USDC', async () => {
    const operation = operationOf('offramp', { currency: 'EUR', amount: 87_699n })
    await accepted(initiate(operation))
    expect(bodyOf(operation)).toMatchObject({
      source: { accountId: OUR_ACCOUNT, asset: 'usdc' },
      target: { paymentMethodId: BOB_BANK, asset: 'eur' },
      amount: '876.99',
      asset: 'eur',
      amountType: 'target',
    })
  })

  test('by a refund: exactly the amount into the payer’s bank, or into the account where no bank is linked', async () => {
    const operation = operationOf('refund')
    await accepted(initiate(operation))
    expect(bodyOf(operation)).toMatchObject({
      source: { accountId: OUR_ACCOUNT, asset: 'usdc' },
      target: { paymentMethodId: ALICE_BANK, asset: 'usd' },
      amount: '952.75',
      amountType: 'target',
    })
    await link(rig.database, 'carol', ALICE_ACCOUNT)
    const other = operationOf('refund', { sourceAccount: 'carol' })
    await accepted(initiate(other))
    expect(bodyOf(other)).toMatchObject({ target: { accountId: ALICE_ACCOUNT, asset: 'usd' } })
  })

  test('is nothing at a price that cannot be meant: refused, and never executed', async () => {
    // 952.75 and a fee of 3.50 USDC.
    const operation = operationOf('offramp', { mostUsdc: 956_249_999n })
    expect(await initiate(operation)).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(rig.server.executed(operation.key)).toBe(0)
    await accepted(initiate(operationOf('offramp', { mostUsdc: 956_250_000n })))
  })

  test('stays the same when what a payee is linked to changes on the way', async () => {
    await link(rig.database, 'dave', BOB_BANK)
    const operation = operationOf('offramp', { destinationAccount: 'dave' })
    void rig.server.arm('reset_after', ({ text }) => text.includes(operation.key))
    expect((await initiate(operation)).kind).toBe('unknown')
    await link(rig.database, 'dave', ALICE_BANK)
    rig.clock.nowMs += QUOTE_LIFE_MS
    await accepted(again(operation))
    const targets = rig.server.made(operation.key).map(({ target }) => target.paymentMethodId)
    expect(targets).toEqual([BOB_BANK, BOB_BANK])
  })

  test('is carried on when a payee is no longer linked to anything: it may have been executed', async () => {
    await link(rig.database, 'erin', BOB_BANK)
    const operation = operationOf('offramp', { destinationAccount: 'erin' })
    void rig.server.arm('reset_after', isExecution)
    expect((await initiate(operation)).kind).toBe('unknown')
    await rig.database.sql`delete from provider_accounts where name = 'erin'`
    await accepted(again(operation))
    expect(rig.server.executed(operation.key)).toBe(1)
  })
})

describe('nothing is sent', () => {
  test.each([
    ['onramp', 'nobody', null],
    ['onramp', 'bank_only', ALICE_BANK],
    ['offramp', 'nobody', null],
    ['offramp', 'malformed', 'acct_123'],
    ['offramp', 'path', `${BOB_BANK}/../accounts`],
    ['refund', 'nobody', null],
  ] as const)('for %s of %s, who is linked to %s: refused by name', async (leg, name, reference) => {
    if (reference) await link(rig.database, name, reference)
    const operation = operationOf(leg, { sourceAccount: name, destinationAccount: name })
    const before = rig.server.received.length
    const outcome = await initiate(operation)
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(outcome.kind === 'refused' && outcome.message).toContain(`${name} `)
    expect(outcome.kind === 'refused' && outcome.message).toContain('coinbase')
    expect(rig.server.received.length).toBe(before)
  })

  test.each(['polygon', 'solana'] as const)(
    'for an on-ramp on %s, where we have no wallet there',
    async (chain) => {
      const before = rig.server.received.length
      expect(await initiate(operationOf('onramp', { chain }))).toMatchObject({
        kind: 'refused',
        reason: 'route',
      })
      expect(rig.server.received.length).toBe(before)
    },
  )
})

describe('a quote is not executed', () => {
  const quotes = {
    'that is only estimated': { estimate: { estimatedAt: '2027-01-15T08:00:00.000Z' } },
    'that says no target amount': { targetAmount: undefined },
    'for a cent less': { targetAmount: '952.74' },
    'for a cent more': { targetAmount: '952.76' },
    'for fractions of a cent': { targetAmount: '952.750001' },
    'in another asset': { targetAsset: 'eur' },
    'that spends another asset': { sourceAsset: 'eurc' },
    'that spends nothing': { sourceAmount: '0.000000' },
    'with a fee in a third asset': { fees: [{ type: 'network', amount: '0.0001', asset: 'eth' }] },
    'out of another account': { source: { accountId: ALICE_ACCOUNT, asset: 'usdc' } },
    'into another bank': { target: { paymentMethodId: ALICE_BANK, asset: 'usd' } },
  }
  test.each(Object.entries(quotes))('%s', async (_, change) => {
    const operation = operationOf('offramp')
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, ...change }))
    const refusal = await initiate(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'route' })
    rig.server.changes.delete(operation.key)
    expect(await again(operation)).toEqual(refusal)
    expect(rig.server.executed(operation.key)).toBe(0)
  })

  test('and a completed transfer that is not what was ordered is not done', async () => {
    for (const change of Object.values(quotes)) {
      if ('estimate' in change) continue
      const operation = operationOf('offramp')
      await accepted(initiate(operation))
      rig.server.settle()
      rig.server.changes.set(operation.key, (shown) => ({ ...shown, ...change }))
      expect((await status(operation)).kind).toBe('unknown')
    }
  })

  test('but an executed transfer may keep the estimate that it once had', async () => {
    const operation = operationOf('offramp')
    await accepted(initiate(operation))
    rig.server.settle()
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, estimate: {} }))
    expect((await status(operation)).kind).toBe('done')
  })

  test('unless its address differs in case alone', async () => {
    const operation = operationOf('onramp')
    rig.server.changes.set(operation.key, (shown) => ({
      ...shown,
      target: { ...shown.target, address: WALLET.toLowerCase() },
    }))
    await accepted(initiate(operation))
  })
})

describe('what was settled', () => {
  const settled = async (operation: Operation) => {
    await accepted(initiate(operation))
    rig.server.settle()
    const outcome = await status(operation)
    if (outcome.kind !== 'done') throw new Error(`expected done, got ${outcome.kind}`)
    return outcome.settled
  }

  test('by an on-ramp is the USDC net of fees, at the rate that this comes to', async () =>
    // 952.75 less 3.50 of fees: 949.25 / 952.75, cut off.
    expect(await settled(operationOf('onramp'))).toEqual({
      amount: 949_250_000n,
      currency: 'USDC',
      fiat: 95_275n,
      rate: 9_963_264_235n as never,
    }))

  test('by an off-ramp is the USDC spent, fees included', async () =>
    // 876.99 / 0.8741, rounded up, and 3.50 of fees: 1006.806258 USDC.
    expect(await settled(operationOf('offramp', { currency: 'EUR', amount: 87_699n }))).toEqual({
      amount: 1_006_806_258n,
      currency: 'USDC',
      fiat: 87_699n,
      rate: 8_710_613_318n as never,
    }))

  test('by a refund is the fiat itself', async () =>
    expect(await settled(operationOf('refund'))).toEqual({
      amount: 95_275n,
      currency: 'USD',
      fiat: 95_275n,
      rate: 10_000_000_000n as never,
    }))
})
