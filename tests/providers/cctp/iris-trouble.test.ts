import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { parseAbi } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import type { RailChain } from '../../../src/providers/cctp/chains.ts'
import type { Operation, Provider, Speed } from '../../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { never } from '../sandbox-fixtures.ts'
import { ANVIL, FEE_RECIPIENT } from './anvil.ts'
import {
  crossing,
  DELIVERED,
  delivered,
  moved,
  newWallet,
  railOver,
  startWorld,
  tokenMessenger,
  type World,
} from './fixtures.ts'
import { startGate } from './gate.ts'

const BURNS = parseAbi([
  'event DepositForBurn(address indexed burnToken, uint256 amount, address indexed depositor, bytes32 mintRecipient, uint32 destinationDomain, bytes32 destinationTokenMessenger, bytes32 destinationCaller, uint256 maxFee, uint32 indexed minFinalityThreshold, bytes hookData)',
])

/** 1.3 bps of 952.75 USDC, rounded up. */
const FAST_FEE = 123_858n

describe.skipIf(!ANVIL)('CCTP and Iris (skipped where no EVM node is built for the machine)', () => {
  let database: TestDatabase
  let world: World
  let account: PrivateKeyAccount
  let provider: Provider
  const gate = startGate()
  /** Iris itself, so that its connections break where they should. */
  const via = (url: string) => (url === world.iris.url ? url : gate.via(url))
  beforeAll(async () => {
    ;[database, world] = await Promise.all([testDatabase(), startWorld()])
  })
  afterEach(() => {
    expect(world.iris.violations).toEqual([])
    Object.assign(world.iris.state, {
      mood: { kind: 'signs' },
      fees: { fast: '1.3', standard: '0' },
      envelope: false,
      allowance: '124214124.21',
      goodFor: 1_000n,
      slow: false,
      blockedUntil: 0,
      reattested: [],
    })
  })
  afterAll(async () => {
    await Promise.all([database.drop(), world.stop(), gate.stop()])
  })

  const ready = async (speed: Speed = 'standard', home: RailChain = 'base'): Promise<Operation> => {
    account = await newWallet(world)
    provider = railOver(world, account, { sql: database.sql, home, via }).provider
    return delivered(world, provider, crossing({ speed, chain: home === 'base' ? 'polygon' : 'base' }))
  }
  const status = (operation: Operation) => provider.status(operation, never)
  const stateOf = async ({ key }: Operation): Promise<string> => {
    const [row] = await database.sql<{ state: string }[]>`
      select detail ->> 'state' as state from provider_steps where key = ${key} and step = 'cctp passage'`
    return row?.state ?? 'none'
  }
  const until = async (operation: Operation, state: string) => {
    for (let asked = 0; asked < 20 && (await stateOf(operation)) !== state; asked++) {
      world.clock.nowMs += 1_000
      await status(operation)
    }
    expect(await stateOf(operation)).toBe(state)
  }
  const finish = async (operation: Operation) => {
    for (let asked = 0; asked < 20; asked++) {
      const outcome = await status(operation)
      if (outcome.kind === 'done') return outcome.settled
      await Promise.all([world.base, world.polygon].map(({ client }) => client.mine({ blocks: 1 })))
      world.clock.nowMs += 5_000
    }
    throw new Error('the on-ramp is not done')
  }
  const burnOf = async ({ base, polygon }: World, home: RailChain = 'base') => {
    const [event] = BURNS
    const { client } = home === 'base' ? base : polygon
    const args = { depositor: account.address }
    const [log] = await client.getLogs({ address: tokenMessenger, event, args, fromBlock: 0n })
    return log?.args
  }
  const asked = (path: RegExp) => world.iris.received.filter((request) => path.test(request.path)).length

  test('a fast burn pays the fee that Iris names, fractions included, and the on-ramp is done for what is left', async () => {
    const operation = await ready('fast')
    const before = await world.polygon.balance(FEE_RECIPIENT)
    const { amount, fiat, rate } = await finish(operation)
    expect(amount).toBe(DELIVERED - FAST_FEE)
    expect(fiat).toBe(operation.amount)
    // USDC for one dollar, to the last of ten places.
    expect(rate).toBe(9_998_699_994n as typeof rate)
    expect((await world.polygon.balance(FEE_RECIPIENT)) - before).toBe(FAST_FEE)
    // A fifth more than the fee may be taken.
    expect(await burnOf(world)).toMatchObject({ minFinalityThreshold: 1_000, maxFee: 148_630n })
  })

  test('fees in an envelope are read as the bare list is', async () => {
    world.iris.state.envelope = true
    expect((await finish(await ready('fast'))).amount).toBe(DELIVERED - FAST_FEE)
  })

  test.each([
    ['that nobody wants faster', 'standard', '1000000', '1.3'],
    ['when the allowance for fast ones is exhausted', 'fast', '952.749999', '1.3'],
    ['when Iris names no fee for speed', 'fast', '1000000', null],
  ] as const)('a burn %s is a standard one', async (_why, speed, allowance, fast) => {
    Object.assign(world.iris.state, { allowance, fees: { fast, standard: '0' } })
    expect((await finish(await ready(speed))).amount).toBe(DELIVERED)
    expect(await burnOf(world)).toMatchObject({ minFinalityThreshold: 2_000, maxFee: 0n })
  })

  test('a burn from Polygon is a standard one, which is as quick there', async () => {
    expect((await finish(await ready('fast', 'polygon'))).amount).toBe(DELIVERED)
    expect(await burnOf(world, 'polygon')).toMatchObject({ minFinalityThreshold: 2_000 })
  })

  test('a standard burn pays its fee where it has one', async () => {
    world.iris.state.fees = { fast: '1.3', standard: '0.5' }
    expect((await finish(await ready())).amount).toBe(DELIVERED - 47_638n)
  })

  test('a fee that is raised past its buffer after the burn costs time, not money', async () => {
    const operation = await ready('fast')
    world.iris.state.mood = { kind: 'pending', delayReason: 'insufficient_fee' }
    await until(operation, 'attest_delayed')
    world.iris.state.fees = { fast: '14', standard: '0' }
    const delayed = await status(operation)
    if (delayed.kind !== 'accepted') throw new Error(`expected accepted, got ${delayed.kind}`)
    // Now it waits for finality on Ethereum, minutes and not seconds.
    expect(delayed.checkAfterMs).toBeGreaterThan(600_000)
    world.iris.state.mood = { kind: 'signs' }
    expect((await finish(operation)).amount).toBe(DELIVERED)
  })

  test('a fee above any that was ever published is not paid', async () => {
    world.iris.state.fees = { fast: '900', standard: '900' }
    const operation = await ready('fast')
    expect((await status(operation)).kind).toBe('unknown')
    expect((await moved(world, account.address)).burnt).toEqual([])
    world.iris.state.fees = { fast: '1.3', standard: '0' }
    expect((await finish(operation)).amount).toBe(DELIVERED - FAST_FEE)
  })

  test('a burn that Iris has not seen is waited for, however long it takes', async () => {
    world.iris.state.mood = { kind: 'blind' }
    const operation = await ready()
    await until(operation, 'attest_unseen')
    for (let hours = 0; hours < 30; hours++) {
      expect((await status(operation)).kind).toBe('accepted')
      world.clock.nowMs += 3_600_000
    }
    world.iris.state.mood = { kind: 'signs' }
    await finish(operation)
    expect(await moved(world, account.address)).toEqual({ burnt: [DELIVERED], minted: [DELIVERED] })
  })

  test('the first look at Iris is due when finality is', async () => {
    world.iris.state.mood = { kind: 'pending', delayReason: null }
    const operation = await ready('fast')
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 8_000 })
    world.clock.nowMs += 7_000
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 2_000 })
    const other = await ready('standard')
    expect(await status(other)).toMatchObject({ kind: 'accepted', checkAfterMs: 780_000 })
    world.clock.nowMs += 80_000
    expect(await status(other)).toMatchObject({ kind: 'accepted', checkAfterMs: 700_000 })
  })

  test.each(['server_error', 'reset', 'html', 'truncated_after'] as const)(
    '%s of Iris decides nothing, before the burn and after it',
    async (trouble) => {
      const operation = await ready()
      void world.iris.arm(trouble, ({ path }) => path.includes('/fees/'))
      expect((await status(operation)).kind).toBe('unknown')
      expect((await moved(world, account.address)).burnt).toEqual([])
      world.iris.state.mood = { kind: 'blind' }
      await until(operation, 'attest_unseen')
      world.iris.state.mood = { kind: 'signs' }
      void world.iris.arm(trouble, ({ path }) => path.includes('/messages/'))
      expect((await status(operation)).kind).toBe('unknown')
      await finish(operation)
      expect(await moved(world, account.address)).toEqual({ burnt: [DELIVERED], minted: [DELIVERED] })
    },
  )

  test('after a 429 nobody asks Iris for five minutes, whatever the operation', async () => {
    const [operation, other] = [await ready(), crossing()]
    await provider.initiate(other, never)
    world.clock.nowMs += 120_000
    void world.iris.arm('rate_limited', () => true)
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 300_000 })
    world.iris.state.blockedUntil = world.clock.nowMs + 300_000
    const before = asked(/./)
    world.clock.nowMs += 100_000
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 200_000 })
    const waiting = await status(other)
    expect(waiting).toMatchObject({ kind: 'accepted' })
    world.clock.nowMs += 199_999
    await status(other)
    expect(asked(/./)).toBe(before)
    world.clock.nowMs += 1
    await finish(operation)
    await finish(other)
    expect((await moved(world, account.address)).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('Iris is never asked more than its limit allows, however many payments wait', async () => {
    world.iris.state.mood = { kind: 'blind' }
    const operation = await ready()
    await until(operation, 'attest_unseen')
    world.clock.nowMs += 1_000
    const before = asked(/./)
    const answers = await Promise.all(Array.from({ length: 100 }, () => status(operation)))
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['accepted']))
    expect(asked(/./) - before).toBeWithin(1, 36)
  })

  test('a fast attestation that expires before the mint is renewed once, and its fee stays due', async () => {
    world.iris.state.goodFor = 1n
    const operation = await ready('fast')
    await until(operation, 'attest_expired')
    expect(world.iris.state.reattested).toHaveLength(1)
    expect((await finish(operation)).amount).toBe(DELIVERED - FAST_FEE)
    expect(world.iris.state.reattested).toHaveLength(1)
    expect(await moved(world, account.address)).toEqual({
      burnt: [DELIVERED],
      minted: [DELIVERED - FAST_FEE],
    })
  })

  test('a new attestation that takes its time is asked for again every two minutes, and not more often', async () => {
    Object.assign(world.iris.state, { goodFor: 1n, slow: true })
    const operation = await ready('fast')
    await until(operation, 'attest_expired')
    const { reattested } = world.iris.state
    for (let seconds = 0; seconds < 110; seconds += 10) {
      world.clock.nowMs += 10_000
      expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 5_000 })
    }
    expect(reattested).toHaveLength(1)
    world.clock.nowMs += 10_000
    await status(operation)
    expect(reattested).toHaveLength(2)
    world.iris.state.slow = false
    expect((await finish(operation)).amount).toBe(DELIVERED - FAST_FEE)
  })

  test.each([
    ['of another burn', { message: 'altered' }],
    ['with a status that is not documented', { status: 'expired' }],
    ['without an attestation', { attestation: 'PENDING' }],
    [
      'pending, for a reason that is not documented',
      { status: 'pending_confirmations', delayReason: 'mood' },
    ],
  ])('a message %s decides nothing, and nothing is minted on it', async (_what, change) => {
    const operation = await ready()
    world.iris.state.mood = { kind: 'blind' }
    await until(operation, 'attest_unseen')
    world.iris.state.mood = { kind: 'says', change }
    expect((await status(operation)).kind).toBe('unknown')
    expect((await moved(world, account.address)).minted).toEqual([])
    world.iris.state.mood = { kind: 'signs' }
    expect((await finish(operation)).amount).toBe(DELIVERED)
  })

  test('an attestation that the contract does not accept is asked for again', async () => {
    const operation = await ready()
    world.iris.state.mood = { kind: 'blind' }
    await until(operation, 'attest_unseen')
    world.iris.state.mood = { kind: 'says', change: { attestation: `0x${'11'.repeat(65)}` } }
    expect((await status(operation)).kind).toBe('unknown')
    expect(await stateOf(operation)).toBe('mint_reverted')
    world.iris.state.mood = { kind: 'signs' }
    expect((await finish(operation)).amount).toBe(DELIVERED)
  })
})
