import { describe, expect, test } from 'bun:test'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import '../../../src/environment.ts'
import { circleEnvironment } from '../../../src/providers/circle/environment.ts'
import { circleSettings } from '../../../src/providers/circle/settings.ts'
import { setup } from './harness.ts'

const Environment = Type.Object({ ...circleEnvironment, CIRCLE_STATUS_URL: Type.String() })
const read = (given: object) => {
  const complete = { CIRCLE_STATUS_URL: 'https://status.circle.com/api/v2/summary.json', ...given }
  const values = Value.Default(Environment, complete) as Static<typeof Environment>
  expect(Value.Check(Environment, values)).toBe(true)
  return circleSettings(values)
}
const TEST_KEY = 'TEST_API_KEY:id:secret'
const LIVE_KEY = 'LIVE_API_KEY:id:secret'

describe('settings', () => {
  test('are none without a key, so that it is not in use', () =>
    expect(read({})).toEqual({ settings: null, problems: [] }))

  test('of a live key are live, without charges and euros', () =>
    expect(read({ CIRCLE_API_KEY: LIVE_KEY })).toEqual({
      settings: {
        apiKey: LIVE_KEY,
        baseUrl: 'https://api.circle.com',
        statusUrl: 'https://status.circle.com/api/v2/summary.json',
        sandbox: false,
        exchange: false,
        charges: { onramp: { bps: 0n, flatUsdCents: 0n }, offramp: { bps: 0n, flatUsdCents: 0n } },
        mostUsdCents: 100_000_000n,
      },
      problems: [],
    }))

  test('of a test key play, at the sandbox or wherever they are told', () => {
    expect(read({ CIRCLE_API_KEY: TEST_KEY }).settings).toMatchObject({
      baseUrl: 'https://api-sandbox.circle.com',
      sandbox: true,
    })
    const told = read({ CIRCLE_API_KEY: TEST_KEY, CIRCLE_URL: 'http://127.0.0.1:8080/' })
    expect(told.settings).toMatchObject({ baseUrl: 'http://127.0.0.1:8080', sandbox: true })
  })

  test('keep the charges of the two directions apart', () => {
    const { settings } = read({
      CIRCLE_API_KEY: TEST_KEY,
      CIRCLE_ONRAMP_CHARGE_BPS: 1,
      CIRCLE_ONRAMP_CHARGE_CENTS: 2,
      CIRCLE_OFFRAMP_CHARGE_BPS: 3,
      CIRCLE_OFFRAMP_CHARGE_CENTS: 4,
    })
    expect(settings?.charges).toEqual({
      onramp: { bps: 1n, flatUsdCents: 2n },
      offramp: { bps: 3n, flatUsdCents: 4n },
    })
  })

  test('ask no status page when the market data asks none', () =>
    expect(read({ CIRCLE_API_KEY: TEST_KEY, CIRCLE_STATUS_URL: 'off' }).settings?.statusUrl).toBeNull())

  test.each<[object, string]>([
    [{ CIRCLE_URL: 'https://api.circle.com' }, 'CIRCLE_URL needs CIRCLE_API_KEY'],
    [{ CIRCLE_EXCHANGE: 'on' }, 'CIRCLE_EXCHANGE=on needs CIRCLE_API_KEY'],
    [{ CIRCLE_API_KEY: 'hunter2' }, 'CIRCLE_API_KEY must be'],
    [{ CIRCLE_API_KEY: 'TEST_API_KEY:hunter2' }, 'CIRCLE_API_KEY must be'],
    [
      { CIRCLE_API_KEY: TEST_KEY, CIRCLE_URL: 'https://api.circle.com/' },
      'CIRCLE_URL does not take a TEST_API_KEY',
    ],
    [
      { CIRCLE_API_KEY: LIVE_KEY, CIRCLE_URL: 'https://api-sandbox.circle.com' },
      'CIRCLE_URL does not take a LIVE',
    ],
  ])('that do not fit together are named in one line, and no secret is: %p', (given, line) => {
    const { settings, problems } = read(given)
    expect(settings).toBeNull()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith(line)
    expect(problems[0]).not.toContain('hunter2')
  })
})

test('the adapter serves what its settings and our wallets allow', async () => {
  const { provider, close } = await setup({ sandbox: false, mostUsdCents: 5_000n })
  expect(provider).toMatchObject({
    name: 'circle',
    sandbox: false,
    capabilities: {
      onramp: {
        currencies: ['USD'],
        chains: ['base', 'polygon', 'arbitrum', 'solana'],
        leastUsdCents: 100n,
        mostUsdCents: 5_000n,
      },
      offramp: {
        currencies: ['USD', 'EUR'],
        chains: ['base', 'polygon', 'arbitrum', 'solana', 'ethereum'],
        leastUsdCents: 100n,
        mostUsdCents: 5_000n,
      },
    },
  })
  await close()
})
