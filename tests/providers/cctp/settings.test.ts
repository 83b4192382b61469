import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { privateKeyToAccount } from 'viem/accounts'
// Its import is what makes the format of URLs known.
import '../../../src/environment.ts'
import { DEPLOYMENTS, DOMAINS, RAIL_CHAINS } from '../../../src/providers/cctp/chains.ts'
import { cctpEnvironment } from '../../../src/providers/cctp/environment.ts'
import { cctpSettings } from '../../../src/providers/cctp/settings.ts'
import { CHAINS } from '../../../src/providers/port.ts'

const KEY = `0x${'42'.repeat(32)}`
const { address } = privateKeyToAccount(KEY as `0x${string}`)
const wallets = { base: address.toLowerCase(), polygon: '0x00000000000000000000000000000000000000b2' }
const Environment = Type.Object(cctpEnvironment)

const read = (given: Record<string, string>, ours: Record<string, string> = wallets) => {
  const config = Value.Default(Environment, given) as Parameters<typeof cctpSettings>[0]
  expect([...Value.Errors(Environment, config)]).toEqual([])
  return cctpSettings(config, ours)
}

const whole = {
  CCTP_PRIVATE_KEY: KEY,
  CCTP_RPC_URL_BASE: 'https://base.example/v2/key',
  CCTP_RPC_URL_POLYGON: 'https://polygon.example',
}

describe('settings', () => {
  test('without a key CCTP is off, whatever else is set', () => {
    expect(read({ CCTP_RPC_URL_BASE: 'https://base.example' })).toEqual({ settings: null, problems: [] })
  })

  test('a key, a node for each end and wallets are enough; the rest has defaults', () => {
    const { settings, problems } = read(whole)
    expect(problems).toEqual([])
    expect(settings).toMatchObject({
      home: 'base',
      rail: {
        network: 'testnet',
        account: { address },
        rpcUrls: { base: 'https://base.example/v2/key', polygon: 'https://polygon.example' },
      },
    })
    // Nothing that is logged by accident can have the key in it.
    expect(JSON.stringify(settings)).not.toContain(KEY.slice(2))
  })

  test.each([
    ['a key of another form', { CCTP_PRIVATE_KEY: '42' }, {}, 'CCTP_PRIVATE_KEY must be'],
    ['a key that is none', { CCTP_PRIVATE_KEY: `0x${'00'.repeat(32)}` }, {}, 'CCTP_PRIVATE_KEY must be'],
    ['no node at home', { CCTP_HOME_CHAIN: 'ethereum' }, {}, 'CCTP_RPC_URL_ETHEREUM must be set'],
    ['no other node', { CCTP_RPC_URL_POLYGON: '' }, {}, 'of another chain than the home chain'],
    ['a home wallet of another key', {}, { base: wallets.polygon }, 'the settlement wallet on base must be'],
    ['no wallet at the other end', {}, { polygon: '' }, 'the settlement wallet on polygon must be'],
  ])('%s is told in a line', (_what, change, ours, line) => {
    const given = Object.fromEntries(Object.entries({ ...whole, ...change }).filter(([, value]) => value))
    const { settings, problems } = read(given, { ...wallets, ...ours })
    expect(settings).toBeNull()
    expect(problems.join('\n')).toContain(line)
    expect(problems.join('\n')).not.toContain(KEY)
  })
})

test('every chain has the domain that Circle gave it, and every rail chain its contracts', () => {
  expect(DOMAINS).toEqual({ ethereum: 0, arbitrum: 3, solana: 5, base: 6, polygon: 7 })
  expect(CHAINS.filter((chain) => !(RAIL_CHAINS as readonly string[]).includes(chain))).toEqual(['solana'])
  const ids = Object.values(DEPLOYMENTS).flatMap(({ chains }) =>
    Object.values(chains).map(({ chainId }) => chainId),
  )
  expect(new Set(ids).size).toBe(2 * RAIL_CHAINS.length)
})
