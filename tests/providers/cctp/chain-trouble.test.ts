import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Hex, parseGwei, parseTransaction } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { TRANSMITTER_ABI } from '../../../src/providers/cctp/abi.ts'
import type { Operation, Provider } from '../../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { never } from '../sandbox-fixtures.ts'
import { ANVIL } from './anvil.ts'
import {
  crossing,
  DELIVERED,
  delivered,
  messageTransmitter,
  moved,
  newWallet,
  railOver,
  startWorld,
  stranger,
  untilDone,
  type World,
} from './fixtures.ts'

describe.skipIf(!ANVIL)('trouble on a chain (skipped where no EVM node is built for the machine)', () => {
  let database: TestDatabase
  let world: World
  let account: PrivateKeyAccount
  let provider: Provider
  beforeAll(async () => {
    ;[database, world] = await Promise.all([testDatabase(), startWorld()])
  })
  afterAll(async () => {
    await Promise.all([database.drop(), world.stop()])
  })
  afterEach(async () => {
    await world.base.breakBurns(false)
    for (const { client } of [world.base, world.polygon]) {
      await client.setAutomine(true)
      await client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('1') })
      await client.mine({ blocks: 1 })
    }
    world.iris.state.mood = { kind: 'signs' }
  })

  /** An on-ramp from Base to Polygon that is delivered, of a wallet whose approval is given already. */
  const ready = async (): Promise<Operation> => {
    account = await newWallet(world)
    provider = railOver(world, account, { sql: database.sql }).provider
    await finish(await delivered(world, provider, crossing()))
    return delivered(world, provider, crossing())
  }
  const mine = (chain: 'base' | 'polygon', blocks: number) => world[chain].client.mine({ blocks })
  const finish = async (operation: Operation) => {
    for (let asked = 0; asked < 200; asked++) {
      const outcome = await provider.status(operation, never)
      if (outcome.kind === 'done') return outcome
      await mine('polygon', 1)
      world.clock.nowMs += 200
    }
    return untilDone(world, provider, operation, 1)
  }
  const status = (operation: Operation) => provider.status(operation, never)
  const stateOf = async ({ key }: Operation): Promise<string> => {
    const [row] = await database.sql<{ state: string }[]>`
      select detail ->> 'state' as state from provider_steps where key = ${key} and step = 'cctp passage'`
    return row?.state ?? 'none'
  }
  /** Asks until the passage is there: a node shows a receipt a moment after it takes a transaction. */
  const until = async (operation: Operation, state: string) => {
    for (let asked = 0; asked < 200 && (await stateOf(operation)) !== state; asked++) {
      await status(operation)
      world.clock.nowMs += 200
    }
    expect(await stateOf(operation)).toBe(state)
  }
  const movedNow = () => moved(world, account.address)
  const pooled = async (chain: 'base' | 'polygon'): Promise<Hex[]> => {
    const { pending } = await world[chain].client.getTxpoolContent()
    return Object.values(pending[account.address.toLowerCase() as Hex] ?? {}).map(({ hash }) => hash)
  }
  const lastBurn = async (): Promise<{ hashes: string; raw: Hex }> => {
    const [row] = await database.sql<{ hashes: string; raw: Hex }[]>`
      select detail ->> 'hashes' as hashes, detail ->> 'raw' as raw from provider_steps
      where step = 'transaction' and detail ->> 'chain' = 'base' and detail ->> 'from' = ${account.address}
      order by external_id desc limit 1`
    if (!row) throw new Error('nothing was signed')
    return row
  }
  const hashes = async () => (await lastBurn()).hashes.split(' ') as Hex[]
  const journalled = (hash: Hex) =>
    database.sql<{ hashes: string; status: string }[]>`
      select detail ->> 'hashes' as hashes, status from provider_steps where detail ->> 'hashes' like ${`%${hash}%`}`

  test('a burn that offers too little for gas is replaced under its nonce, and every hash of it is kept', async () => {
    const operation = await ready()
    await world.base.client.setAutomine(false)
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 2_000 })
    expect(await stateOf(operation)).toBe('burn_sent')
    const [first] = await hashes()
    await world.base.client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('30') })
    await mine('base', 1)
    world.clock.nowMs += 59_000
    await status(operation)
    expect(await hashes()).toEqual([first as Hex])
    world.clock.nowMs += 1_000
    await status(operation)
    const [kept, second, ...others] = await hashes()
    expect([kept, others]).toEqual([first, []])
    expect(await pooled('base')).toEqual([second as Hex])
    await mine('base', 1)
    expect(await finish(operation)).toMatchObject({ settled: { amount: DELIVERED } })
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('a price of gas above the chain’s ceiling is not paid, however long a burn waits', async () => {
    const operation = await ready()
    await world.base.client.setAutomine(false)
    await status(operation)
    await world.base.client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('5000') })
    await mine('base', 1)
    for (let bumps = 0; bumps < 12; bumps++) {
      world.clock.nowMs += 60_000
      await status(operation)
    }
    const { raw } = await lastBurn()
    const { maxFeePerGas } = parseTransaction(raw)
    expect(maxFeePerGas ?? 0n).toBeLessThanOrEqual(parseGwei('100'))
    await world.base.client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('1') })
    await mine('base', 1)
    await world.base.client.setAutomine(true)
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('a burn whose nonce somebody else used is only signed anew once that is final', async () => {
    const operation = await ready()
    const { client } = world.base
    await client.setAutomine(false)
    await status(operation)
    const [hash] = await pooled('base')
    const { nonce } = await client.getTransaction({ hash: hash as Hex })
    await client.dropTransaction({ hash: hash as Hex })
    const raw = await account.signTransaction({
      type: 'eip1559',
      chainId: 84_532,
      nonce,
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: parseGwei('90'),
      maxPriorityFeePerGas: parseGwei('2'),
    })
    await client.sendRawTransaction({ serializedTransaction: raw })
    await mine('base', 1)
    expect(await status(operation)).toMatchObject({ kind: 'accepted' })
    expect(await stateOf(operation)).toBe('burn_failing')
    expect(await pooled('base')).toEqual([])
    await mine('base', 100)
    await client.setAutomine(true)
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
    expect((await journalled(hash as Hex))[0]?.status).toBe('refused')
  })

  test('a transaction of somebody else that never lands holds up no burn', async () => {
    const operation = await ready()
    const { client } = world.base
    await client.setAutomine(false)
    const nonce = await client.getTransactionCount({ address: account.address })
    const raw = await account.signTransaction({
      type: 'eip1559',
      chainId: 84_532,
      nonce,
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: parseGwei('90'),
      maxPriorityFeePerGas: parseGwei('2'),
    })
    const hash = await client.sendRawTransaction({ serializedTransaction: raw })
    await status(operation)
    await client.dropTransaction({ hash })
    await client.setAutomine(true)
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('a node that says that a nonce is used, and cannot show by what, decides nothing', async () => {
    const operation = await ready()
    const { client } = world.base
    await client.setAutomine(false)
    await status(operation)
    const [hash] = await pooled('base')
    await client.dropTransaction({ hash: hash as Hex })
    await client.setNonce({ address: account.address, nonce: 1_000 })
    await mine('base', 100)
    expect((await status(operation)).kind).toBe('unknown')
    expect(await pooled('base')).toEqual([])
  })

  test('burns that fail on chain are tried three times, and then a person must look: never refused', async () => {
    const operation = await ready()
    const { client } = world.base
    await client.setAutomine(false)
    for (let failed = 0; failed < 3; failed++) {
      expect(await status(operation)).toMatchObject({ kind: 'accepted' })
      expect(await pooled('base')).toHaveLength(1)
      await world.base.breakBurns(true)
      await mine('base', 1)
      await world.base.breakBurns(false)
      expect(await status(operation)).toMatchObject({ kind: 'accepted' })
      expect([await stateOf(operation), await pooled('base')]).toEqual(['burn_failing', []])
      await mine('base', 100)
    }
    for (let asked = 0; asked < 3; asked++) {
      expect(await status(operation)).toMatchObject({ kind: 'unknown' })
      expect([await stateOf(operation), await pooled('base')]).toEqual(['burn_reverted', []])
    }
    expect((await movedNow()).burnt).toEqual([DELIVERED])
  })

  test('a burn that the contract would refuse is not signed, and goes out once it would not', async () => {
    const operation = await ready()
    await world.base.breakBurns(true)
    const sent = await world.base.client.getTransactionCount({ address: account.address })
    expect((await status(operation)).kind).toBe('unknown')
    expect(await stateOf(operation)).toBe('burn_reverted')
    expect(await world.base.client.getTransactionCount({ address: account.address })).toBe(sent)
    await world.base.breakBurns(false)
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('a wallet without coins for gas is unknown, and carries on with the same burn once it has some', async () => {
    const operation = await ready()
    await world.base.fuel(account.address, 0n)
    const outcome = await status(operation)
    expect(outcome).toMatchObject({ kind: 'unknown' })
    expect(await stateOf(operation)).toBe('burn_signed')
    await world.base.fuel(account.address)
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  test('a first burn waits for its approval, which the wallet must be able to pay for', async () => {
    account = await newWallet(world)
    provider = railOver(world, account, { sql: database.sql }).provider
    const operation = await delivered(world, provider, crossing())
    await world.base.fuel(account.address, 0n)
    expect((await status(operation)).kind).toBe('unknown')
    expect(await stateOf(operation)).toBe('approve_signed')
    await world.base.fuel(account.address)
    await world.base.client.setAutomine(false)
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 2_000 })
    expect([await stateOf(operation), (await pooled('base')).length]).toEqual(['approve_sent', 1])
    await mine('base', 1)
    await until(operation, 'burn_sent')
    await mine('base', 1)
    await finish(operation)
    expect(await movedNow()).toEqual({ burnt: [DELIVERED], minted: [DELIVERED] })
  })

  test('a coin that refuses the approval is unknown, and nothing is signed', async () => {
    account = await newWallet(world)
    provider = railOver(world, account, { sql: database.sql }).provider
    const operation = await delivered(world, provider, crossing())
    await world.base.breakCoin(true)
    expect((await status(operation)).kind).toBe('unknown')
    expect(await stateOf(operation)).toBe('approve_reverted')
    await world.base.breakCoin(false)
    await finish(operation)
  })

  test('a wallet without coins for gas where it mints is unknown, and mints once it has some', async () => {
    const operation = await ready()
    await world.polygon.fuel(account.address, 0n)
    await until(operation, 'mint_signed')
    await world.polygon.fuel(account.address)
    await finish(operation)
    expect((await movedNow()).minted).toEqual([DELIVERED, DELIVERED])
  })

  test('a mint that our own wallet cannot pay for counts when somebody else brings the message', async () => {
    const operation = await ready()
    await world.polygon.fuel(account.address, 0n)
    await until(operation, 'mint_signed')
    await mintByHand(operation)
    expect(await finish(operation)).toMatchObject({ kind: 'done', settled: { amount: DELIVERED } })
  })

  test('a mint by somebody else is found and counts as ours', async () => {
    const operation = await ready()
    world.iris.state.mood = { kind: 'pending', delayReason: null }
    await until(operation, 'attest_pending')
    world.iris.state.mood = { kind: 'signs' }
    await mintByHand(operation)
    const nonce = await world.polygon.client.getTransactionCount({ address: account.address })
    expect(await finish(operation)).toMatchObject({ kind: 'done', settled: { amount: DELIVERED } })
    expect((await movedNow()).minted).toEqual([DELIVERED, DELIVERED])
    expect(await world.polygon.client.getTransactionCount({ address: account.address })).toBe(nonce)
  })

  test('a mint that somebody overtakes fails, and counts as ours all the same', async () => {
    const operation = await ready()
    await world.polygon.client.setAutomine(false)
    await until(operation, 'mint_sent')
    await mintByHand(operation)
    expect(await finish(operation)).toMatchObject({ kind: 'done', settled: { amount: DELIVERED } })
    expect((await movedNow()).minted).toEqual([DELIVERED, DELIVERED])
  })

  test('a mint counts once enough blocks have followed it', async () => {
    const operation = await ready()
    await until(operation, 'mint_confirming')
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 4_000 })
    await mine('polygon', 1)
    expect(await status(operation)).toMatchObject({ kind: 'accepted', checkAfterMs: 2_000 })
    await mine('polygon', 1)
    expect(await status(operation)).toMatchObject({ kind: 'done' })
  })

  test('a node that is away leaves the on-ramp unknown, names no URL, and nothing is burnt towards it', async () => {
    const operation = await ready()
    const secret = 'http://127.0.0.1:9/v2/an-api-key'
    const via = (url: string) => (url === world.polygon.url ? secret : url)
    const outcome = await railOver(world, account, { sql: database.sql, via }).provider.status(
      operation,
      never,
    )
    if (outcome.kind !== 'unknown') throw new Error(`expected unknown, got ${outcome.kind}`)
    expect(outcome.message).not.toContain('an-api-key')
    expect((await movedNow()).burnt).toEqual([DELIVERED])
    await finish(operation)
    expect((await movedNow()).burnt).toEqual([DELIVERED, DELIVERED])
  })

  /** Mints the operation's message by another wallet, which offers more for gas. */
  const mintByHand = async (operation: Operation): Promise<void> => {
    const burn = (await hashes()).at(-1)
    const answer = await fetch(`${world.iris.url}/v2/messages/6?transactionHash=${burn}`)
    const { messages } = (await answer.json()) as { messages: { message: Hex; attestation: Hex }[] }
    const [{ message, attestation } = { message: '0x' as Hex, attestation: '0x' as Hex }] = messages
    const hand = await stranger(world)
    await world.polygon.client.writeContract({
      account: hand,
      chain: null,
      address: messageTransmitter,
      abi: TRANSMITTER_ABI,
      functionName: 'receiveMessage',
      args: [message, attestation],
      nonce: 0,
      gas: 500_000n,
      maxPriorityFeePerGas: parseGwei('40'),
      maxFeePerGas: parseGwei('90'),
    })
    await mine('polygon', 1)
    expect(await stateOf(operation)).not.toBe('done')
  }
})
