import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { MarketView } from '../../src/market/model.ts'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import { onMarket } from '../fees/program.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type MarketServer, startMarketServer } from '../support/market-server.ts'
import { type PlayedMarket, playMarket } from './played.ts'

const sourceIn = (view: MarketView, name: string) => view.sources.find((source) => source.name === name)

describe('GET /market on live data', () => {
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

  test('shows what each source said, exactly, and asks none of them', async () => {
    const before = server.requests.length
    const { status, body } = await harness.call('GET', '/market')
    expect([status, server.requests.length]).toEqual([200, before])
    expect(body.sources.map(({ name }: { name: string }) => name)).toEqual([...SOURCE_NAMES])
    expect(sourceIn(body, 'coingecko')).toMatchObject({
      status: 'live',
      failures: 0,
      failure: null,
      value: { ETH: '2486.47', SOL: '131.2', POL: '0.100652', USDC: '0.99987' },
    })
    expect(sourceIn(body, 'solana_rpc')?.value).toEqual({ micro_lamports: '6000' })
    expect(sourceIn(body, 'exchangerate_api')?.value).toMatchObject({ fiat_per_usd: { JPY: '156.4108' } })
    expect(body.fx).toMatchObject({ source: 'live', doubts: [], fiat_per_usd: { EUR: '0.8742', USD: '1' } })
    expect(body.usd).toEqual({ ETH: '2486.47', POL: '0.100652', SOL: '131.2', USDC: '0.99987' })
    expect(body.circle.ethereum).toBe('operational')
  })

  test('a transfer costs what a recommendation would charge for it, chain by chain', async () => {
    const { gas } = (await harness.call('GET', '/market')).body as MarketView
    const wish = { from_currency: 'USD', to_currency: 'EUR', amount: 5_000_000 }
    const { candidates } = (await harness.call('POST', '/fees/calculate', wish)).body
    expect(gas.map(({ chain, transfer_usd }) => [chain, transfer_usd])).toEqual(
      candidates.map(({ chain, gas_usd }: { chain: string; gas_usd: string }) => [chain, gas_usd]),
    )
    expect(gas.map(({ chain, price, usual, unit }) => [chain, price, usual, unit])).toEqual([
      ['base', '6012345', '100000000', 'wei'],
      ['polygon', '369900000000', '470960000000', 'wei'],
      ['arbitrum', '20100000', '50000000', 'wei'],
      ['solana', '6000', '100000', 'micro_lamports'],
      ['ethereum', '900000000', '2000000000', 'wei'],
    ])
  })
})

describe('a source', () => {
  let played: PlayedMarket
  beforeAll(async () => {
    played = await playMarket()
  })
  afterAll(() => played.stop())

  test('that fails keeps its last value, with its age, how often it failed and why', async () => {
    await played.reset()
    const market = played.process()
    await market.refreshDue()
    played.server.fault('coingecko', 'server_error')
    await played.pass(150_000)
    await market.refreshDue()
    played.tick(7_400)
    expect(sourceIn(market.view(), 'coingecko')).toMatchObject({
      status: 'cached',
      age_seconds: 157,
      failures: 1,
      failure: 'http_error',
      value: { ETH: '2486.47' },
    })
  })

  test('that is too old to be used still shows what it said last, while what is used is the sample', async () => {
    await played.reset()
    const market = played.process()
    await market.refreshDue()
    for (const name of SOURCE_NAMES) played.server.fault(name, 'server_error')
    played.tick(2 * 86_400_000)
    const view = market.view()
    expect(sourceIn(view, 'beaconchain')).toMatchObject({
      status: 'fallback',
      age_seconds: 172_800,
      value: { wei: '900000000' },
    })
    expect(view.gas.find(({ chain }) => chain === 'ethereum')).toMatchObject({ source: 'fallback' })
  })

  test('that another process asked is shown as it was said, without the mark of the request', async () => {
    await played.reset()
    const [asking, other] = [played.process(), played.process()]
    await asking.refreshDue()
    await other.warm()
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length)
    const values = (view: MarketView) => view.sources.map(({ name, value }) => [name, value])
    expect(values(other.view())).toEqual(values(asking.view()))
    expect(Value.Check(MarketView, other.view())).toBe(true)
  })

  test('that is not asked is a fallback that never said anything', async () => {
    const nobody = { status: 'fallback', age_seconds: null, failures: 0, failure: null, value: null } as const
    expect(played.process({ sources: [] }).view().sources).toEqual(
      SOURCE_NAMES.map((name) => ({ name, ...nobody })),
    )
  })
})
