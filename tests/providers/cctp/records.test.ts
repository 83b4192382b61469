import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, Outcome, Provider, ProviderRecord } from '../../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { never, operationWith, sandboxWith } from '../sandbox-fixtures.ts'
import { ANVIL } from './anvil.ts'
import {
  crossing,
  DELIVERED,
  delivered,
  moved,
  newWallet,
  railOver,
  startWorld,
  untilDone,
  type World,
} from './fixtures.ts'

describe.skipIf(!ANVIL)('what became of an on-ramp over CCTP (skipped where no EVM node is built)', () => {
  let database: TestDatabase
  let world: World
  beforeAll(async () => {
    ;[database, world] = await Promise.all([testDatabase(), startWorld()])
  })
  afterAll(async () => {
    await Promise.all([database.drop(), world.stop()])
  })

  /** From Polygon to Base, so that one block is enough, over a sandbox whose word can be changed. */
  const make = async () => {
    const account = await newWallet(world)
    const sandbox = sandboxWith({ sql: database.sql, clock: world.clock })
    const word: { status: Outcome | null; asked: number } = { status: null, asked: 0 }
    const inner: Provider = {
      ...sandbox,
      status: (operation, signal) => {
        word.asked += 1
        return word.status ? Promise.resolve(word.status) : sandbox.status(operation, signal)
      },
    }
    const { provider } = railOver(world, account, { sql: database.sql, home: 'polygon' }, inner)
    const there = () => moved(world, account.address, [world.polygon, world.base])
    return { provider, word, there }
  }
  const recordOf = async (provider: Provider, { key }: Operation): Promise<ProviderRecord | undefined> => {
    const window = { fromMs: 0, toMs: 4_000_000_000_000 }
    for await (const page of provider.records(window, never)) {
      const found = page.find((record) => record.key === key)
      if (found) return found
    }
    return undefined
  }

  test('the provider’s record is pending until the USDC has arrived, and then done for what has', async () => {
    world.iris.state.mood = { kind: 'blind' }
    const { provider } = await make()
    const operation = await delivered(world, provider, crossing({ chain: 'base', speed: 'fast' }))
    await provider.status(operation, never)
    expect(await recordOf(provider, operation)).toMatchObject({ state: 'pending', settledAmount: null })
    world.iris.state.mood = { kind: 'signs' }
    const { settled } = await untilDone(world, provider, operation)
    expect(await recordOf(provider, operation)).toMatchObject({
      state: 'done',
      reference: operation.reference,
      amount: operation.amount,
      settledAmount: settled.amount,
    })
  })

  test('records that have nothing to do with the rail are the provider’s own', async () => {
    const { provider } = await make()
    const own = await delivered(world, provider, operationWith({ chain: 'polygon', currency: 'USD' }))
    expect(await recordOf(provider, own)).toMatchObject({ state: 'done', settledAmount: DELIVERED })
  })

  test('an on-ramp on its way does not depend on its provider, which may be away meanwhile', async () => {
    world.iris.state.mood = { kind: 'blind' }
    const { provider, word, there } = await make()
    const operation = await delivered(world, provider, crossing({ chain: 'base' }))
    await provider.status(operation, never)
    const { asked } = word
    word.status = { kind: 'unknown', message: 'it is away' }
    world.iris.state.mood = { kind: 'signs' }
    await untilDone(world, provider, operation)
    expect(word.asked).toBe(asked)
    expect((await there()).minted).toEqual([DELIVERED])
  })

  test('money that goes back to the payer after all is a refusal, also when the USDC has crossed', async () => {
    const { provider, word } = await make()
    const operation = await delivered(world, provider, crossing({ chain: 'base' }))
    await untilDone(world, provider, operation)
    word.status = { kind: 'refused', reason: 'route', message: 'the deposit was returned' }
    expect(await provider.status(operation, never)).toMatchObject({ kind: 'refused' })
  })
})
