import { afterAll, beforeAll, describe } from 'bun:test'
import { describeConformance } from '../conformance.ts'
import { sandboxHarness } from '../sandbox-fixtures.ts'
import { ANVIL } from './anvil.ts'
import { newWallet, railOver, startWorld, type World } from './fixtures.ts'
import { startGate } from './gate.ts'

describe.skipIf(!ANVIL)('over CCTP (skipped where no EVM node is built for the machine)', () => {
  let world: World
  const gate = startGate()
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(async () => {
    await Promise.all([world.stop(), gate.stop()])
  })

  // From Polygon to Base, where one block is enough: the suite wants an on-ramp done in one call.
  describeConformance('a provider over CCTP', async () => {
    const account = await newWallet(world)
    return sandboxHarness(
      (provider, on) =>
        railOver(world, account, { ...on, home: 'polygon', via: gate.via }, provider).provider,
      {
        chain: 'polygon',
      },
    )
  })
})
