import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { pino } from 'pino'
import { privateKeyToAccount } from 'viem/accounts'
import { parseRate } from '../../../src/core/rate.ts'
import { overCctp } from '../../../src/providers/cctp/adapter.ts'
import { createRail } from '../../../src/providers/cctp/rail.ts'
import type { Ask, Operation, Outcome, Provider, ProviderRecord } from '../../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { never, operationWith, sandboxWith, testClock } from '../sandbox-fixtures.ts'
import { type IrisServer, startIris } from './iris-server.ts'

const account = privateKeyToAccount(`0x${'42'.repeat(32)}`)
/** Nobody listens there: what is tested here never asks a node. */
const NOWHERE = 'http://127.0.0.1:9'

let database: TestDatabase
let iris: IrisServer
const clock = testClock()
beforeAll(async () => {
  ;[database, iris] = await Promise.all([testDatabase(), startIris([], clock)])
})
afterAll(async () => {
  expect(iris.violations).toEqual([])
  await Promise.all([database.drop(), iris.stop()])
})

const railOf = (network: 'testnet' | 'mainnet' = 'testnet', owner = account.address) =>
  createRail(
    {
      sql: database.sql,
      clock,
      log: pino({ level: 'silent' }),
      wallets: { base: owner, polygon: account.address, ethereum: account.address },
    },
    {
      network,
      account,
      irisUrl: iris.url,
      rpcUrls: { base: NOWHERE, polygon: NOWHERE, arbitrum: NOWHERE, ethereum: NOWHERE },
    },
  )

/** A provider that delivers on Base and Ethereum, and remembers what it was asked. */
const inner = (answer: Outcome = { kind: 'not_found' }, records: ProviderRecord[] = []) => {
  const sandbox = sandboxWith({ sql: database.sql, clock })
  const { onramp } = sandbox.capabilities
  if (!onramp) throw new Error('the sandbox serves every leg')
  const asked: Operation[] = []
  const state = { answer }
  const provider: Provider = {
    ...sandbox,
    capabilities: { ...sandbox.capabilities, onramp: { ...onramp, chains: ['base', 'ethereum'] } },
    initiate: async (operation) => {
      asked.push(operation)
      return state.answer
    },
    status: async (operation) => {
      asked.push(operation)
      return state.answer
    },
    records: async function* () {
      yield records
    },
  }
  return { provider, asked, state }
}

const ask = (change: Partial<Ask> = {}): Ask => ({
  leg: 'onramp',
  currency: 'USD',
  chain: 'polygon',
  fiatPerUsd: parseRate('1'),
  usdCents: 100_000n,
  ...change,
})

describe('what it serves', () => {
  test('the provider’s own chains, and those that the rail reaches; an off-ramp only its own', () => {
    const { provider } = inner()
    const over = overCctp(provider, railOf(), { home: 'base' })
    // Arbitrum has no wallet of ours.
    expect(over.capabilities.onramp?.chains).toEqual(['base', 'ethereum', 'polygon'])
    expect(over.capabilities.offramp).toBe(provider.capabilities.offramp)
    expect([over.name, over.sandbox]).toEqual([provider.name, provider.sandbox])
  })

  test('a provider without an on-ramp stays as it is', () => {
    const { provider } = inner()
    const offrampOnly = { ...provider, capabilities: { ...provider.capabilities, onramp: null } }
    expect(overCctp(offrampOnly, railOf(), { home: 'base' })).toBe(offrampOnly)
  })

  test('play money never meets real money, and USDC starts only where both can use it', () => {
    const { provider } = inner()
    expect(() => overCctp(provider, railOf('mainnet'), { home: 'base' })).toThrow('both be live')
    expect(() => overCctp(provider, railOf(), { home: 'polygon' })).toThrow(
      'cannot deliver to CCTP on polygon',
    )
    const elsewhere = railOf('testnet', '0x00000000000000000000000000000000000000aa')
    expect(() => overCctp(provider, elsewhere, { home: 'base' })).toThrow('cannot deliver to CCTP on base')
  })

  test.each([
    ['an on-ramp on a chain of the provider', { leg: 'onramp', chain: 'ethereum' }],
    ['an off-ramp', { leg: 'offramp', chain: 'polygon' }],
    ['a refund', { leg: 'refund', chain: 'polygon' }],
  ] as const)('%s passes through unchanged', async (_what, change) => {
    const { provider, asked } = inner({ kind: 'accepted', reference: 'ref' })
    const over = overCctp(provider, railOf(), { home: 'base' })
    const operation = operationWith(change)
    await over.initiate(operation, never)
    await over.status(operation, never)
    expect(asked).toEqual([operation, operation])
  })

  test('an on-ramp on a chain of the rail is carried out on the home chain, under its own key', async () => {
    const { provider, asked } = inner({ kind: 'accepted', reference: 'ref', checkAfterMs: 7 })
    const over = overCctp(provider, railOf(), { home: 'base' })
    const operation = operationWith({ chain: 'polygon' })
    expect(await over.initiate(operation, never)).toEqual({
      kind: 'accepted',
      reference: 'ref',
      checkAfterMs: 7,
    })
    expect(await over.status(operation, never)).toMatchObject({ kind: 'accepted' })
    expect(asked).toEqual(Array(2).fill({ ...operation, chain: 'base' }))
  })

  test('an on-ramp that the provider has done at once is not done before its USDC has crossed', async () => {
    const settled = { amount: 1n, currency: 'USDC', fiat: 95_275n, rate: parseRate('1') } as const
    const { provider } = inner({ kind: 'done', reference: 'ref', settled })
    const over = overCctp(provider, railOf(), { home: 'base' })
    const first = await over.initiate(operationWith({ chain: 'polygon' }), never)
    expect(first).toEqual({ kind: 'accepted', reference: 'ref', checkAfterMs: 0 })
  })

  test('what was sent for one home chain is asked about there, even after the setting has changed', async () => {
    const { provider, asked } = inner({ kind: 'accepted', reference: 'ref' })
    const operation = operationWith({ chain: 'polygon' })
    await overCctp(provider, railOf(), { home: 'ethereum' }).initiate(operation, never)
    await overCctp(provider, railOf(), { home: 'base' }).status(operation, never)
    expect(asked.map(({ chain }) => chain)).toEqual(['ethereum', 'ethereum'])
  })

  test('refusals of the provider stand', async () => {
    const refusal: Outcome = { kind: 'refused', reason: 'limits', message: 'too much' }
    const { provider, state } = inner(refusal)
    const over = overCctp(provider, railOf(), { home: 'base' })
    const operation = operationWith({ chain: 'polygon' })
    expect(await over.initiate(operation, never)).toEqual(refusal)
    state.answer = { ...refusal, reason: 'compliance' }
    expect(await over.status(operation, never)).toMatchObject({ kind: 'refused', reason: 'compliance' })
  })
})

describe('what it costs', () => {
  const price = async (home: 'base' | 'ethereum' = 'base', change: Partial<Ask> = {}) => {
    const over = overCctp(inner().provider, railOf(), { home })
    await over.refresh(never)
    return over.quote(ask(change))
  }

  test('a quote has the dearest fee of the rail in it, rounded down', async () => {
    iris.state.fees = { fast: '1.3', standard: '0' }
    expect(await price()).toBe(parseRate('0.99987'))
    iris.state.fees = { fast: '1.33333333', standard: '0' }
    expect(await price()).toBe(parseRate('0.9998666666'))
    iris.state.fees = { fast: null, standard: '2' }
    expect(await price()).toBe(parseRate('0.9998'))
    iris.state.fees = { fast: '1.3', standard: '0' }
  })

  test('a chain of the provider’s own costs nothing more, nor does an off-ramp', async () => {
    expect(await price('base', { chain: 'ethereum' })).toBe(parseRate('1'))
    expect(await price('base', { leg: 'offramp' })).toBe(parseRate('1'))
  })

  test('there is no quote before Iris has named its fees, nor from ones older than a minute', async () => {
    const over = overCctp(inner().provider, railOf(), { home: 'base' })
    expect(over.quote(ask())).toBeNull()
    await over.refresh(never)
    clock.nowMs += 60_000
    expect(over.quote(ask())).not.toBeNull()
    clock.nowMs += 1
    expect(over.quote(ask())).toBeNull()
  })

  test('there is no quote for more than one burn may have', async () => {
    expect(await price('base', { usdCents: 1_000_000_000n })).not.toBeNull()
    expect(await price('base', { usdCents: 1_000_000_001n })).toBeNull()
  })

  test('providers that share a rail ask Iris once', async () => {
    const rail = railOf()
    const [one, other] = [inner(), inner()].map(({ provider }) => overCctp(provider, rail, { home: 'base' }))
    const before = iris.received.length
    await one?.refresh(never)
    await other?.refresh(never)
    // Ethereum is the provider's own, so only the way to Polygon has a price.
    expect(iris.received.length - before).toBe(1)
  })

  test('trouble of the provider is told, and does not keep the rail’s fees from being asked', async () => {
    const { provider } = inner()
    const failing = { ...provider, refresh: () => Promise.reject(new Error('the provider is away')) }
    const over = overCctp(failing, railOf(), { home: 'base' })
    expect(over.refresh(never)).rejects.toThrow('the provider is away')
    await over.refresh(never).catch(() => {})
    expect(over.quote(ask())).toBe(parseRate('0.99987'))
  })
})
