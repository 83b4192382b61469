import { afterAll, describe, expect, test } from 'bun:test'
import { CHAINS, type Outcome, type ProviderHealth } from '../../src/providers/port.ts'
import { EVERYTHING, fakeProvider } from '../payments/fake-provider.ts'
import { startHarness } from '../support/harness.ts'
import { operationWith } from './sandbox-fixtures.ts'

const ALL = {
  currencies: [...EVERYTHING.currencies],
  chains: [...CHAINS],
  least_usd_cents: 0,
  most_usd_cents: 1_000_000_000_000,
}

const state: { health: ProviderHealth; answer: Outcome } = {
  health: 'operational',
  answer: { kind: 'refused', reason: 'temporary', message: 'not now' },
}
const everything = { ...fakeProvider('zeta').provider, health: () => state.health }
const payouts = {
  ...fakeProvider('alpha', () => state.answer).provider,
  sandbox: false,
  capabilities: {
    onramp: null,
    offramp: { currencies: ['EUR'], chains: ['solana'], leastUsdCents: 100n, mostUsdCents: 5_000n },
  },
} as const
const harness = await startHarness({ providers: [everything, payouts] })
afterAll(() => harness.stop())

const providers = async () => {
  const { status, body } = await harness.call('GET', '/providers')
  expect(status).toBe(200)
  return body.data
}

describe('GET /providers', () => {
  test('shows what each serves, in the configured order, as plain integers', async () => {
    const calm = { health: 'operational', breaker: 'closed', failing: false }
    expect(await providers()).toEqual([
      { name: 'zeta', sandbox: true, ...calm, onramp: ALL, offramp: ALL },
      {
        name: 'alpha',
        sandbox: false,
        ...calm,
        onramp: null,
        offramp: { currencies: ['EUR'], chains: ['solana'], least_usd_cents: 100, most_usd_cents: 5_000 },
      },
    ])
  })

  test('shows the health that a provider tells of itself', async () => {
    state.health = 'degraded'
    expect(await providers()).toMatchObject([{ health: 'degraded' }, { health: 'operational' }])
  })

  test('shows which one fails, and whose breaker is open, by the calls of this process', async () => {
    const call = () =>
      harness.services.router.perform({ kind: 'submit', provider: 'alpha', operation: operationWith() })
    for (let n = 0; n < 10; n++) expect((await call()).kind).toBe('refused')
    expect(await providers()).toMatchObject([
      { name: 'zeta', breaker: 'closed', failing: false },
      { name: 'alpha', breaker: 'open', failing: true },
    ])
  })
})
