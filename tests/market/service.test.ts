import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { parseRate } from '../../src/core/rate.ts'
import { openDatabase } from '../../src/db/client.ts'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import { DEADLINE_MS, type PlayedMarket, playMarket, reportOf, statusIn } from './played.ts'

let played: PlayedMarket
beforeAll(async () => {
  played = await playMarket()
})
beforeEach(() => played.reset())
afterAll(() => played.stop())

/** Looks until the condition holds; each look is a round trip, so it does not spin. */
const until = async (condition: (stored: number) => boolean): Promise<void> => {
  for (;;) {
    const [row] = await played.database.sql<{ stored: number }[]>`
      select count(fetched_at)::int as stored from market_readings`
    if (condition(row?.stored ?? 0)) return
  }
}

test('what all nine sources say comes out as facts, exactly', async () => {
  const market = played.process()
  await market.refreshDue()
  const now = played.clock.now()
  expect(market.facts()).toEqual({
    at: now,
    sources: SOURCE_NAMES.map((name) => ({ name, status: 'live', fetched_at: now })),
    fx: {
      fiat_per_usd: {
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
      },
      source: 'live',
      doubts: [],
    },
    gas: {
      base: { price: '6012345', usual: '100000000', source: 'live' },
      polygon: { price: '369900000000', usual: '470960000000', source: 'live' },
      arbitrum: { price: '20100000', usual: '50000000', source: 'live' },
      solana: { price: '6000', usual: '100000', source: 'live' },
      ethereum: { price: '900000000', usual: '2000000000', source: 'live' },
    },
    usd: { ETH: '2486.47', POL: '0.100652', SOL: '131.2', USDC: '0.99987' },
    circle: {
      overall: 'operational',
      base: 'operational',
      polygon: 'operational',
      arbitrum: 'operational',
      solana: 'operational',
      ethereum: 'operational',
    },
  })
  expect(market.mid('JPY')).toEqual({ fiatPerUsd: parseRate('156.4108'), source: 'live', doubts: [] })
})

test('sources that disagree and a USDC off its peg make the mids doubted, until they agree again', async () => {
  const market = played.process()
  played.server.market.mids.frankfurter.EUR = '0.9'
  played.server.market.prices.USDC = '0.97'
  await market.refreshDue()
  expect(market.mid('EUR').doubts).toEqual(['fx_disagreement', 'usdc_off_peg'])
  expect(market.mid('GBP').doubts).toEqual(['usdc_off_peg'])
  played.server.market.mids.frankfurter.EUR = '0.8742'
  played.server.market.prices.USDC = '1.0001'
  await played.pass(96_000)
  await market.refreshDue()
  expect(market.facts().fx.doubts).toEqual([])
})

test('the facts are the same object until something changes', async () => {
  const market = played.process()
  const before = market.facts()
  expect(market.facts()).toBe(before)
  await market.refreshDue()
  const fresh = market.facts()
  expect(fresh).not.toBe(before)
  await played.pass(96_000 - 1)
  await market.refreshDue()
  expect(market.facts()).toBe(fresh)
  expect(market.mid('EUR')).toBe(market.mid('EUR'))
  await played.pass(24_001)
  expect(market.facts()).not.toBe(fresh)
  expect(market.facts()).toBe(market.facts())
})

describe('a source that hangs', () => {
  test('delays no answer and no other source, and is not asked again meanwhile', async () => {
    const market = played.process()
    const release = played.server.hold('exchangerate_api')
    let ended = false
    const refreshed = market.refreshDue().then(() => {
      ended = true
    })
    const others = SOURCE_NAMES.filter((name) => name !== 'exchangerate_api')
    await until(() => others.every((name) => statusIn(market, name) === 'live'))
    expect(market.mid('EUR')).toMatchObject({ source: 'live', fiatPerUsd: parseRate('0.87398') })
    expect(ended).toBe(false)
    await until((stored) => stored === others.length)
    await played.pass(96_000)
    await until(() => {
      void market.refreshDue()
      return others.every((name) => played.server.of(name).length === 2)
    })
    release()
    await refreshed
    await market.stop()
    expect(market.facts().fx.fiat_per_usd.EUR).toBe('0.8742')
    expect(played.server.of('exchangerate_api')).toHaveLength(1)
  })

  test('is given up at the deadline', async () => {
    const market = played.process({ sources: played.only('circle_status'), deadlineMs: 50 })
    played.server.fault('circle_status', 'hang')
    await market.refreshDue()
    expect(reportOf(market, 'circle_status')).toEqual({
      name: 'circle_status',
      status: 'fallback',
      ageSeconds: null,
      failures: 1,
      failure: 'timeout',
      value: null,
    })
  })
})

test('refreshing never throws, even when asking breaks in a way that nobody foresaw', async () => {
  const market = played.process({
    fetch: async () => {
      throw new TypeError('https://api.example/v6/KEY/latest/USD is not a function')
    },
  })
  await market.refreshDue()
  expect(market.report().every(({ failures }) => failures === 1)).toBe(true)
  expect(played.lines).toHaveLength(SOURCE_NAMES.length)
  expect(JSON.stringify(played.lines)).not.toContain('KEY')
})

describe('in the background', () => {
  test('sources are asked once it starts, and again when another process left one unasked', async () => {
    const market = played.process({ clock: { now: Date.now } })
    await played.database.sql`
      insert into market_readings (source, held_until) values ('beaconchain', now() + interval '1 second')`
    market.start()
    try {
      await Promise.all(SOURCE_NAMES.map((name) => played.server.arrived(name, 1)))
    } finally {
      await market.stop()
    }
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length)
  })

  test('stopping waits until what is under way has been stored', async () => {
    const market = played.process({ sources: played.only('coingecko') })
    const release = played.server.hold('coingecko')
    market.start()
    await played.server.arrived('coingecko', 1)
    let ended = false
    const stopped = market.stop().then(() => {
      ended = true
    })
    await played.database.sql`select 1`
    expect(ended).toBe(false)
    release()
    await stopped
    const restarted = played.process()
    await restarted.warm()
    expect(statusIn(restarted, 'coingecko')).toBe('live')
  })
})

test('without sources all is the labelled sample, and neither a source nor the database is asked', async () => {
  const nowhere = openDatabase({ url: 'postgres://127.0.0.1:1/nowhere', max: 1 })
  let looks = 0
  const clock = {
    now: () => {
      looks++
      return played.clock.now()
    },
  }
  const market = played.process({ sources: [], sql: nowhere.sql, clock })
  await market.warm()
  await market.refreshDue()
  const before = looks
  market.start()
  for (let trips = 0; trips < 50; trips++) await played.database.sql`select 1`
  expect(looks).toBe(before)
  await market.stop()
  expect(market.mid('EUR')).toEqual({ fiatPerUsd: parseRate('0.92049'), source: 'fallback', doubts: [] })
  expect(market.facts().sources.map(({ status }) => status)).toEqual(SOURCE_NAMES.map(() => 'fallback'))
  expect(market.report()).toEqual([])
  expect(played.lines).toEqual([])
  expect(played.server.requests).toEqual([])
  await nowhere.close()
})

test('a source that is off is not asked, and what it would know is labelled as the sample', async () => {
  const market = played.process({ sources: played.only('frankfurter'), deadlineMs: DEADLINE_MS })
  await market.refreshDue()
  expect(played.server.requests.map(({ source }) => source)).toEqual(['frankfurter'])
  expect(market.mid('EUR').source).toBe('live')
  expect(market.facts().gas.base.source).toBe('fallback')
  expect(market.report().map(({ name }) => name)).toEqual(['frankfurter'])
})
