import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { createAsker } from '../support/market-asker.ts'
import { startMarketServer } from '../support/market-server.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

const server = startMarketServer({ now: () => NOW })
const { value, failure } = createAsker(server, NOW)
afterEach(() => server.reset())
afterAll(() => server.stop())

const status = async (path?: string): Promise<Record<string, string>> => {
  const { updated_at, ...health } = await value('circle_status', path === undefined ? {} : { path })
  return health
}

const ALL: Record<string, string> = {
  overall: 'operational',
  base: 'operational',
  polygon: 'operational',
  arbitrum: 'operational',
  solana: 'operational',
  ethereum: 'operational',
}
const everywhere = (health: string): Record<string, string> =>
  Object.fromEntries(Object.keys(ALL).map((key) => [key, health]))

describe('the words of a component', () => {
  test.each([
    ['operational', 'operational'],
    ['degraded_performance', 'degraded'],
    ['partial_outage', 'degraded'],
    ['major_outage', 'outage'],
    ['under_maintenance', 'outage'],
    ['something_new', 'unknown'],
    ['__proto__', 'unknown'],
  ])('%s means %s', async (word, health) => {
    server.market.circle['USDC on Base'] = word
    expect(await status()).toEqual({ ...ALL, base: health })
  })
})

describe('a component counts where it belongs', () => {
  test.each([
    ['USDC on Base', 'base'],
    ['USDC on Polygon PoS', 'polygon'],
    ['USDC on Arbitrum', 'arbitrum'],
    ['USDC on Solana', 'solana'],
    ['USDC on Ethereum', 'ethereum'],
    ['Circle Mint API', 'overall'],
    ['Payouts', 'overall'],
    ['Wires', 'overall'],
    ['SEPA', 'overall'],
    ['CCTP', 'overall'],
  ])('an outage of %s is one of %s alone', async (component, where) => {
    server.market.circle[component] = 'major_outage'
    expect(await status()).toEqual({ ...ALL, [where]: 'outage' })
  })

  test.each([
    'Sandbox API payouts',
    'USDC on Base Sepolia',
    'USDC on Avalanche',
    'USDC on OP Mainnet',
    'EURC on Base',
    'Programmable Wallets on Solana',
    'Knowledge Base',
    'Database',
    'Marketing site',
  ])('an outage of %s is none of ours', async (component) => {
    server.market.circle[component] = 'major_outage'
    expect(await status()).toEqual(ALL)
  })

  test('the worst of several is what counts', async () => {
    Object.assign(server.market.circle, {
      'Minting on Base': 'degraded_performance',
      'Redeeming on Base': 'major_outage',
      Wires: 'unheard_of',
      'ACH payouts': 'partial_outage',
    })
    expect(await status()).toEqual({ ...ALL, base: 'outage', overall: 'degraded' })
  })

  test('a component belongs where its group does, and the group itself counts for nothing', async () => {
    const group = (name: string) => ({ id: name, name, status: 'major_outage', group: true, group_id: null })
    const within = (group_id: string, name: string, status: string) => ({
      id: `${group_id}/${name}`,
      name,
      status,
      group: false,
      group_id,
    })
    const components = [
      group('USDC'),
      within('USDC', 'Base', 'degraded_performance'),
      within('USDC', 'Polygon', 'operational'),
      group('EURC'),
      within('EURC', 'Base', 'major_outage'),
      group('Solana'),
      within('Solana', 'Minting', 'under_maintenance'),
    ]
    server.override('circle_status', (good) => JSON.stringify({ ...JSON.parse(good), components }))
    expect(await status()).toEqual({ ...ALL, base: 'degraded', solana: 'outage' })
  })
})

describe('a page without components of ours', () => {
  test.each([
    ['none', everywhere('operational')],
    ['minor', everywhere('degraded')],
    ['maintenance', everywhere('degraded')],
    ['major', everywhere('degraded')],
    // It names no chain, so it must not take every chain out of use.
    ['critical', { ...everywhere('degraded'), overall: 'outage' }],
    ['something_new', everywhere('unknown')],
  ])('says %s of everything', async (indicator, health) => {
    Object.assign(server.market, { indicator, circle: { 'Marketing site': 'operational' } })
    expect(await status()).toEqual(health)
    expect(await status('/api/v2/status.json')).toEqual(health)
  })

  test('and without a word about itself is unknown', async () => {
    server.market.circle = {}
    expect(await status('/api/v2/components.json')).toEqual(everywhere('unknown'))
  })
})

test('a page of components alone is understood', async () => {
  server.market.circle['USDC on Solana'] = 'partial_outage'
  expect(await status('/api/v2/components.json')).toEqual({ ...ALL, solana: 'degraded' })
})

test('a page that has not changed for months is not stale', async () => {
  server.setAge('circle_status', 90 * 86_400_000)
  expect(await value('circle_status')).toMatchObject({ updated_at: NOW - 90 * 86_400_000 })
})

test('a page whose time cannot be read is none', async () => {
  server.override('circle_status', (good) => good.replace(/"updated_at":"[^"]+"/, '"updated_at":"yesterday"'))
  expect(await failure('circle_status')).toEqual([
    'unexpected_shape',
    'circle_status answered with a time that cannot be read',
  ])
})
