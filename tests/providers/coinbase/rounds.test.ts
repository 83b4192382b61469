import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, Outcome } from '../../../src/providers/port.ts'
import { createSteps } from '../../../src/providers/steps.ts'
import {
  ALICE_ACCOUNT,
  ALICE_BANK,
  BOB_BANK,
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

const never = new AbortController().signal
const QUOTE_LIFE_MS = 900_000

const outcomeOf = (call: Promise<Outcome>): Promise<Outcome> =>
  call.catch((error: Error) => ({ kind: 'unknown', message: error.message }))
const initiate = (operation: Operation) => outcomeOf(rig.provider.initiate(operation, never))
const again = (operation: Operation) => initiate({ ...operation, sentBefore: true, ageMs: 1_000 })
const status = (operation: Operation) =>
  outcomeOf(rig.provider.status({ ...operation, sentBefore: true, ageMs: 1_000 }, never))
const accepted = async (call: Promise<Outcome>): Promise<string> => {
  const outcome = await call
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  return outcome.reference
}
const requestsFor = ({ key }: Operation) =>
  rig.server.received.filter(({ path, text }) => text.includes(key) || rig.server.operationIn(path) === key)
const bodyOf = (operation: Operation) => requestsFor(operation)[0]?.body
/** Leaves the operation's execution unanswered, and never arrived. */
const loseExecution = async (operation: Operation): Promise<void> => {
  void rig.server.arm('reset', isExecution)
  expect((await initiate(operation)).kind).toBe('unknown')
}

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

describe('a quote that expires', () => {
  test('unexecuted is replaced by another under a key of its own; one transfer is executed, and stays the reference', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.clock.nowMs += QUOTE_LIFE_MS
    const reference = await accepted(again(operation))
    const made = rig.server.made(operation.key)
    expect(made.map(({ status }) => status)).toEqual(['quoted', 'processing'])
    expect(reference).toBe(made[1]?.transferId ?? '')
    expect(await accepted(status(operation))).toBe(reference)
    expect(await accepted(again(operation))).toBe(reference)
    rig.server.settle()
    expect(await status(operation)).toMatchObject({ kind: 'done', reference })
    expect(await again(operation)).toMatchObject({ kind: 'done', reference })
    expect(rig.server.executed(operation.key)).toBe(1)
    const acting = requestsFor(operation).filter(({ method }) => method === 'POST')
    const paths = new Map(acting.map(({ headers, path }) => [headers['x-idempotency-key'], path]))
    expect(paths.size).toBe(4)
  })

  test('is not replaced while it was executed and only the answer was lost', async () => {
    const operation = operationOf('offramp')
    void rig.server.arm('reset_after', isExecution)
    expect((await initiate(operation)).kind).toBe('unknown')
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    await accepted(status(operation))
    await accepted(again(operation))
    expect(rig.server.made(operation.key).length).toBe(1)
  })

  test('is looked at before it is replaced, whatever the execution was answered', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'transfer_quote_expired')
    // What seemed lost is executed at the very moment when it is sent again.
    void rig.server.arm('reset', (request) => {
      const [shown] = rig.server.made(operation.key)
      if (shown && isExecution(request)) Object.assign(shown, { status: 'processing' })
      return false
    })
    await accepted(again(operation))
    await accepted(status(operation))
    expect(rig.server.made(operation.key).length).toBe(1)
  })

  test('three times is refused for now, with nothing moved', async () => {
    const operation = operationOf('offramp')
    rig.server.refusedExecutions.set(operation.key, 'transfer_quote_expired')
    const refusal = await initiate(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'temporary' })
    rig.server.refusedExecutions.delete(operation.key)
    expect(await again(operation)).toEqual(refusal)
    expect(await status(operation)).toEqual(refusal)
    expect(rig.server.made(operation.key).map(({ status }) => status)).toEqual(['quoted', 'quoted', 'quoted'])
  })

  test('long ago is replaced even while the API repeats an older answer', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    const before = rig.server.received.filter(isExecution).length
    await accepted(again(operation))
    expect(rig.server.received.filter(isExecution).length).toBe(before + 1)
  })
})

describe('an execution that is refused when it is repeated', () => {
  test('leaves it unknown while an earlier request may still arrive, and is final once the quote is too old for that', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'insufficient_balance')
    expect((await again(operation)).kind).toBe('unknown')
    expect(await status(operation)).toEqual({ kind: 'not_found' })
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    rig.server.refusedExecutions.delete(operation.key)
    const refusal = await status(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'funds' })
    expect(await again(operation)).toEqual(refusal)
    expect(rig.server.executed(operation.key)).toBe(0)
  })

  test('does not hide that the earlier request did arrive', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'insufficient_balance')
    expect((await again(operation)).kind).toBe('unknown')
    const [shown] = rig.server.made(operation.key)
    if (!shown) throw new Error('no transfer was made')
    Object.assign(shown, { status: 'processing', executedAt: shown.createdAt })
    expect(await accepted(status(operation))).toBe(shown.transferId)
    expect(await accepted(again(operation))).toBe(shown.transferId)
  })
})

describe('an execution that is turned away when it is repeated', () => {
  test('is forgotten: once the quote is too old for any request, another is taken', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    void rig.server.arm('rate_limited', isExecution)
    expect((await again(operation)).kind).toBe('unknown')
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    await accepted(again(operation))
    expect(rig.server.executed(operation.key)).toBe(1)
  })
})

describe('an answer that contradicts itself is unknown', () => {
  test('when an execution leaves the transfer quoted', async () => {
    const operation = operationOf('offramp')
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, status: 'quoted' }))
    expect((await initiate(operation)).kind).toBe('unknown')
    rig.server.changes.delete(operation.key)
    await accepted(status(operation))
  })

  test('when it shows another transfer than was asked about', async () => {
    const operation = operationOf('offramp')
    await accepted(initiate(operation))
    rig.server.settle()
    const transferId = 'transfer_00000000-0000-4000-8000-000000000000'
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, transferId }))
    expect((await status(operation)).kind).toBe('unknown')
  })

  test('when a quote is the transfer of another operation', async () => {
    const [one, other] = [operationOf('offramp'), operationOf('offramp')]
    const transferId = await accepted(initiate(one))
    rig.server.changes.set(other.key, (shown) => ({ ...shown, transferId }))
    expect((await initiate(other)).kind).toBe('unknown')
    expect([rig.server.executed(one.key), rig.server.executed(other.key)]).toEqual([1, 0])
  })
})

describe('two processes with one operation', () => {
  test('agree: what one has left unexecuted for good, the other does not execute', async () => {
    const operation = operationOf('offramp')
    const steps = createSteps(rig.database.sql, 'coinbase')
    // As another process does that was refused while this one was waiting for its quote.
    void rig.server.arm('reset', ({ text }) => text.includes(operation.key))
    expect((await initiate(operation)).kind).toBe('unknown')
    await steps.begin(operation, 'execute 1', { said: 'insufficient_balance' })
    expect(await again(operation)).toMatchObject({ kind: 'refused', reason: 'funds' })
    expect(rig.server.executed(operation.key)).toBe(0)
  })

  test('let the first decision stand when both are in the middle of it', async () => {
    const operation = operationOf('offramp')
    const steps = createSteps(rig.database.sql, 'coinbase')
    let decided: Promise<unknown> = Promise.resolve()
    // The other one decides while this one waits for its quote.
    void rig.server.arm('reset', ({ text }) => {
      if (text.includes(operation.key))
        decided = steps.begin(operation, 'execute 1', { said: 'insufficient_balance' })
      return false
    })
    const { kind } = await initiate(operation)
    await decided
    expect(rig.server.executed(operation.key)).toBe(kind === 'accepted' ? 1 : 0)
    expect((await again(operation)).kind).toBe(kind)
  })
})

test('an old operation is only looked at: nothing is sent under its keys', async () => {
  const day = 24 * 3_600_000
  const operation = operationOf('offramp')
  await loseExecution(operation)
  const posts = () => rig.server.received.filter(({ method }) => method === 'POST').length
  const before = posts()
  const old = { ...operation, sentBefore: true, ageMs: day + 1 }
  expect((await outcomeOf(rig.provider.initiate(old, never))).kind).toBe('unknown')
  expect((await outcomeOf(rig.provider.status(old, never))).kind).toBe('unknown')
  expect(posts()).toBe(before)
  const [shown] = rig.server.made(operation.key)
  Object.assign(shown ?? {}, { status: 'processing', executedAt: shown?.createdAt })
  rig.server.settle()
  expect(await outcomeOf(rig.provider.status(old, never))).toMatchObject({ kind: 'done' })
})
