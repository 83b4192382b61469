import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import postgres from 'postgres'
import { SOURCE_NAMES, type SourceName } from '../../src/market/source.ts'
import { createSources } from '../../src/market/sources/index.ts'
import { claimReadings, failReading, keepReading } from '../../src/market/store.ts'
import { calmMarket } from '../support/market-state.ts'
import { DEADLINE_MS, type PlayedMarket, playMarket, reportOf, statusIn } from './played.ts'

let played: PlayedMarket
beforeAll(async () => {
  played = await playMarket()
})
beforeEach(() => played.reset())
afterAll(() => played.stop())

const SECOND = 1_000
const REFRESH = 96 * SECOND
const HOLD = DEADLINE_MS + 2 * SECOND

const ask = (names: readonly SourceName[], known = { seen: null as number | null, readable: true }) =>
  claimReadings(
    played.database.sql,
    names.map((source) => ({ source, ...known })),
    HOLD,
    REFRESH,
  )

describe('several processes on one database', () => {
  test('ask each source once between them, and all have its value', async () => {
    const processes = Array.from({ length: 5 }, () => played.process())
    await Promise.all(processes.map((market) => market.refreshDue()))
    await played.pass(HOLD + SECOND)
    await Promise.all(processes.map((market) => market.refreshDue()))
    expect(played.server.requests.map(({ source }) => source).sort()).toEqual([...SOURCE_NAMES].sort())
    for (const market of processes) {
      expect(SOURCE_NAMES.map((name) => statusIn(market, name))).toEqual(SOURCE_NAMES.map(() => 'live'))
      expect(market.facts().gas).toEqual(processes[0]?.facts().gas ?? market.facts().gas)
      expect(reportOf(market, 'beaconchain')?.ageSeconds).toBeGreaterThanOrEqual(HOLD / SECOND)
    }
  })

  test('share a failure: none asks a source that has just failed another', async () => {
    const [first, second] = [played.process(), played.process()]
    played.server.fault('coingecko', 'server_error')
    await first.refreshDue()
    await second.refreshDue()
    expect(played.server.of('coingecko')).toHaveLength(1)
    expect(reportOf(second, 'coingecko')).toMatchObject({ failures: 1, failure: 'http_error' })
    // The second carries on counting where the first stopped.
    await played.pass(30 * SECOND)
    await second.refreshDue()
    await played.pass(59 * SECOND)
    await first.refreshDue()
    expect(played.server.of('coingecko')).toHaveLength(2)
    expect(played.lines.filter(({ level }) => level === 40)).toHaveLength(1)
  })

  test('ask at last what one of them was asking when it died', async () => {
    await ask(['beaconchain'])
    const market = played.process()
    await market.refreshDue()
    expect(played.server.of('beaconchain')).toHaveLength(0)
    await played.pass(HOLD)
    await market.refreshDue()
    expect(played.server.of('beaconchain')).toHaveLength(1)
    expect(statusIn(market, 'beaconchain')).toBe('live')
  })

  test('claim all that is due in any order at the same time without blocking each other, each once', async () => {
    const shuffled = Array.from({ length: 400 }, (_, i) => [
      ...SOURCE_NAMES.slice(i % SOURCE_NAMES.length),
      ...SOURCE_NAMES.slice(0, i % SOURCE_NAMES.length),
    ])
    const answers = await Promise.all(shuffled.map((names) => ask(names)))
    expect(answers.every((claims) => claims.length === SOURCE_NAMES.length)).toBe(true)
    const claimed = answers.flat().filter((claim) => claim.claimed)
    expect(claimed.map(({ source }) => source).sort()).toEqual([...SOURCE_NAMES].sort())
  })

  test('learn from a claim they do not get when to look again', async () => {
    await ask(['frankfurter'])
    const [held] = await ask(['frankfurter'])
    expect(held).toMatchObject({ claimed: false, value: null, stored_at: null })
    expect(held?.wait_ms).toBeGreaterThan(0)
    expect(held?.wait_ms).toBeLessThanOrEqual(HOLD)
    const seen = await keepReading(played.database.sql, 'frankfurter', 'asked', {})
    const [fresh] = await ask(['frankfurter'])
    expect(fresh).toMatchObject({ claimed: false, stored_at: seen, failures: 0 })
    expect(fresh?.wait_ms).toBeGreaterThan(HOLD)
    expect(fresh?.wait_ms).toBeLessThanOrEqual(REFRESH)
    const unreadable = { seen, readable: false }
    expect(await ask(['frankfurter'], unreadable)).toMatchObject([{ claimed: true }])
    const [taken] = await ask(['frankfurter'], unreadable)
    expect(taken?.claimed).toBe(false)
    expect(taken?.wait_ms).toBeLessThanOrEqual(HOLD)
  })
})

test('a process that did not get a claim leaves the database in peace until the other one must be done', async () => {
  const market = played.process({ sources: played.only('beaconchain') })
  await ask(['beaconchain'])
  await market.refreshDue()
  await played.database.sql`truncate market_readings`
  played.tick(HOLD - 2 * SECOND)
  await market.refreshDue()
  expect(played.server.requests).toHaveLength(0)
  played.tick(2 * SECOND)
  await market.refreshDue()
  expect(played.server.requests).toHaveLength(1)
})

test('a stored value that is older than the one in memory replaces it never', async () => {
  const market = played.process({ sources: played.only('solana_rpc') })
  await market.refreshDue()
  await played.database.sql`
    update market_readings set value = '{"micro_lamports": "7777"}'::text::jsonb,
      fetched_at = now() - ${REFRESH + SECOND} * interval '1 millisecond', held_until = now() + interval '1 minute'`
  played.tick(REFRESH)
  await market.refreshDue()
  expect(market.facts().gas.solana.price).toBe('6000')
  expect(statusIn(market, 'solana_rpc')).toBe('live')
})

describe('a restart', () => {
  test('begins with what was known, as old as it is, without a request', async () => {
    await played.process().refreshDue()
    await played.pass(60 * SECOND)
    const market = played.process()
    expect(market.mid('EUR').source).toBe('fallback')
    await market.warm()
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length)
    expect(SOURCE_NAMES.map((name) => statusIn(market, name))).toEqual(SOURCE_NAMES.map(() => 'live'))
    expect(reportOf(market, 'exchangerate_api')?.ageSeconds).toBeGreaterThanOrEqual(60)
    expect(market.facts().fx.fiat_per_usd.EUR).toBe(calmMarket().mids.exchangerate_api.EUR ?? '')
    await played.pass(60 * SECOND)
    expect(market.mid('EUR').source).toBe('cached')
  })

  test('does without sources that are down, and labels what it has', async () => {
    await played.process().refreshDue()
    await played.pass(3600 * SECOND)
    for (const name of SOURCE_NAMES) played.server.fault(name, 'server_error')
    const market = played.process()
    await market.warm()
    await market.refreshDue()
    expect(market.mid('JPY')).toMatchObject({ source: 'cached', fiatPerUsd: 1_564_108_000_000n })
    expect(market.facts().gas.polygon).toMatchObject({ price: '369900000000', source: 'cached' })
  })

  test('takes the answer to another request for none, and asks again although it is fresh', async () => {
    await played.process().refreshDue()
    const urls = { ...played.server.urls, exchangerate_api: `${played.server.urls.exchangerate_api}?other` }
    const market = played.process({ sources: createSources({ urls }) })
    await market.warm()
    expect(statusIn(market, 'exchangerate_api')).toBe('fallback')
    expect(statusIn(market, 'coingecko')).toBe('live')
    await market.refreshDue()
    expect(statusIn(market, 'exchangerate_api')).toBe('live')
    expect(played.server.of('exchangerate_api')).toHaveLength(2)
    expect(played.server.of('coingecko')).toHaveLength(1)
  })

  test('takes a reading of another shape for none, says so, and asks again although it is fresh', async () => {
    await played.process().refreshDue()
    await played.database.sql`
      update market_readings set value = '{"gwei": 0.9}'::text::jsonb where source = 'beaconchain'`
    const market = played.process()
    await market.warm()
    expect(statusIn(market, 'beaconchain')).toBe('fallback')
    expect(statusIn(market, 'coingecko')).toBe('live')
    expect(played.lines).toMatchObject([{ level: 40, source: 'beaconchain' }])
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length + 1)
    expect(market.facts().gas.ethereum.price).toBe('900000000')
    expect(statusIn(market, 'beaconchain')).toBe('live')
  })

  test('finds out about a reading of another shape as well when it first wants to refresh it', async () => {
    await keepReading(played.database.sql, 'beaconchain', 'asked', { gwei: 0.9 })
    const market = played.process({ sources: played.only('beaconchain') })
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(0)
    played.tick(SECOND)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(1)
    expect(statusIn(market, 'beaconchain')).toBe('live')
  })

  test('does not ask around a rest or another process because it cannot read what is stored', async () => {
    await keepReading(played.database.sql, 'beaconchain', 'asked', { gwei: 0.9 })
    await failReading(played.database.sql, 'beaconchain', 'rate_limited', 600 * SECOND)
    const market = played.process({ sources: played.only('beaconchain') })
    await market.warm()
    await market.refreshDue()
    await played.pass(500 * SECOND)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(0)
  })

  test('takes up only what it knows, whatever else is stored', async () => {
    await played.database.sql`
      insert into market_readings (source, value, fetched_at)
      select 'source_' || n, '{}'::text::jsonb, now() from generate_series(1, 1000) as n`
    const market = played.process()
    await market.warm()
    expect(market.report().map(({ name }) => name)).toEqual([...SOURCE_NAMES])
    expect(market.facts().sources.map(({ name }) => name)).toEqual([...SOURCE_NAMES])
  })
})

describe('what a source publishes', () => {
  const mids = { ...calmMarket().mids.frankfurter, USD: '1' }
  const recorded = () =>
    played.database.sql<{ currency: string; source: string; published: string; mid: string }[]>`
      select currency, source, (extract(epoch from published_at) * 1000)::bigint as published,
        trim_scale(fiat_per_usd)::text as mid
      from market_mids order by published_at, currency`

  test('is recorded once and exactly for all currencies, however often it is fetched', async () => {
    const value = { published_at: 1_795_305_751_000, fiat_per_usd: { ...mids, EUR: '0.8739812345' } }
    await keepReading(played.database.sql, 'frankfurter', 'asked', value)
    await keepReading(played.database.sql, 'frankfurter', 'asked', value)
    const rows = await recorded()
    expect(rows.map(({ currency, mid }) => [currency, mid])).toEqual(
      Object.entries(value.fiat_per_usd).sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    expect(new Set(rows.map(({ published }) => published))).toEqual(new Set(['1795305751000']))
    await keepReading(played.database.sql, 'frankfurter', 'asked', {
      ...value,
      published_at: 1_795_392_151_000,
    })
    expect(await recorded()).toHaveLength(2 * rows.length)
  })

  test('is recorded for both exchange rate sources and for no other', async () => {
    await played.process().refreshDue()
    const rows = await recorded()
    expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['exchangerate_api', 'frankfurter']))
    expect(rows).toHaveLength(2 * Object.keys(mids).length)
  })
})

describe('while the database is away', () => {
  const admin = postgres(process.env.TEST_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  afterAll(() => admin.end())

  const name = () => new URL(played.database.url).pathname.slice(1)
  const goAway = async () => {
    await admin.unsafe(`alter database ${name()} allow_connections false`)
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name()}`
  }
  const comeBack = async () => {
    await admin.unsafe(`alter database ${name()} allow_connections true`)
    // Until the pool has noticed all of its connections that are gone.
    const answers = () => Promise.all(Array.from({ length: 20 }, () => played.database.sql`select 1`))
    while (!(await answers().catch(() => false)));
  }

  test('what is in memory is served on, nobody is asked, and the log tells of it once', async () => {
    const market = played.process()
    await market.refreshDue()
    const { requests } = played.server
    await goAway()
    try {
      for (let tries = 0; tries < 3; tries++) {
        played.tick(REFRESH)
        await market.refreshDue()
      }
      expect(requests).toHaveLength(SOURCE_NAMES.length)
      expect(market.mid('EUR')).toMatchObject({ source: 'cached', fiatPerUsd: 8_742_000_000n })
      expect(played.lines).toMatchObject([{ level: 40 }])
    } finally {
      await comeBack()
    }
    await played.pass(REFRESH)
    while (market.mid('EUR').source !== 'live') {
      played.tick(5 * SECOND)
      await market.refreshDue()
    }
    expect(requests).toHaveLength(2 * SOURCE_NAMES.length)
    expect(played.lines).toMatchObject([{ level: 40 }, { level: 30 }])
  })

  test('an answer that cannot be stored is used all the same', async () => {
    const market = played.process({ sources: played.only('beaconchain') })
    const release = played.server.hold('beaconchain')
    const refreshed = market.refreshDue()
    await played.server.arrived('beaconchain', 1)
    await goAway()
    try {
      release()
      await refreshed
      expect(market.facts().gas.ethereum.price).toBe('900000000')
      expect(statusIn(market, 'beaconchain')).toBe('live')
    } finally {
      await comeBack()
    }
  })
})
