import { describe, expect, test } from 'bun:test'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import '../../../src/environment.ts'
import { coinbaseEnvironment } from '../../../src/providers/coinbase/environment.ts'
import { coinbaseSettings } from '../../../src/providers/coinbase/settings.ts'
import { ed25519, OUR_ACCOUNT, operationOf, p256, setup, WALLET } from './harness.ts'

const never = new AbortController().signal
const SECRET = ed25519().secret
const COMPLETE = {
  COINBASE_API_KEY_ID: 'key',
  COINBASE_API_KEY_SECRET: SECRET,
  COINBASE_ACCOUNT_ID: OUR_ACCOUNT,
}
const Environment = Type.Object(coinbaseEnvironment)
const read = (given: object) => {
  const values = Value.Default(Environment, { ...given }) as Static<typeof Environment>
  expect(Value.Check(Environment, values)).toBe(true)
  return coinbaseSettings(values)
}

describe('settings', () => {
  test('are none without a key, so that it is not in use', () =>
    expect(read({})).toEqual({ settings: null, problems: [] }))

  test('are live by default, without charges', () =>
    expect(read(COMPLETE).settings).toEqual({
      apiKeyId: 'key',
      apiKeySecret: SECRET,
      accountId: OUR_ACCOUNT,
      baseUrl: 'https://api.cdp.coinbase.com/platform',
      statusUrl: 'https://cdpstatus.coinbase.com/api/v2/status.json',
      charge: { bps: 0n, flatUsdCents: 0n },
      sandbox: false,
    }))

  test.each([
    ['https://sandbox.cdp.coinbase.com/platform/', true],
    ['https://api.cdp.coinbase.com/platform', false],
    ['https://sandbox.cdp.coinbase.com.example.org/platform', false],
    ['http://127.0.0.1:8080/platform', false],
  ])('of %s play: %p', (COINBASE_URL, sandbox) =>
    expect(read({ ...COMPLETE, COINBASE_URL }).settings?.sandbox).toBe(sandbox),
  )

  test.each(Object.keys(COMPLETE))('name %s when it is all that is missing', (name) => {
    const { settings, problems } = read(
      Object.fromEntries(Object.entries(COMPLETE).filter(([each]) => each !== name)),
    )
    expect(settings).toBeNull()
    expect(problems.length).toBe(1)
    expect(problems[0]).toStartWith(name)
  })

  test('name each that is malformed, and repeat no secret', () => {
    const { settings, problems } = read({
      ...COMPLETE,
      COINBASE_API_KEY_SECRET: 'hunter2',
      COINBASE_ACCOUNT_ID: 'acct',
    })
    expect(settings).toBeNull()
    expect(problems.map((line) => line.split(' ')[0])).toEqual([
      'COINBASE_API_KEY_SECRET',
      'COINBASE_ACCOUNT_ID',
    ])
    expect(problems.join()).not.toContain('hunter2')
  })
})

describe('requests are signed', () => {
  const escaped = () => {
    const key = p256()
    return { ...key, secret: key.secret.replaceAll('\n', '\\n') }
  }
  test.each([
    ['an Ed25519 key in base64', ed25519()],
    ['a P-256 key in PEM', p256()],
    ['a P-256 key whose line breaks are still escaped', escaped()],
  ])('with %s, anew for each', async (_, key) => {
    const { server, provider, clock, close } = await setup({}, key)
    for (const leg of ['onramp', 'offramp'] as const) {
      expect(await provider.initiate(operationOf(leg), never)).toMatchObject({ kind: 'accepted' })
      // Longer than a token lives.
      clock.nowMs += 200_000
    }
    for await (const _page of provider.records({ fromMs: 0, toMs: clock.nowMs }, never));
    expect(server.violations).toEqual([])
    const tokens = server.received.map(({ headers }) => headers.authorization)
    expect(new Set(tokens).size).toBe(tokens.length)
    await close()
  })
})

describe('capabilities', () => {
  test('are dollars in, on the chains where we have a wallet and Coinbase a network', async () => {
    const wallets = { base: WALLET, polygon: WALLET, solana: 'HpabPRRCFbBKSuJr5PdkVvQc85FyxyTWkFM2obBRSvHT' }
    const { provider, close } = await setup({}, ed25519(), wallets)
    expect(provider.capabilities.onramp).toMatchObject({ currencies: ['USD'], chains: ['base', 'solana'] })
    const astray = await provider.initiate(operationOf('onramp', { chain: 'polygon' }), never)
    expect(astray).toMatchObject({ kind: 'refused', reason: 'route' })
    expect(provider.capabilities.offramp).toMatchObject({
      currencies: ['USD', 'EUR'],
      chains: ['base', 'arbitrum', 'solana', 'ethereum'],
    })
    await close()
  })

  test('have no way in without a wallet', async () => {
    const { provider, close } = await setup({}, ed25519(), {})
    expect(provider.capabilities.onramp).toBeNull()
    await close()
  })
})
