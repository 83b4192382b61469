import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { SOURCE_NAMES, type SourceFailure, type SourceName } from '../../src/market/source.ts'
import { createSources, DEFAULT_URLS, type SourceValues } from '../../src/market/sources/index.ts'
import { createAsker } from '../support/market-asker.ts'
import type { Fault } from '../support/market-faults.ts'
import { startMarketServer } from '../support/market-server.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const server = startMarketServer({ now: () => NOW })
afterEach(() => server.reset())
afterAll(() => server.stop())

const { value, failure } = createAsker(server, NOW)

const MIDS = {
  AUD: '1.5342',
  BRL: '5.3307',
  CAD: '1.4061',
  CHF: '0.8067',
  EUR: '0.8742',
  GBP: '0.7613',
  JPY: '156.4108',
  MXN: '18.3712',
  SGD: '1.3055',
  USD: '1',
}
const operational = {
  overall: 'operational',
  base: 'operational',
  polygon: 'operational',
  arbitrum: 'operational',
  solana: 'operational',
  ethereum: 'operational',
} as const

const GOOD: SourceValues = {
  exchangerate_api: { published_at: NOW - 6 * HOUR, fiat_per_usd: MIDS },
  frankfurter: { published_at: Date.UTC(2026, 10, 23), fiat_per_usd: { ...MIDS, EUR: '0.87398' } },
  beaconchain: { wei: '900000000', fast_wei: '1300000000', at: NOW },
  blockscout_base: {
    wei: '6012345',
    slow_wei: '4809876',
    fast_wei: '12024690',
    coin_usd: '2486.47',
    at: NOW,
  },
  blockscout_polygon: {
    wei: '369900000000',
    slow_wei: '295920000000',
    fast_wei: '739800000000',
    coin_usd: '0.100652',
    at: NOW,
  },
  blockscout_arbitrum: {
    wei: '20100000',
    slow_wei: '16080000',
    fast_wei: '40200000',
    coin_usd: '2486.47',
    at: NOW,
  },
  solana_rpc: { micro_lamports: '6000' },
  circle_status: { ...operational, updated_at: NOW },
  coingecko: { ETH: '2486.47', SOL: '131.2', POL: '0.100652', USDC: '0.99987', at: NOW },
}

describe.each([...SOURCE_NAMES])('%s', (name) => {
  test('gives exactly what it was sent', async () => {
    expect(await value(name)).toEqual(GOOD[name])
  })

  test('gives a value that survives being stored as JSON, and is recognised by its schema', async () => {
    const [source] = createSources({ urls: server.urls }).filter((each) => each.name === name)
    if (!source) throw new Error('no source')
    const given = await value(name)
    expect(JSON.parse(JSON.stringify(given))).toEqual(given)
    expect(Value.Check(source.value, given)).toBe(true)
    expect(Value.Check(source.value, {})).toBe(false)
  })

  test('is asked by the documented request, without a key unless there is one', async () => {
    await value(name)
    const [request] = server.of(name)
    expect(`${server.origin}/${name}${request?.path}`).toBe(server.urls[name])
    expect(request?.method).toBe(name === 'solana_rpc' ? 'POST' : 'GET')
    expect(request?.headers).toMatchObject({ accept: 'application/json' })
    for (const header of ['authorization', 'apikey', 'x-cg-demo-api-key', 'x-cg-pro-api-key'])
      expect(request?.headers).not.toHaveProperty(header)
  })
})

const CONTENT: [Fault, SourceName[], SourceFailure, string][] = [
  [
    'empty_object',
    SOURCE_NAMES.filter((name) => name !== 'coingecko'),
    'unexpected_shape',
    'answered in another shape than documented, at /',
  ],
  ['empty_object', ['coingecko'], 'empty', 'answered with no prices'],
  [
    'stale',
    SOURCE_NAMES.filter((name) => !['solana_rpc', 'circle_status'].includes(name)),
    'stale',
    'answered with ',
  ],
  ['absurd', ['exchangerate_api', 'frankfurter'], 'absurd', 'answered with an absurd rate for EUR'],
  [
    'absurd',
    ['beaconchain', 'blockscout_base', 'blockscout_polygon', 'blockscout_arbitrum'],
    'absurd',
    'answered with an absurd gas price',
  ],
  ['absurd', ['solana_rpc'], 'absurd', 'answered with an absurd priority fee'],
  ['absurd', ['coingecko'], 'absurd', 'answered with an absurd price of ETH'],
  [
    'null_gas',
    ['blockscout_base', 'blockscout_polygon', 'blockscout_arbitrum'],
    'empty',
    'has no gas price right now',
  ],
  ['null_gas', ['solana_rpc'], 'empty', 'knows of no recent block'],
  ['null_gas', ['beaconchain'], 'refused', 'refused to answer'],
]
const CASES = CONTENT.flatMap(([fault, names, reason, says]) =>
  names.map((name) => ({ name, fault, reason, says })),
)

test.each(CASES)('$name: $fault is told as $reason', async ({ name, fault, reason, says }) => {
  server.fault(name, fault)
  const [told, message] = await failure(name)
  expect(told).toBe(reason)
  expect(message).toStartWith(`${name} ${says}`)
})

describe('ages', () => {
  const LIMITS: [SourceName, number][] = [
    // Its rates are 6 hours old, the next are due 24 hours after them, and may be a day late.
    ['exchangerate_api', 42 * HOUR],
    // Noon of the day: the rates carry the start of theirs.
    ['frankfurter', 5 * DAY + 12 * HOUR],
    ['beaconchain', 10 * MINUTE],
    ['blockscout_base', 5 * MINUTE],
    ['blockscout_polygon', 5 * MINUTE],
    ['blockscout_arbitrum', 5 * MINUTE],
    ['coingecko', 10 * MINUTE],
  ]

  test.each(LIMITS)('%s is good until %i ms old, and stale after that', async (name, limit) => {
    server.setAge(name, limit)
    expect(await value(name)).toBeTruthy()
    // Dates have days, and most times have seconds.
    server.setAge(name, limit + (name === 'frankfurter' ? DAY : 1000))
    expect((await failure(name))[0]).toBe('stale')
  })

  test.each(LIMITS.map(([name]) => name))('%s cannot answer from the future', async (name) => {
    server.setAge(name, -3 * DAY)
    expect(await failure(name)).toEqual(['absurd', `${name} answered with data from the future`])
  })

  test('rates that promise their successors for the far future are stale in a week all the same', async () => {
    const forever = (text: string) => text.replace(/("time_next_update_unix":)\d+/, '$199999999999')
    server.override('exchangerate_api', forever)
    server.setAge('exchangerate_api', 6 * DAY)
    expect(await value('exchangerate_api')).toBeTruthy()
    server.setAge('exchangerate_api', 7 * DAY)
    expect((await failure('exchangerate_api'))[0]).toBe('stale')
  })
})

describe('decimals', () => {
  // As a float this is 0.8742000002 to ten places.
  const LONG = '0.874200000199999999999999999'

  test.each(['exchangerate_api', 'frankfurter'] as const)('%s: no rate is ever a float', async (name) => {
    server.market.mids[name].EUR = LONG
    server.market.mids[name].JPY = '1.55200000000000000001e2'
    const { fiat_per_usd } = await value(name)
    expect(fiat_per_usd).toMatchObject({ EUR: '0.8742000001', JPY: '155.2' })
  })

  test.each(['coingecko', 'blockscout_base'] as const)('%s: no price is ever a float', async (name) => {
    server.market.prices.ETH = '2486.470000000199999999999999'
    const given: Record<string, unknown> = { ...(await value(name)) }
    expect(given[name === 'coingecko' ? 'ETH' : 'coin_usd']).toBe('2486.4700000001')
  })

  test('a price in exponent notation is read as such', async () => {
    server.market.prices.POL = '1e-3'
    expect(await value('coingecko')).toMatchObject({ POL: '0.001' })
  })
})

describe('settings', () => {
  test('a source whose URL is off is left out, and its key with it', () => {
    const urls = { ...server.urls, coingecko: 'off', frankfurter: 'off' }
    const names = createSources({ urls, keys: { coingecko: 'key' } }).map(({ name }) => name)
    expect(names).toEqual(SOURCE_NAMES.filter((name) => name !== 'coingecko' && name !== 'frankfurter'))
  })

  test('the default URLs are safe and keyless, and ask for our currencies alone', () => {
    for (const url of Object.values(DEFAULT_URLS)) expect(new URL(url).protocol).toBe('https:')
    expect(Object.values(DEFAULT_URLS).join()).not.toMatch(/key/i)
    const { searchParams } = new URL(DEFAULT_URLS.frankfurter)
    expect(searchParams.get('base')).toBe('USD')
    expect(searchParams.get('symbols')?.split(',')).toEqual(FIAT_CURRENCIES.filter((code) => code !== 'USD'))
  })

  const KEY = 'sk-very-secret'
  test.each([
    ['exchangerate_api', { exchangerateApi: KEY }, 'authorization', `Bearer ${KEY}`],
    ['beaconchain', { beaconchain: KEY }, 'apikey', KEY],
    ['blockscout_base', { blockscout: KEY }, 'authorization', `Bearer ${KEY}`],
    ['blockscout_polygon', { blockscout: KEY }, 'authorization', `Bearer ${KEY}`],
    ['blockscout_arbitrum', { blockscout: KEY }, 'authorization', `Bearer ${KEY}`],
    ['coingecko', { coingecko: KEY }, 'x-cg-demo-api-key', KEY],
  ] as const)('the key of %s is sent in its header and nowhere else', async (name, keys, header, sent) => {
    await value(name, { keys })
    const [request] = server.of(name)
    const { [header]: found, ...others } = request?.headers ?? {}
    expect(found).toBe(sent)
    expect(JSON.stringify([request?.path, request?.body, others])).not.toContain(KEY)
  })

  test('a key for the professional CoinGecko goes into that host’s own header', () => {
    const urls = { ...server.urls, coingecko: 'https://pro-api.coingecko.com/api/v3/simple/price' }
    const source = createSources({ urls, keys: { coingecko: KEY } }).find(({ name }) => name === 'coingecko')
    expect(source?.request.headers).toEqual({ 'x-cg-pro-api-key': KEY })
  })
})
