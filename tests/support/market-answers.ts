import type { SourceName } from '../../src/market/source.ts'
import type { GasSource, MarketState } from './market-state.ts'

/** A number that JSON shows exactly as this text, which a float could not. The library has no type for it yet. */
const number = (text: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)

/** What a played source is asked. */
export interface Asked {
  state: MarketState
  url: URL
  headers: Record<string, string>
  body: string
  /** Epoch milliseconds as of which it answers. */
  at: number
}

const seconds = (ms: number) => Math.floor(ms / 1000)
const picked = (from: Record<string, string>, wanted: string | null): [string, unknown][] =>
  Object.entries(from)
    .filter(([code]) => wanted === null || wanted.split(',').includes(code))
    .map(([code, rate]) => [code, number(rate)])

const exchangerateApi = ({ state, url, headers, at }: Asked): unknown => {
  const rates = { USD: 1, ...Object.fromEntries(picked(state.mids.exchangerate_api, null)) }
  const base = 'https://www.exchangerate-api.com'
  if (url.pathname === '/v4/latest/USD')
    return {
      provider: base,
      WARNING_UPGRADE_TO_V6: `${base}/docs/free`,
      terms: `${base}/terms`,
      base: 'USD',
      date: new Date(at).toISOString().slice(0, 10),
      time_last_updated: seconds(at),
      rates,
    }
  const header = {
    result: 'success',
    documentation: `${base}/docs`,
    terms_of_use: `${base}/terms`,
    time_last_update_unix: seconds(at) - 6 * 3600,
    time_last_update_utc: new Date(at - 6 * 3_600_000).toUTCString().replace('GMT', '+0000'),
    time_next_update_unix: seconds(at) + 18 * 3600,
    time_next_update_utc: new Date(at + 18 * 3_600_000).toUTCString().replace('GMT', '+0000'),
    base_code: 'USD',
  }
  // The key stands in the path or in a header.
  if (/^\/v6\/\w+\/latest\/USD$/.test(url.pathname) || headers.authorization)
    return { ...header, conversion_rates: rates }
  return url.pathname === '/v6/latest/USD'
    ? { ...header, provider: base, time_eol_unix: state.endsAt, rates }
    : undefined
}

const frankfurter = ({ state, url, at }: Asked): unknown => {
  const date = new Date(at).toISOString().slice(0, 10)
  const base = url.searchParams.get('base') ?? 'EUR'
  const { frankfurter: mids } = state.mids
  if (url.pathname === '/v1/latest')
    return {
      amount: number('1.0'),
      base,
      date,
      rates: Object.fromEntries(picked(mids, url.searchParams.get('symbols'))),
    }
  if (url.pathname !== '/v2/rates') return undefined
  return picked(mids, url.searchParams.get('quotes')).map(([quote, rate]) => ({ date, base, quote, rate }))
}

const beaconchain = ({ state, at }: Asked): unknown => {
  if (state.gas.beaconchain === null) return { status: 'ERROR: could not retrieve data', data: null }
  const standard = BigInt(state.gas.beaconchain)
  return {
    code: 200,
    data: {
      rapid: number(`${standard * 3n}`),
      fast: number(`${(standard * 13n) / 9n}`),
      standard: number(`${standard}`),
      slow: number(`${(standard * 5n) / 8n}`),
      timestamp: at,
      price: number(state.prices.ETH),
      priceUSD: number(state.prices.ETH),
      currency: 'USD',
    },
  }
}

type Blockscout = Exclude<GasSource, 'beaconchain'>

const CHAIN_IDS: Record<Blockscout, number> = {
  blockscout_base: 8453,
  blockscout_polygon: 137,
  blockscout_arbitrum: 42_161,
}

const blockscout = (name: Blockscout, { state, headers, at }: Asked): unknown => {
  const wei = state.gas[name]
  const tier = (wei: bigint): unknown => {
    // The plain number is rounded to hundredths of a gwei, as the real one is.
    const hundredths = ((wei + 5_000_000n) / 10_000_000n).toString().padStart(3, '0')
    const price = number(`${hundredths.slice(0, -2)}.${hundredths.slice(-2)}`)
    if (headers['updated-gas-oracle'] !== 'true') return price
    return {
      price,
      time: number('2005.3'),
      base_fee: number('0.0'),
      priority_fee: number('0.0'),
      fiat_price: '0.00',
      wei: `${wei}`,
      priority_fee_wei: '1000000',
    }
  }
  const tiers = (wei: bigint) => ({ slow: tier((wei * 4n) / 5n), average: tier(wei), fast: tier(wei * 2n) })
  return {
    average_block_time: number('2000.0'),
    coin_image: 'https://assets.example/coin.png',
    coin_price: name === 'blockscout_polygon' ? state.prices.POL : state.prices.ETH,
    coin_price_change_percentage: null,
    // Microseconds, as Elixir writes them.
    gas_price_updated_at: new Date(at).toISOString().replace('Z', '101Z'),
    gas_prices: wei === null ? null : tiers(BigInt(wei)),
    gas_prices_update_in: 18_461,
    gas_used_today: '216713915844',
    static_gas_price: null,
    total_blocks: '26156417',
    tvl: null,
  }
}

const solana = ({ state, body }: Asked): unknown => {
  const { id = null, method, params } = JSON.parse(body) as { id?: number; method: string; params: unknown }
  const knows = method === 'getRecentPrioritizationFees' && Array.isArray(params)
  if (!knows) return { jsonrpc: '2.0', error: { code: -32_601, message: 'Method not found' }, id }
  const result = state.priorityFees.map((fee, i) => ({ slot: 348_125 + i, prioritizationFee: number(fee) }))
  return { jsonrpc: '2.0', result, id }
}

const circleStatus = ({ state, url, at }: Asked): unknown => {
  const page = {
    id: 'kctbh9vrtdwd',
    name: 'Circle',
    url: 'https://status.circle.com',
    time_zone: 'Etc/UTC',
    updated_at: new Date(at).toISOString(),
  }
  const components = Object.entries(state.circle).map(([name, status], i) => ({
    id: `c${i}`,
    name,
    status,
    created_at: '2024-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    position: i,
    description: null,
    showcase: false,
    start_date: null,
    group_id: null,
    page_id: page.id,
    group: false,
    only_show_if_degraded: false,
  }))
  const status = { indicator: state.indicator, description: 'In words' }
  const answers: Record<string, unknown> = {
    '/api/v2/summary.json': { page, components, incidents: [], scheduled_maintenances: [], status },
    '/api/v2/components.json': { page, components },
    '/api/v2/status.json': { page, status },
  }
  return answers[url.pathname]
}

const coingecko = ({ state, url, at }: Asked): unknown => {
  const { ETH, SOL, POL, USDC } = state.prices
  const usd = { ethereum: ETH, solana: SOL, 'polygon-ecosystem-token': POL, 'usd-coin': USDC }
  const dated = url.searchParams.get('include_last_updated_at') === 'true'
  return Object.fromEntries(
    picked(usd, url.searchParams.get('ids') ?? '').map(([id, price]) => [
      id,
      { usd: price, ...(dated ? { last_updated_at: seconds(at) } : {}) },
    ]),
  )
}

interface Played {
  method: 'GET' | 'POST'
  path: RegExp
  /** Undefined where it answers 404. */
  answer(asked: Asked): unknown
}

const playedBlockscout = (name: Blockscout): Played => ({
  method: 'GET',
  path: new RegExp(`^(/${CHAIN_IDS[name]})?/api/v2/stats$`),
  answer: (asked) => blockscout(name, asked),
})

/** Each source by its documentation: where it is asked and what it answers. */
export const PLAYED: Record<SourceName, Played> = {
  exchangerate_api: { method: 'GET', path: /^\/v[46]\//, answer: exchangerateApi },
  frankfurter: { method: 'GET', path: /^\/v[12]\//, answer: frankfurter },
  beaconchain: { method: 'GET', path: /^\/api\/v1\/execution\/gasnow$/, answer: beaconchain },
  blockscout_base: playedBlockscout('blockscout_base'),
  blockscout_polygon: playedBlockscout('blockscout_polygon'),
  blockscout_arbitrum: playedBlockscout('blockscout_arbitrum'),
  solana_rpc: { method: 'POST', path: /^\/$/, answer: solana },
  circle_status: { method: 'GET', path: /^\/api\/v2\/\w+\.json$/, answer: circleStatus },
  coingecko: { method: 'GET', path: /^\/api\/v3\/simple\/price$/, answer: coingecko },
}
