import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Fiat } from '../../../src/core/currency.ts'
import { formatRate, parseRate } from '../../../src/core/rate.ts'
import type { Ask } from '../../../src/providers/port.ts'
import { BOB_BANK, setup } from './harness.ts'

const never = new AbortController().signal

type Rig = Awaited<ReturnType<typeof setup>>
let rig: Rig
beforeEach(async () => {
  rig = await setup({ charge: { bps: 25n, flatUsdCents: 50n } })
  rig.server.options.paymentMethods = [FEDWIRE, SEPA]
})
afterEach(async () => {
  expect(rig.server.violations).toEqual([])
  await rig.close()
})

const method = (paymentRail: string, asset: string, change: object = {}) => ({
  paymentMethodId: BOB_BANK,
  active: true,
  paymentRail,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  [paymentRail]: { asset, bankName: 'SAMPLE BANK' },
  ...change,
})
const SEPA = method('sepa', 'eur')
const FEDWIRE = method('fedwire', 'usd', { paymentMethodId: 'paymentMethod_none' })

const quoted = (leg: Ask['leg'], currency: Fiat, usdCents = 100_000n): string | null => {
  const fiatPerUsd = parseRate('0.92049')
  const rate = rig.provider.quote({ leg, currency, chain: 'base', fiatPerUsd, usdCents })
  return rate && formatRate(rate)
}
const refresh = () => rig.provider.refresh(never)

describe('quote', () => {
  test('is one to one for dollars, less 25 bps and 50 cents, whoever asks and however old', () => {
    expect([quoted('onramp', 'USD'), quoted('offramp', 'USD')]).toEqual(['0.997', '0.997'])
    expect(quoted('onramp', 'USD', 10_000n)).toBe('0.9925')
    expect(quoted('onramp', 'USD', 50n)).toBeNull()
  })

  test('for euros is the rate of a previewed payout, and none a minute later', async () => {
    expect(quoted('offramp', 'EUR')).toBeNull()
    await refresh()
    expect(quoted('offramp', 'EUR')).toBe('0.8714777')
    rig.clock.nowMs += 60_000
    expect(quoted('offramp', 'EUR')).toBe('0.8714777')
    rig.clock.nowMs += 1
    expect(quoted('offramp', 'EUR')).toBeNull()
  })

  test('makes no transfer', async () => {
    await refresh()
    expect(rig.server.transfers.size).toBe(0)
  })

  test('for euros there is none of a mere estimate: it could not be executed for an exact amount', async () => {
    await refresh()
    rig.server.options.estimates = true
    await refresh()
    expect(quoted('offramp', 'EUR')).toBeNull()
  })

  test('for euros there is none of a payout that would not be executed', async () => {
    rig.server.options.feeAsset = 'eth'
    await refresh()
    expect(quoted('offramp', 'EUR')).toBeNull()
  })

  test.each([
    ['no bank', []],
    ['none in euros', [FEDWIRE]],
    ['only one that is not active', [method('sepa', 'eur', { active: false })]],
  ])('for euros there is none with %s to price it to', async (_, methods) => {
    rig.server.options.paymentMethods = methods
    await refresh()
    expect(quoted('offramp', 'EUR')).toBeNull()
  })

  test('there is none for what it does not serve', async () => {
    await refresh()
    expect(quoted('onramp', 'EUR')).toBeNull()
    expect(quoted('offramp', 'GBP')).toBeNull()
  })
})

describe('health', () => {
  test.each([
    ['none', 'operational'],
    ['minor', 'degraded'],
    ['major', 'degraded'],
    ['maintenance', 'degraded'],
    ['critical', 'outage'],
    ['new_in_2027', 'unknown'],
    ['toString', 'unknown'],
  ] as const)('is, when the status page says %s, %s', async (indicator, health) => {
    expect(rig.provider.health()).toBe('unknown')
    rig.server.options.indicator = indicator
    await refresh()
    expect(rig.provider.health()).toBe(health)
  })

  test('is unknown when the page has not been read for five minutes', async () => {
    await refresh()
    rig.clock.nowMs += 300_001
    expect(rig.provider.health()).toBe('unknown')
  })
})

test('one that cannot be asked leaves the other fresh, and refresh says that it failed', async () => {
  void rig.server.arm('server_error', ({ path }) => path === '/status.json')
  expect(await refresh().catch(({ message }: Error) => message)).toContain('status page')
  expect(quoted('offramp', 'EUR')).toBe('0.8714777')
  void rig.server.arm('server_error', ({ path }) => path.endsWith('/payment-methods'))
  rig.clock.nowMs += 60_001
  expect(await refresh().catch(({ message }: Error) => message)).toContain('503')
  expect(rig.provider.health()).toBe('operational')
  expect(quoted('offramp', 'EUR')).toBeNull()
})
