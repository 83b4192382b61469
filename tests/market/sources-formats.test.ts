import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { createAsker } from '../support/market-asker.ts'
import { startMarketServer } from '../support/market-server.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

const server = startMarketServer({ now: () => NOW })
const { value, failure } = createAsker(server, NOW)
afterEach(() => server.reset())
afterAll(() => server.stop())

/** The answer with one part of its text replaced, which must be there. */
const replace = (part: string | RegExp, by: string) => (good: string) => {
  const changed = good.replace(part, by)
  if (changed === good) throw new Error(`nothing like ${part} in ${good}`)
  return changed
}

describe('exchangerate-api', () => {
  test('with a key, in the path or in a header, answers the same under another name', async () => {
    const open = await value('exchangerate_api')
    expect(await value('exchangerate_api', { path: '/v6/abc123/latest/USD' })).toEqual(open)
    expect(await value('exchangerate_api', { keys: { exchangerateApi: 'abc123' } })).toEqual(open)
  })

  test('in v4 is refused, because two decimals are no rate for a quote', async () => {
    const [reason, message] = await failure('exchangerate_api', { path: '/v4/latest/USD' })
    expect(reason).toBe('unexpected_shape')
    expect(message).toBe(
      'exchangerate_api answered in the shape of v4, whose two to three decimals are not enough for a quote: use v6',
    )
  })

  test('passes on when it will end', async () => {
    server.market.endsAt = 1_830_000_000
    expect(await value('exchangerate_api')).toMatchObject({ ends_at: 1_830_000_000_000 })
  })

  test.each([
    ['{"result":"error","error-type":"quota-reached"}', 'refused to answer: quota-reached'],
    ['{"result":"error","error-type":"invalid-key"}', 'refused to answer: invalid-key'],
    [
      '{"result":"error","error-type":"<b>pay here</b>"}',
      'refused to answer for a reason that is not documented',
    ],
    ['{"result":"error"}', 'refused to answer for a reason that is not documented'],
  ])('%s is a refusal, told in documented words alone', async (text, says) => {
    server.override('exchangerate_api', () => text)
    expect(await failure('exchangerate_api')).toEqual(['refused', `exchangerate_api ${says}`])
  })
})

describe.each(['exchangerate_api', 'frankfurter'] as const)('%s', (name) => {
  test('must have every currency that can be quoted, and is told which it lacks', async () => {
    delete server.market.mids[name].MXN
    delete server.market.mids[name].CHF
    expect(await failure(name)).toEqual(['unexpected_shape', `${name} has no rate for CHF, MXN`])
  })

  test('must be about US dollars', async () => {
    server.override(name, replace(/("base(_code)?":)"USD"/, '$1"EUR"'))
    expect(await failure(name)).toEqual([
      'unexpected_shape',
      `${name} answered with rates for another base than USD`,
    ])
  })

  test.each(['0', '-0.8742', '0.0000000000001', '87.42', '2.77', '0.30'])(
    'an EUR of %s to the dollar is absurd',
    async (rate) => {
      server.market.mids[name].EUR = rate
      expect(await failure(name)).toEqual(['absurd', `${name} answered with an absurd rate for EUR`])
    },
  )

  test.each(['null', '"n/a"', 'true', '{}', '[0.87]'])('an EUR of %s is no rate', async (rate) => {
    server.override(name, replace(/"EUR":[\d.]+/, `"EUR":${rate}`))
    expect(await failure(name)).toEqual([
      'unexpected_shape',
      `${name} answered in another shape than documented, at /rates/EUR`,
    ])
  })
})

test('a dollar that is not one dollar makes all of exchangerate-api absurd', async () => {
  server.override('exchangerate_api', replace('"USD":1,', '"USD":1.14,'))
  expect(await failure('exchangerate_api')).toEqual([
    'absurd',
    'exchangerate_api answered with an absurd rate for USD',
  ])
})

describe('Frankfurter', () => {
  const path = '/v2/rates?base=USD&quotes=AUD,BRL,CAD,CHF,EUR,GBP,JPY,MXN,SGD,USD&providers=ECB'

  test('in v2 answers the same in rows', async () => {
    expect(await value('frankfurter', { path })).toEqual(await value('frankfurter'))
  })

  test('in v2 is as old as its oldest row', async () => {
    server.override(
      'frankfurter',
      replace('"2026-11-23","base":"USD","quote":"JPY"', '"2026-11-19","base":"USD","quote":"JPY"'),
    )
    expect(await value('frankfurter', { path })).toMatchObject({ published_at: Date.UTC(2026, 10, 19) })
    server.override(
      'frankfurter',
      replace('"2026-11-23","base":"USD","quote":"JPY"', '"2026-11-16","base":"USD","quote":"JPY"'),
    )
    expect((await failure('frankfurter', { path }))[0]).toBe('stale')
  })

  test('in v2 must be about US dollars in every row, and have every currency', async () => {
    server.override('frankfurter', replace('"base":"USD","quote":"GBP"', '"base":"EUR","quote":"GBP"'))
    expect((await failure('frankfurter', { path }))[0]).toBe('unexpected_shape')
    server.override('frankfurter', () => '[]')
    expect((await failure('frankfurter', { path }))[0]).toBe('empty')
    server.override('frankfurter', null)
    delete server.market.mids.frankfurter.SGD
    expect((await failure('frankfurter', { path }))[1]).toBe('frankfurter has no rate for SGD')
  })

  test('with rates for a hundred dollars is not taken for rates of one', async () => {
    server.override('frankfurter', replace('"amount":1.0', '"amount":100.0'))
    expect((await failure('frankfurter'))[0]).toBe('unexpected_shape')
  })

  test('with a date of no calendar has no date', async () => {
    server.override('frankfurter', replace('2026-11-23', '2026-13-45'))
    expect((await failure('frankfurter'))[0]).toBe('unexpected_shape')
  })
})

describe('beaconcha.in', () => {
  test.each(['{"status":"ERROR: invalid key","data":null}', '{"code":429,"data":{"standard":1}}'])(
    '%s is a refusal',
    async (text) => {
      server.override('beaconchain', () => text)
      expect(await failure('beaconchain')).toEqual(['refused', 'beaconchain refused to answer'])
    },
  )

  test.each(['0', '-1', '5000000000001'])('%s wei are absurd', async (wei) => {
    server.market.gas.beaconchain = wei
    expect((await failure('beaconchain'))[0]).toBe('absurd')
  })
})

describe.each(['blockscout_base', 'blockscout_polygon', 'blockscout_arbitrum'] as const)('%s', (name) => {
  const plain = (average: string) => `{"slow":${average},"average":${average},"fast":${average}}`
  const prices = (text: string) =>
    replace(/"gas_prices":\{.*\},"gas_prices_update_in"/, `"gas_prices":${text},"gas_prices_update_in"`)

  test('is asked for wei, of which the plain numbers keep too little', async () => {
    await value(name)
    expect(server.of(name)[0]?.headers).toMatchObject({ 'updated-gas-oracle': 'true' })
  })

  test('in the older format is gwei, exactly', async () => {
    server.override(name, prices(plain('369.9')))
    expect(await value(name)).toMatchObject({ wei: '369900000000', slow_wei: '369900000000' })
    server.override(name, prices(plain('0.01')))
    expect(await value(name)).toMatchObject({ wei: '10000000' })
    server.override(name, prices(plain('{"price":0.57,"time":null}')))
    expect(await value(name)).toMatchObject({ wei: '570000000' })
  })

  test('with a price of zero means less than it can show, never free', async () => {
    const floor = name === 'blockscout_polygon' ? '25000000000' : '5000000'
    for (const zero of ['0.0', '0', '{"price":0.0}', '{"wei":"0"}']) {
      server.override(name, prices(plain(zero)))
      expect(await value(name)).toMatchObject({ wei: floor, slow_wei: floor, fast_wei: floor })
    }
  })

  test('without an average has nothing, without the other tiers it has less', async () => {
    server.override(name, prices('{"slow":0.5,"average":null,"fast":0.9}'))
    expect((await failure(name))[0]).toBe('empty')
    server.override(
      name,
      prices('{"slow":null,"average":{"wei":"700000000"},"fast":{"wei":null,"price":null}}'),
    )
    const given = await value(name)
    expect(given.wei).toBe('700000000')
    expect(given).not.toHaveProperty('slow_wei')
    expect(given).not.toHaveProperty('fast_wei')
  })

  test('may be silent about its coin and about when it looked', async () => {
    server.override(name, (good) =>
      good
        .replace(/"coin_price":"[^"]+"/, '"coin_price":null')
        .replace(/"gas_price_updated_at":"[^"]+"/, '"gas_price_updated_at":null'),
    )
    expect(await value(name)).toMatchObject({ coin_usd: null, at: null })
  })

  test('prices the coin that its own gas is paid in', async () => {
    const coin = name === 'blockscout_polygon' ? 'POL' : 'ETH'
    server.market.prices[coin] = '99.5'
    expect(await value(name)).toMatchObject({ coin_usd: '99.5' })
    server.market.prices[coin] = '0.0000001'
    expect(await failure(name)).toEqual(['absurd', `${name} answered with an absurd price of ${coin}`])
  })

  test('is asked the same way at the PRO API', async () => {
    const id = { blockscout_base: 8453, blockscout_polygon: 137, blockscout_arbitrum: 42_161 }[name]
    const given = await value(name, { path: `/${id}/api/v2/stats`, keys: { blockscout: 'proapi_x' } })
    expect(given).toEqual(await value(name))
  })
})

describe('Solana', () => {
  test('is asked for the fees of transactions that write to the USDC mint', async () => {
    await value('solana_rpc')
    const [request] = server.of('solana_rpc')
    expect(request?.headers['content-type']).toBe('application/json')
    expect(JSON.parse(request?.body ?? '')).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: 'getRecentPrioritizationFees',
      params: [['EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v']],
    })
  })

  test.each([
    [['0', '0', '0'], '2000'],
    [['1999'], '2000'],
    [['2001'], '2001'],
    [['0', '4000', '3000', '0', '10000', '5000'], '5000'],
    [['10000', '9000', '30000', '100000', '20000'], '30000'],
    // As texts, 9000 would come last.
    [['9000', '10000', '11000', '12000'], '11000'],
  ])('of the fees %p, the one that three quarters do not exceed is %s, floor included', async (fees, fee) => {
    server.market.priorityFees = fees
    expect(await value('solana_rpc')).toEqual({ micro_lamports: fee })
  })

  test('a negative fee is absurd', async () => {
    server.market.priorityFees = ['-5']
    expect((await failure('solana_rpc'))[0]).toBe('absurd')
  })

  test('an error of JSON-RPC is a refusal, told by its code alone', async () => {
    const text = '{"jsonrpc":"2.0","error":{"code":-32005,"message":"Node is behind by 42 slots"},"id":1}'
    server.override('solana_rpc', () => text)
    expect(await failure('solana_rpc')).toEqual([
      'refused',
      'solana_rpc refused to answer: JSON-RPC error -32005',
    ])
  })
})

describe('CoinGecko', () => {
  test.each([
    ['ethereum', 'ETH'],
    ['solana', 'SOL'],
    ['polygon-ecosystem-token', 'POL'],
    ['usd-coin', 'USDC'],
  ])('an id that it left out without a word is missed: %s', async (id, coin) => {
    server.override('coingecko', replace(`"${id}"`, '"another-coin"'))
    expect(await failure('coingecko')).toEqual(['unexpected_shape', `coingecko has no price of ${coin}`])
    server.override('coingecko', replace(new RegExp(`"${id}":{"usd":[^,]+,`), `"${id}":{`))
    expect(await failure('coingecko')).toEqual(['unexpected_shape', `coingecko has no price of ${coin}`])
  })

  test('is as old as its oldest price', async () => {
    const older = String(NOW / 1000 - 599)
    server.override('coingecko', replace(/("usd-coin":.*"last_updated_at":)\d+/, `$1${older}`))
    expect(await value('coingecko')).toMatchObject({ at: NOW - 599_000 })
    server.override('coingecko', replace(/("usd-coin":.*"last_updated_at":)\d+/, `$1${NOW / 1000 - 601}`))
    expect((await failure('coingecko'))[0]).toBe('stale')
  })

  test.each([
    ['ETH', '20', '100001'],
    ['SOL', '0.5', '10001'],
    ['POL', '0.0009', '101'],
    ['USDC', '0.49', '1.51'],
  ] as const)('a price of %s of %s or %s is absurd', async (coin, low, high) => {
    for (const price of [low, high, '0', '-1']) {
      server.market.prices[coin] = price
      expect(await failure('coingecko')).toEqual([
        'absurd',
        `coingecko answered with an absurd price of ${coin}`,
      ])
    }
  })

  test('a USDC off its peg gets through: that is what it is watched for', async () => {
    server.market.prices.USDC = '0.8774'
    expect(await value('coingecko')).toMatchObject({ USDC: '0.8774' })
  })
})
