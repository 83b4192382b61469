import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { randomIds } from '../../src/core/ids.ts'
import { readFleet } from '../../src/fleet.ts'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import { createServices } from '../../src/services.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type MarketServer, startMarketServer } from '../support/market-server.ts'
import { onMarket } from './program.ts'

const QUOTE = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }

describe('the whole program on live market data', () => {
  let server: MarketServer
  let harness: Harness
  beforeAll(async () => {
    server = startMarketServer()
    harness = await startHarness({ env: onMarket(server) })
    await harness.services.market.refreshDue()
  })
  afterAll(async () => {
    await harness.stop()
    await server.stop()
  })

  test('the live mid feeds the quotes, and they say so', async () => {
    const { body } = await harness.call('POST', '/quotes', QUOTE)
    expect(body).toMatchObject({ exchange_rate: 0.8742, rate_source: 'live', market_buffer_bps: 0 })
    // floor(95275 x 0.8742)
    expect(body.guaranteed_payout).toBe(83_289)
  })

  test('a recommendation prices each chain on its own live gas', async () => {
    const { body } = await harness.call('POST', '/fees/calculate', { ...QUOTE, amount: 5_000_000 })
    const gas = Object.fromEntries(
      body.candidates.map(({ chain, gas_usd }: { chain: string; gas_usd: string }) => [chain, gas_usd]),
    )
    expect(gas).toEqual({
      // 65000 gas x wei x USD for one of the chain's own coins
      base: '0.00097171850568975',
      polygon: '0.00242002636200'.replace(/0+$/, ''),
      arbitrum: '0.003248573055',
      ethereum: '0.145458495',
      // (5000 + 6) lamports x 131.2: 6000 micro-lamports a unit are the upper quartile of the non-zero fees
      solana: '0.0006567872',
    })
    expect(body.market.every(({ status }: { status: string }) => status === 'live')).toBe(true)
  })

  test('each source was asked once, in its documented way', () => {
    expect(server.requests.map(({ source, method }) => `${method} ${source}`).sort()).toEqual([
      'GET beaconchain',
      'GET blockscout_arbitrum',
      'GET blockscout_base',
      'GET blockscout_polygon',
      'GET circle_status',
      'GET coingecko',
      'GET exchangerate_api',
      'GET frankfurter',
      'POST solana_rpc',
    ])
  })
})

describe('trouble with a source', () => {
  const withServer = async (
    prepare: (server: MarketServer) => void,
    work: (harness: Harness, server: MarketServer) => Promise<void>,
    env: Record<string, string> = {},
  ) => {
    const server = startMarketServer()
    prepare(server)
    const harness = await startHarness({ env: { ...onMarket(server), ...env } })
    try {
      await work(harness, server)
    } finally {
      await server.stop()
      await harness.stop()
    }
  }

  test('one that hangs delays no request: the rest is live, its own value a labelled sample', () =>
    withServer(
      (server) => void server.hold('beaconchain'),
      async (harness, server) => {
        const refreshed = harness.services.market.refreshDue()
        await server.arrived('beaconchain', 1)
        const others = () => harness.services.market.report().filter(({ status }) => status === 'live')
        while (others().length < 8) await harness.call('POST', '/fees/calculate', QUOTE)
        const { status, body } = await harness.call('POST', '/fees/calculate', QUOTE)
        expect(status).toBe(200)
        expect(body.market.find(({ source }: { source: string }) => source === 'beaconchain')).toEqual({
          source: 'beaconchain',
          status: 'fallback',
          age_seconds: null,
        })
        expect((await harness.call('POST', '/quotes', QUOTE)).body.rate_source).toBe('live')
        server.reset()
        await refreshed
      },
    ))

  test('all out: quotes are made of sample rates and say so, fees come from the rules', () =>
    withServer(
      (server) => {
        for (const name of SOURCE_NAMES) server.fault(name, 'server_error')
      },
      async (harness) => {
        await harness.services.market.refreshDue()
        expect((await harness.call('POST', '/quotes', QUOTE)).body).toMatchObject({
          rate_source: 'fallback',
          exchange_rate: 0.92049,
        })
        const { body } = await harness.call('POST', '/fees/calculate', QUOTE)
        expect(body).toMatchObject({ total_fee: 3200, source: 'rules', confidence_score: 0.75 })
        expect(body.risk_factors).toContain('No live exchange rate: sample values')
      },
    ))

  const disagreeing = (server: MarketServer) => {
    server.market.mids.frankfurter.EUR = '0.8601'
  }

  test('sources that disagree lower the rate by the buffer, and the quote shows it', () =>
    withServer(disagreeing, async (harness) => {
      await harness.services.market.refreshDue()
      expect((await harness.call('POST', '/quotes', QUOTE)).body).toMatchObject({
        exchange_rate: 0.865458,
        market_buffer_bps: 100,
      })
      // Another currency is not doubted for it.
      const pounds = await harness.call('POST', '/quotes', { ...QUOTE, to_currency: 'GBP' })
      expect(pounds.body.market_buffer_bps).toBe(0)
    }))

  test('or refuse it, as configured, and say when to ask again', () =>
    withServer(
      disagreeing,
      async (harness) => {
        await harness.services.market.refreshDue()
        const { status, headers, body } = await harness.call('POST', '/quotes', QUOTE)
        expect([status, body.error, headers.get('retry-after')]).toEqual([503, 'RATE_UNAVAILABLE', '30'])
      },
      { FX_DOUBT: 'refuse' },
    ))

  test('a chain that went out after it was recommended is not locked any more, nor taken by a plain quote', () =>
    withServer(
      () => {},
      async (harness, server) => {
        await harness.services.market.refreshDue()
        const { body } = await harness.call('POST', '/fees/calculate', QUOTE)
        expect(body.recommended_provider.chain).toBe('base')
        server.market.circle['USDC on Base'] = 'major_outage'
        // Another process of the same database, which asks at once.
        await harness.database.sql`truncate market_readings`
        const { config, database, boss } = harness
        const log = createLogger({ level: 'silent', pretty: false })
        const later = createServices({
          ...{ config, database, boss, log, fleet: await readFleet(config) },
          clock: systemClock,
          ids: randomIds,
        })
        await later.market.refreshDue()
        const { recommendation_id } = body
        const locked = later.quotes.create('demo', { ...QUOTE, recommendation_id })
        await expect(locked).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
        const plain = await later.quotes.create('demo', QUOTE)
        expect(plain.route.chain).not.toBe('base')
      },
    ))

  test('USDC away from one dollar is a doubt about every rate', () =>
    withServer(
      (server) => {
        server.market.prices.USDC = '0.9949'
      },
      async (harness) => {
        await harness.services.market.refreshDue()
        const { body } = await harness.call('POST', '/quotes', { ...QUOTE, to_currency: 'JPY' })
        expect(body.market_buffer_bps).toBe(100)
        const fees = await harness.call('POST', '/fees/calculate', QUOTE)
        expect(fees.body.risk_factors).toContain('USDC trades away from one US dollar')
      },
    ))
})
