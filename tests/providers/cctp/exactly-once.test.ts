import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { parseGwei } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import type { Operation, Outcome } from '../../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { never } from '../sandbox-fixtures.ts'
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
import { startGate, type Watch } from './gate.ts'

describe.skipIf(!ANVIL)('one burn and one mint (skipped where no EVM node is built for the machine)', () => {
  let database: TestDatabase
  let world: World
  const gate = startGate()
  beforeAll(async () => {
    ;[database, world] = await Promise.all([testDatabase(), startWorld()])
  })
  afterAll(async () => {
    await Promise.all([database.drop(), world.stop(), gate.stop()])
  })

  // Towards Base one block is enough, so that a single call can go all the way.
  const way = { home: 'polygon', chain: 'base' } as const
  const fresh = (account: PrivateKeyAccount) =>
    railOver(world, account, { sql: database.sql, home: way.home }).provider
  const watched = (account: PrivateKeyAccount, watch: Watch) => {
    gate.watch(watch)
    const sql = gate.sql(database.sql)
    return railOver(world, account, { sql, home: way.home, via: gate.via }).provider
  }
  const ready = (account: PrivateKeyAccount): Promise<Operation> =>
    delivered(world, fresh(account), crossing({ chain: way.chain }))
  const movedBy = ({ address }: PrivateKeyAccount) => moved(world, address, [world.polygon, world.base])
  const attempt = (call: Promise<Outcome>): Promise<Outcome | Error> => call.catch((error: Error) => error)

  /** Steps of an on-ramp's whole way over the rail when nothing disturbs it. */
  const undisturbed = async (account: PrivateKeyAccount): Promise<number> => {
    const operation = await ready(account)
    const outcome = await watched(account, () => undefined).status(operation, never)
    expect(outcome.kind).toBe('done')
    return gate.steps()
  }

  test('wherever a process dies, the next one carries on: nothing is burnt or minted twice, or lost', async () => {
    const account = await newWallet(world)
    const steps = await undisturbed(account)
    expect(steps).toBeGreaterThan(20)
    let expected = 1
    for (let last = 1; last <= steps; last++) {
      const operation = await ready(account)
      const dying = watched(account, ({ number }) => {
        if (number >= last) throw new Error('the process is dead')
        return undefined
      })
      await attempt(dying.status(operation, never))
      const outcome = await untilDone(world, fresh(account), operation)
      expected += 1
      expect([last, outcome.settled.amount]).toEqual([last, DELIVERED])
      const { burnt, minted } = await movedBy(account)
      expect([last, burnt.length, minted.length]).toEqual([last, expected, expected])
    }
  })

  test('wherever a worker is held up while another finishes, nothing is burnt or minted twice', async () => {
    const account = await newWallet(world)
    const steps = await undisturbed(account)
    let expected = 1
    for (let at = 1; at <= steps; at++) {
      const operation = await ready(account)
      const reached = Promise.withResolvers<void>()
      const release = Promise.withResolvers<void>()
      const slow = watched(account, async ({ number }) => {
        if (number !== at) return undefined
        reached.resolve()
        await release.promise
        return undefined
      })
      const late = attempt(slow.status(operation, never))
      await Promise.race([reached.promise, late])
      const first = await untilDone(world, fresh(account), operation)
      release.resolve()
      const second = await late
      expected += 1
      // Whoever comes second may have to look again, but never comes to another result.
      if (!(second instanceof Error) && second.kind === 'done') expect([at, second]).toEqual([at, first])
      expect([at, await fresh(account).status(operation, never)]).toEqual([at, first])
      const [row] = await database.sql`
        select status, detail ->> 'state' as state from provider_steps
        where key = ${operation.key} and step = 'cctp passage'`
      expect([at, row?.status, row?.state]).toEqual([at, 'done', 'done'])
      const { burnt, minted } = await movedBy(account)
      expect([at, burnt.length, minted.length]).toEqual([at, expected, expected])
    }
  })

  test('wherever a worker is held up until a replacement has landed and is final, it burns no second time', async () => {
    const account = await newWallet(world)
    const { client } = world.polygon
    await undisturbed(account)
    for (let at = 1, held = true; held; at++) {
      const operation = await ready(account)
      await client.setAutomine(false)
      await fresh(account).status(operation, never)
      // Now the first burn offers too little.
      await client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('90') })
      await client.mine({ blocks: 1 })
      const reached = Promise.withResolvers<void>()
      const release = Promise.withResolvers<void>()
      held = false
      const slow = watched(account, async ({ number }) => {
        if (number !== at) return undefined
        held = true
        reached.resolve()
        await release.promise
        return undefined
      })
      const late = attempt(slow.status(operation, never))
      await Promise.race([reached.promise, late])
      world.clock.nowMs += 60_000
      await fresh(account).status(operation, never)
      await client.mine({ blocks: 100 })
      release.resolve()
      await late
      await client.setAutomine(true)
      await untilDone(world, fresh(account), operation)
      expect([at, (await movedBy(account)).burnt.length]).toEqual([at, at + 1])
    }
  })

  test('many workers at many payments of one wallet use every nonce once', async () => {
    const account = await newWallet(world)
    const operations = await Promise.all(Array.from({ length: 6 }, () => ready(account)))
    const workers = [fresh(account), fresh(account), fresh(account)]
    await Promise.all(
      operations.flatMap((operation) => workers.map((worker) => attempt(worker.status(operation, never)))),
    )
    for (const operation of operations) await untilDone(world, fresh(account), operation)
    const { burnt, minted } = await movedBy(account)
    expect([burnt.length, minted.length]).toEqual([6, 6])
  })

  test('a transaction is written down before it is sent, with its hash, its nonce and its bytes', async () => {
    const account = await newWallet(world)
    const operation = await ready(account)
    const missing: (string | null)[] = []
    const provider = watched(account, async ({ raw }) => {
      if (!raw) return undefined
      const rows = await database.sql`
        select from provider_steps where detail ->> 'raw' = ${raw} and detail ? 'hashes' and detail ? 'nonce'`
      if (rows.length !== 1) missing.push(raw)
      return undefined
    })
    expect((await provider.status(operation, never)).kind).toBe('done')
    expect(missing).toEqual([])
  })

  test('a node that has lost the receipt of a burn in a final block does not make it burn again', async () => {
    const account = await newWallet(world)
    const operation = await ready(account)
    const forgetful = watched(account, ({ what }) =>
      what === 'eth_getTransactionReceipt' ? { result: null } : undefined,
    )
    for (let asked = 0; asked < 4; asked++) {
      await attempt(forgetful.status(operation, never))
      await world.polygon.client.mine({ blocks: 100 })
    }
    expect((await movedBy(account)).burnt.length).toBeLessThanOrEqual(1)
    await untilDone(world, fresh(account), operation)
    expect((await movedBy(account)).burnt).toEqual([DELIVERED])
  })

  test('a transaction that a dead process never sent holds up nobody: the next payment sends it first', async () => {
    const account = await newWallet(world)
    const [dead, next] = [await ready(account), await ready(account)]
    let sends = 0
    const dying = watched(account, ({ what }) => {
      // The approval goes out, the burn does not.
      if (what === 'eth_sendRawTransaction') sends += 1
      if (sends >= 2) throw new Error('the process is dead')
      return undefined
    })
    await attempt(dying.status(dead, never))
    expect((await movedBy(account)).burnt).toEqual([])
    await untilDone(world, fresh(account), next)
    expect((await movedBy(account)).burnt).toEqual([DELIVERED, DELIVERED])
  })
})
