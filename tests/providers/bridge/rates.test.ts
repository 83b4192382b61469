import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Fiat } from '../../../src/core/currency.ts'
import { formatRate, RATE_UNITS, type Rate } from '../../../src/core/rate.ts'
import { createBridge } from '../../../src/providers/bridge/adapter.ts'
import { RATE_LIFE_MS } from '../../../src/providers/bridge/rates.ts'
import type { BridgeSettings } from '../../../src/providers/bridge/settings.ts'
import type { Provider } from '../../../src/providers/port.ts'
import { never, testClock } from '../sandbox-fixtures.ts'
import { type BridgeWorld, bridgeWorld, settingsFor } from './fixtures.ts'
import { type BridgeServer, startBridgeServer } from './server.ts'

const world: BridgeWorld = await bridgeWorld()
afterAll(() => world.close())

let clock: ReturnType<typeof testClock>
let server: BridgeServer
beforeEach(async () => {
  clock = testClock()
  server = await startBridgeServer(clock.now)
})
afterEach(async () => {
  expect(server.wire.violations).toEqual([])
  await server.wire.stop()
})

const bridge = (change: Partial<BridgeSettings> = {}): Provider =>
  createBridge(settingsFor(server.url, change), { ...world.deps, clock })

const quoted = (provider: Provider, leg: 'onramp' | 'offramp', currency: Fiat, usdCents = 100_000n) => {
  const rate = provider.quote({ leg, currency, chain: 'base', fiatPerUsd: RATE_UNITS as Rate, usdCents })
  return rate && formatRate(rate)
}

describe('quotes', () => {
  test('there is none before Bridge has said anything, but for dollars, which are USDC', () => {
    const provider = bridge()
    expect(quoted(provider, 'offramp', 'EUR')).toBeNull()
    expect([quoted(provider, 'onramp', 'USD'), quoted(provider, 'offramp', 'USD')]).toEqual(['1', '1'])
  })

  test('take the side that a dollar is sold at for a payout, and bought at for a deposit', async () => {
    const provider = bridge()
    await provider.refresh(never)
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
    expect(quoted(provider, 'offramp', 'MXN')).toBe('18.1')
    expect(quoted(provider, 'offramp', 'BRL')).toBe('5.41')
    // 1 / 0.93, rounded down.
    expect(quoted(provider, 'onramp', 'EUR')).toBe('1.0752688172')
  })

  test('are good for a minute, and no longer', async () => {
    const provider = bridge()
    await provider.refresh(never)
    clock.nowMs += RATE_LIFE_MS
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
    clock.nowMs += 1
    expect(quoted(provider, 'offramp', 'EUR')).toBeNull()
    expect(quoted(provider, 'offramp', 'USD')).toBe('1')
    await provider.refresh(never)
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
  })

  test('hold what Bridge invoices', async () => {
    const provider = bridge({ charge: { bps: 25n, flatUsdCents: 50n } })
    await provider.refresh(never)
    // 0.25 % and 0.50 of 100.00 dollars.
    expect(quoted(provider, 'onramp', 'USD', 10_000n)).toBe('0.9925')
    expect(quoted(provider, 'offramp', 'EUR', 10_000n)).toBe('0.9131')
  })

  test('a pair that Bridge has no rate for has no price, and spoils no other', async () => {
    const provider = bridge()
    await provider.refresh(never)
    expect(quoted(provider, 'offramp', 'GBP')).toBeNull()
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
  })

  test.each([
    [['0.93', '0.9246', '0.92']],
    [['0.92', '0.94', '0.93']],
    [['0', '0.9246', '0.93']],
    [['0.92', '0.9246', '-1']],
    [['0.92', '0.9246', '']],
  ] as const)('rates %p contradict themselves: they are not believed, others are', async (eur) => {
    const provider = bridge()
    await provider.refresh(never)
    server.rates.set('eur', eur)
    server.rates.set('mxn', ['17.00', '18.00', '19.00'])
    clock.nowMs += RATE_LIFE_MS
    await expect(provider.refresh(never)).rejects.toThrow()
    expect(quoted(provider, 'offramp', 'MXN')).toBe('17')
    clock.nowMs += 1
    expect(quoted(provider, 'offramp', 'EUR')).toBeNull()
  })

  test('a rate that fails leaves the last one until it is old', async () => {
    const provider = bridge()
    await provider.refresh(never)
    clock.nowMs += 1_000
    void server.wire.arm('server_error', ({ query }) => query.get('to') === 'eur')
    await expect(provider.refresh(never)).rejects.toThrow()
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
    clock.nowMs += RATE_LIFE_MS - 999
    expect(quoted(provider, 'offramp', 'EUR')).toBeNull()
  })
})

describe('health', () => {
  test.each([
    ['none', 'operational'],
    ['minor', 'degraded'],
    ['major', 'degraded'],
    ['maintenance', 'degraded'],
    ['critical', 'outage'],
    ['new word', 'unknown'],
  ])('a status page that says %s means %s', async (indicator, expected) => {
    const provider = bridge({ statusUrl: server.statusUrl })
    server.setIndicator(indicator)
    await provider.refresh(never)
    expect<string>(provider.health()).toBe(expected)
  })

  test('is unknown without a page, and once the page cannot be read; rates go on', async () => {
    const without = bridge()
    await without.refresh(never)
    expect(without.health()).toBe('unknown')
    const provider = bridge({ statusUrl: server.statusUrl })
    await provider.refresh(never)
    expect(provider.health()).toBe('operational')
    clock.nowMs += RATE_LIFE_MS
    void server.wire.arm('html', ({ path }) => path === '/status.json')
    await provider.refresh(never)
    clock.nowMs += RATE_LIFE_MS
    expect(provider.health()).toBe('unknown')
    expect(quoted(provider, 'offramp', 'EUR')).toBe('0.92')
  })
})
