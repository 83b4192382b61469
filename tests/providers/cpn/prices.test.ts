import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { formatRate } from '../../../src/core/rate.ts'
import type { Ask } from '../../../src/providers/port.ts'
import { mid, never } from '../sandbox-fixtures.ts'
import { type CpnWorld, cpnWorld } from './fixtures.ts'

let world: CpnWorld
beforeAll(async () => {
  world = await cpnWorld({ charge: { bps: 10n, flatUsdCents: 50n } })
})
afterEach(() => {
  world.server.hooks.refuse = undefined
})
afterAll(async () => {
  expect(world.server.violations).toEqual([])
  await world.close()
})

const asked = (change: Partial<Ask> = {}): Ask => ({
  leg: 'offramp',
  currency: 'EUR',
  chain: 'ethereum',
  fiatPerUsd: mid('EUR'),
  usdCents: 100_000n,
  ...change,
})
const quote = (change: Partial<Ask> = {}) => {
  const rate = world.provider.quote(asked(change))
  return rate && formatRate(rate)
}

describe('a price', () => {
  test('is not known before CPN was asked', () => {
    expect(quote()).toBeNull()
    expect(world.provider.health()).toBe('unknown')
  })

  test('is the best quote’s, less its fees and those of the contract, for the size that is asked', async () => {
    await world.provider.refresh(never)
    expect(world.provider.health()).toBe('operational')
    // 0.92 less 0.1 %, and 1.25 + 0.50 USD of 1,000 or of 100.
    expect([quote(), quote({ usdCents: 10_000n })]).toEqual(['0.91747', '0.90298'])
    expect(quote({ chain: 'polygon' })).toBe(quote())
    expect(quote({ usdCents: 175n })).toBeNull()
  })

  test('is only that of a payout, of a currency that has a payee and on a chain that is used', () => {
    const others = [{ leg: 'onramp' }, { currency: 'GBP' }, { chain: 'base' }] as const
    expect(others.map((change) => quote(change))).toEqual([null, null, null])
    expect(world.provider.capabilities).toMatchObject({
      onramp: null,
      offramp: { currencies: ['EUR', 'MXN'], chains: ['ethereum', 'polygon'] },
    })
  })

  test('is forgotten after a minute, and so is whether CPN is there', () => {
    world.clock.nowMs += 60_000
    expect(quote()).not.toBeNull()
    expect(world.provider.health()).toBe('operational')
    world.clock.nowMs += 1
    expect(quote()).toBeNull()
    expect(world.provider.health()).toBe('unknown')
  })

  test('of a corridor that is closed is gone at once, and the others stay', async () => {
    await world.provider.refresh(never)
    world.server.hooks.refuse = ({ body }) =>
      JSON.stringify(body ?? '').includes('EUR') ? { status: 400, code: 290101 } : null
    await world.provider.refresh(never)
    expect(quote()).toBeNull()
    expect(quote({ currency: 'MXN' })).not.toBeNull()
  })

  test('outlives an answer that is lost, and CPN is down when it does not answer a ping', async () => {
    await world.provider.refresh(never)
    void world.server.arm('server_error', ({ path }) => path === '/ping')
    expect(await world.provider.refresh(never).catch(({ name }) => name)).toBe('WireError')
    expect(world.provider.health()).toBe('outage')
    expect(quote()).not.toBeNull()
  })
})
