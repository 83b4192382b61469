import { expect, test } from 'bun:test'
import { FormatRegistry, type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { bridgeEnvironment } from '../../../src/providers/bridge/environment.ts'
import { bridgeSettings } from '../../../src/providers/bridge/settings.ts'

const Environment = Type.Object(bridgeEnvironment)

const parsed = (given: Partial<Static<typeof Environment>> = {}): Static<typeof Environment> =>
  Value.Default(Environment, { ...given }) as Static<typeof Environment>

const KEY = 'sk-test-1'

const settingsOf = (given: Static<typeof Environment>) => bridgeSettings(given).settings
const problemsOf = (given: Static<typeof Environment>) => [...bridgeSettings(given).problems]

test('every setting has a description and a default, or may be unset', () => {
  if (!FormatRegistry.Has('http-url')) FormatRegistry.Set('http-url', URL.canParse)
  expect([...Value.Errors(Environment, parsed())]).toEqual([])
  for (const { description } of Object.values(bridgeEnvironment)) expect(description).toBeString()
})

test('without a key Bridge is left out, whatever else is set', () => {
  const given = parsed({ BRIDGE_FIXED_OUTPUTS: 'on' })
  expect(settingsOf(given)).toBeNull()
  expect(problemsOf(given)).toEqual([])
})

test('with only a key it takes deposits from live Bridge and pays nothing out', () => {
  const given = parsed({ BRIDGE_API_KEY: 'sk-live-1' })
  expect(problemsOf(given)).toEqual([])
  expect(settingsOf(given)).toEqual({
    apiKey: 'sk-live-1',
    baseUrl: 'https://api.bridge.xyz/v0',
    statusUrl: null,
    sandbox: false,
    usdDepositRail: 'wire',
    payouts: null,
    charge: { bps: 0n, flatUsdCents: 0n },
    leastUsdCents: 100n,
    mostUsdCents: 100_000_000n,
  })
})

test('a test key makes it a sandbox; slashes at the end of its URL are of no account', () => {
  const given = parsed({ BRIDGE_API_KEY: KEY, BRIDGE_URL: 'https://api.sandbox.bridge.xyz/v0//' })
  expect(problemsOf(given)).toEqual([])
  expect(settingsOf(given)).toMatchObject({ sandbox: true, baseUrl: 'https://api.sandbox.bridge.xyz/v0' })
})

test('fixed outputs turn payouts on, and need the wallet that pays', () => {
  const given = parsed({ BRIDGE_API_KEY: KEY, BRIDGE_FIXED_OUTPUTS: 'on', BRIDGE_USD_PAYOUT_RAIL: 'ach' })
  expect(problemsOf(given)).toEqual(['BRIDGE_FIXED_OUTPUTS=on needs BRIDGE_WALLET_ID'])
  const complete = { ...given, BRIDGE_WALLET_ID: 'wallet-1' }
  expect(problemsOf(complete)).toEqual([])
  expect(settingsOf(complete)?.payouts).toEqual({ walletId: 'wallet-1', usdRail: 'ach' })
  expect(settingsOf({ ...complete, BRIDGE_FIXED_OUTPUTS: 'off' })?.payouts).toBeNull()
})

test('each contradiction is one line, and none repeats the key', () => {
  const given = parsed({
    BRIDGE_API_KEY: 'secret',
    BRIDGE_LEAST_USD_CENTS: 2,
    BRIDGE_MOST_USD_CENTS: 1,
    BRIDGE_FIXED_OUTPUTS: 'on',
  })
  expect(problemsOf(given)).toHaveLength(3)
  expect(problemsOf(given).join()).not.toContain('secret')
  const mixed = parsed({ BRIDGE_API_KEY: 'sk-live-1', BRIDGE_URL: 'https://api.sandbox.bridge.xyz/v0' })
  expect(problemsOf(mixed)).toEqual(['BRIDGE_URL is the sandbox, and BRIDGE_API_KEY is a live key'])
})
