import { describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { ConfigError, loadConfig } from '../src/config.ts'
import { systemClock } from '../src/core/clock.ts'
import { openDatabase } from '../src/db/client.ts'
import { readFleet } from '../src/fleet.ts'
import { fallbackMid } from '../src/market/fallback.ts'
import { createLinks } from '../src/providers/links.ts'
import { createLogger } from '../src/telemetry/logger.ts'

const WALLETS = 'base:0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'
const BRIDGE = { BRIDGE_API_KEY: 'sk-test-1', SETTLEMENT_WALLETS: WALLETS }

/** The providers that an environment comes to. Nothing is asked of the database. */
const providersOf = async (env: Record<string, string>) => {
  const fleet = await readFleet(loadConfig(env))
  const database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', max: 1 })
  const log = createLogger({ level: 'silent', pretty: false })
  const links = createLinks(database)
  return fleet({ sql: database.sql, clock: systemClock, log, links, mid: fallbackMid })
}
const namesOf = async (env: Record<string, string>) => (await providersOf(env)).map(({ name }) => name)

const problemsOf = async (env: Record<string, string>): Promise<readonly string[]> => {
  const error = await readFleet(loadConfig(env)).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return error instanceof ConfigError ? error.lines : []
}

describe('which providers there are', () => {
  test('are the three sandboxes where nothing is said', async () => {
    expect(await namesOf({})).toEqual(['sandbox_a', 'sandbox_b', 'sandbox_c'])
  })

  test('are those that are named, in that order', async () => {
    expect(await namesOf({ ...BRIDGE, PROVIDERS: 'bridge' })).toEqual(['bridge'])
    expect(await namesOf({ ...BRIDGE, PROVIDERS: 'bridge,sandbox' })).toEqual([
      'bridge',
      'sandbox_a',
      'sandbox_b',
      'sandbox_c',
    ])
  })

  test('deliver to the settlement wallets, and nowhere else', async () => {
    const [provider] = await providersOf({ ...BRIDGE, PROVIDERS: 'bridge' })
    expect(provider?.capabilities.onramp?.chains).toEqual(['base'])
  })

  test('take events once they can tell them from forged ones', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const inboundOf = async (env: Record<string, string>) =>
      (await providersOf({ ...BRIDGE, PROVIDERS: 'bridge', ...env }))[0]?.inbound
    expect(await inboundOf({})).toBeUndefined()
    expect(await inboundOf({ BRIDGE_WEBHOOK_PUBLIC_KEY: pem })).toBeDefined()
    expect(await inboundOf({ BRIDGE_WEBHOOK_PUBLIC_KEY: pem.replaceAll('\n', '\\n') })).toBeDefined()
  })
})

describe('CCTP', () => {
  const KEY = `0x${'42'.repeat(32)}`
  const OURS = '0x17c5185167401eD00cF5F5b2fc97D9BBfDb7D025'
  const rail = {
    ...{ BRIDGE_API_KEY: 'sk-test-1', PROVIDERS: 'bridge', CCTP_PRIVATE_KEY: KEY },
    SETTLEMENT_WALLETS: `base:${OURS},polygon:${OURS},arbitrum:${OURS}`,
    CCTP_RPC_URL_BASE: 'http://127.0.0.1:1',
    CCTP_RPC_URL_ARBITRUM: 'http://127.0.0.1:1',
  }

  test('lets a provider deliver on chains that it does not serve itself', async () => {
    const [provider] = await providersOf(rail)
    expect(provider?.capabilities.onramp?.chains.toSorted()).toEqual(['arbitrum', 'base', 'polygon'])
  })

  test('moves real USDC only where the providers move real money', async () => {
    const fit = [expect.stringMatching(/^CCTP_NETWORK must be mainnet where /)]
    expect(await problemsOf({ ...rail, CCTP_NETWORK: 'mainnet' })).toEqual(fit)
    expect(await problemsOf({ ...rail, BRIDGE_API_KEY: 'sk-live-1' })).toEqual(fit)
    const live = { ...rail, BRIDGE_API_KEY: 'sk-live-1', CCTP_NETWORK: 'mainnet' }
    expect(await namesOf(live)).toEqual(['bridge'])
  })

  test('says what is missing, and never the key', async () => {
    const problems = await problemsOf({ ...rail, CCTP_RPC_URL_BASE: '' })
    expect(problems).not.toEqual([])
    expect(problems.join()).not.toContain(KEY)
  })
})

describe('what stops the start, one line each', () => {
  test.each([
    [{ PROVIDERS: 'circle' }, 'CIRCLE_API_KEY must be set for circle'],
    [{ PROVIDERS: 'cpn' }, 'CPN_API_KEY must be set for cpn'],
    [{ PROVIDERS: 'bridge' }, 'BRIDGE_API_KEY must be set for bridge'],
    [{ PROVIDERS: 'coinbase' }, 'COINBASE_API_KEY_ID must be set for coinbase'],
    [{ BRIDGE_API_KEY: 'sk-test-1' }, 'BRIDGE_API_KEY is set, but PROVIDERS does not name bridge'],
    [
      { PROVIDERS: 'bridge', BRIDGE_API_KEY: 'secret' },
      'BRIDGE_API_KEY must start with sk-test- or sk-live-',
    ],
    [
      { ...BRIDGE, PROVIDERS: 'bridge', BRIDGE_WEBHOOK_PUBLIC_KEY: 'secret' },
      'BRIDGE_WEBHOOK_PUBLIC_KEY must be an RSA public key in PEM',
    ],
  ])('%j', async (env: Record<string, string>, line) => {
    expect(await problemsOf(env)).toEqual([line])
    expect((await problemsOf(env)).join()).not.toContain('secret')
  })

  test('every mistake is told at once', async () => {
    expect(await problemsOf({ PROVIDERS: 'bridge,coinbase' })).toHaveLength(2)
  })

  test('a provider that moves real money never stands beside one that only plays', async () => {
    const live = { BRIDGE_API_KEY: 'sk-live-1', SETTLEMENT_WALLETS: WALLETS }
    expect(await problemsOf({ ...live, PROVIDERS: 'bridge,sandbox' })).toEqual([
      expect.stringMatching(/^PROVIDERS must all move real money or all play: /),
    ])
    expect(await namesOf({ ...live, PROVIDERS: 'bridge' })).toEqual(['bridge'])
  })
})
