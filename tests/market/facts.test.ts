import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { formatRate, parseRate, RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import { congestion } from '../../src/fees/band.ts'
import { assemble } from '../../src/market/assemble.ts'
import { ratesDisagree, usdcOffPeg } from '../../src/market/doubts.ts'
import { MarketFacts } from '../../src/market/facts.ts'
import { fallbackGas, fallbackMid, fallbackMids, fallbackUsd } from '../../src/market/fallback.ts'
import type { Readings } from '../../src/market/readings.ts'
import type { SourceValues } from '../../src/market/sources/index.ts'
import { CHAINS } from '../../src/providers/port.ts'

const NOW = 1_795_418_400_000
const LIVE = NOW - 1_000
const CACHED = NOW - 600_000
const TOO_OLD = NOW - 25 * 3_600_000
const TOLERANCES = { fxToleranceBps: 100, usdcToleranceBps: 50 }

const mids = (changes: Partial<Record<string, string>> = {}): SourceValues['frankfurter'] => ({
  published_at: NOW,
  fiat_per_usd: { ...fallbackMids, ...changes },
})
const gas = (wei: string, coin_usd: string | null = null): SourceValues['blockscout_base'] => ({
  wei,
  coin_usd,
  at: NOW,
})
const prices = (changes: Partial<SourceValues['coingecko']> = {}): SourceValues['coingecko'] => ({
  ETH: '2500',
  SOL: '130',
  POL: '0.1',
  USDC: '1',
  at: NOW,
  ...changes,
})
const at = <T>(fetchedAt: number, value: T) => ({ value, fetchedAt })
const factsOf = (readings: Readings) => assemble(readings, NOW, TOLERANCES).facts
const fxOf = (readings: Readings) => {
  const { facts, mids } = assemble(readings, NOW, TOLERANCES)
  return { ...facts.fx, of: mids }
}

describe('without any answer', () => {
  const { facts, mids: sample } = assemble({}, NOW, TOLERANCES)

  test('everything is the built-in sample and labelled so', () => {
    expect(
      facts.sources.every(({ status, fetched_at }) => status === 'fallback' && fetched_at === null),
    ).toBe(true)
    expect(facts.fx).toEqual({ fiat_per_usd: { ...fallbackMids }, source: 'fallback', doubts: [] })
    for (const chain of CHAINS)
      expect(facts.gas[chain]).toMatchObject({ price: fallbackGas[chain], source: 'fallback' })
    expect(facts.usd).toEqual(fallbackUsd)
    expect(new Set(Object.values(facts.circle))).toEqual(new Set(['unknown']))
    for (const currency of FIAT_CURRENCIES)
      expect(sample[currency]).toEqual({ fiatPerUsd: fallbackMid(currency), source: 'fallback', doubts: [] })
  })

  test('the sample is a calm market', () => {
    expect(CHAINS.map((chain) => congestion(facts, chain))).toEqual(CHAINS.map(() => 'calm'))
  })

  test('nothing changes by age', () => {
    expect(assemble({}, NOW, TOLERANCES).until).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('facts', () => {
  const readings: Readings = {
    exchangerate_api: at(LIVE, mids({ EUR: '0.9' })),
    frankfurter: at(CACHED, mids({ EUR: '0.9001' })),
    coingecko: at(LIVE, prices()),
    blockscout_base: at(LIVE, gas('6000000')),
  }

  test('are of the published shape and cannot be changed, however deep', () => {
    const { facts, mids: known } = assemble(readings, NOW, TOLERANCES)
    expect([...Value.Errors(MarketFacts, facts)]).toEqual([])
    const parts = (value: object): object[] => [
      value,
      ...Object.values(value)
        .filter((part) => typeof part === 'object' && part !== null)
        .flatMap(parts),
    ]
    expect([...parts(facts), ...parts(known)].filter((part) => !Object.isFrozen(part))).toEqual([])
  })

  test('hold until the next status ends by age', () => {
    const { until } = assemble(readings, NOW, TOLERANCES)
    expect(until).toBe(LIVE + 120_000)
    const later = assemble(readings, until, TOLERANCES)
    expect(later.facts.fx.source).toBe('cached')
    expect(later.until).toBe(CACHED + 24 * 3_600_000)
  })

  test('say the status and time of each source', () => {
    expect(factsOf(readings).sources.slice(0, 3)).toEqual([
      { name: 'exchangerate_api', status: 'live', fetched_at: LIVE },
      { name: 'frankfurter', status: 'cached', fetched_at: CACHED },
      { name: 'beaconchain', status: 'fallback', fetched_at: null },
    ])
  })
})

describe('the mids', () => {
  const first = mids({ EUR: '0.9' })
  const second = mids({ EUR: '0.9001' })

  test.each([
    ['the first source’s while it is live', LIVE, LIVE, '0.9', 'live'],
    ['the first source’s when it is cached, although the second is live', CACHED, LIVE, '0.9', 'cached'],
    ['the second’s when the first’s are too old', TOO_OLD, LIVE, '0.9001', 'live'],
    ['the second’s, cached, when nothing is newer', TOO_OLD, CACHED, '0.9001', 'cached'],
    ['the sample when both are too old', TOO_OLD, TOO_OLD, '0.92049', 'fallback'],
  ] as const)('are %s', (_, firstAt, secondAt, eur, source) => {
    const fx = fxOf({ exchangerate_api: at(firstAt, first), frankfurter: at(secondAt, second) })
    expect(fx).toMatchObject({ fiat_per_usd: { EUR: eur }, source })
    expect(fx.of.EUR).toMatchObject({ fiatPerUsd: parseRate(eur), source })
  })

  test('are the second source’s when the first never answered, and one source alone is no doubt', () => {
    const fx = fxOf({ frankfurter: at(LIVE, second) })
    expect(fx).toMatchObject({ fiat_per_usd: { EUR: '0.9001' }, source: 'live', doubts: [] })
    expect(fxOf({ exchangerate_api: at(LIVE, first) }).doubts).toEqual([])
  })
})

describe('doubts', () => {
  test('a currency that the sources disagree about is doubted, and only that one', () => {
    const fx = fxOf({
      exchangerate_api: at(LIVE, mids({ EUR: '0.95' })),
      frankfurter: at(LIVE, mids({ EUR: '0.9' })),
    })
    expect(fx.doubts).toEqual(['fx_disagreement'])
    expect(fx.of.EUR.doubts).toEqual(['fx_disagreement'])
    expect(fx.of.GBP.doubts).toEqual([])
  })

  test('a source whose rates are too old to be used doubts nothing', () => {
    const fx = fxOf({
      exchangerate_api: at(LIVE, mids({ EUR: '0.95' })),
      frankfurter: at(TOO_OLD, mids({ EUR: '0.9' })),
    })
    expect(fx.doubts).toEqual([])
  })

  test('USDC away from a dollar makes every currency doubted, in addition to what else is', () => {
    const fx = fxOf({
      exchangerate_api: at(LIVE, mids({ EUR: '0.95' })),
      frankfurter: at(LIVE, mids({ EUR: '0.9' })),
      coingecko: at(LIVE, prices({ USDC: '0.98' })),
    })
    expect(fx.doubts).toEqual(['fx_disagreement', 'usdc_off_peg'])
    expect(fx.of.EUR.doubts).toEqual(['fx_disagreement', 'usdc_off_peg'])
    expect(fx.of.USD.doubts).toEqual(['usdc_off_peg'])
  })

  test.each([
    ['1.005', false],
    ['1.0050000001', true],
    ['0.995', false],
    ['0.9949999999', true],
    ['1', false],
  ])('a USDC of %s dollars is off its peg at 50 bps: %p', (usd, off) => {
    expect(usdcOffPeg(parseRate(usd), TOLERANCES)).toBe(off)
  })

  test.each([
    ['0.909', '0.9', false],
    ['0.9090000001', '0.9', true],
    ['0.891', '0.9', false],
    ['0.8909999999', '0.9', true],
    ['156.9', '155.2', true],
    ['156.7', '155.2', false],
  ])('rates of %s and %s disagree at 100 bps: %p', (a, b, disagree) => {
    expect(ratesDisagree(parseRate(a), parseRate(b), TOLERANCES)).toBe(disagree)
  })

  const someRate = fc.bigInt(1n, 10n ** 15n).map((units) => units as Rate)
  const someBps = fc.integer({ min: 1, max: 9_999 })

  test('a wider tolerance never doubts what a narrower one does not', () => {
    fc.assert(
      fc.property(someRate, someRate, someBps, someBps, (a, b, x, y) => {
        const doubted = (bps: number) => ratesDisagree(a, b, { ...TOLERANCES, fxToleranceBps: bps })
        if (doubted(Math.max(x, y))) expect(doubted(Math.min(x, y))).toBe(true)
      }),
    )
  })

  test('the bound is met to the last of ten decimals, whatever the currency', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 11n), someBps, (tenThousandths, bps) => {
        const reference = (tenThousandths * 10_000n) as Rate
        const tolerances = { ...TOLERANCES, fxToleranceBps: bps }
        const edge = tenThousandths * BigInt(bps)
        const disagree = (difference: bigint) =>
          ratesDisagree((reference + difference) as Rate, reference, tolerances)
        expect([disagree(edge), disagree(-edge)]).toEqual([false, false])
        expect([disagree(edge + 1n), disagree(-edge - 1n)]).toEqual([true, true])
      }),
    )
  })

  test('the same rate is never doubted', () => {
    fc.assert(
      fc.property(someRate, someBps, (a, bps) => {
        expect(ratesDisagree(a, a, { ...TOLERANCES, fxToleranceBps: bps })).toBe(false)
      }),
    )
    expect(usdcOffPeg(RATE_UNITS as Rate, TOLERANCES)).toBe(false)
    expect(formatRate(RATE_UNITS as Rate)).toBe('1')
  })
})

describe('gas, coins and health', () => {
  test('each chain’s gas comes from its own source', () => {
    const facts = factsOf({
      blockscout_base: at(LIVE, gas('1')),
      blockscout_polygon: at(CACHED, gas('2')),
      blockscout_arbitrum: at(LIVE, gas('3')),
      solana_rpc: at(LIVE, { micro_lamports: '4' }),
      beaconchain: at(LIVE, { wei: '5', fast_wei: '6', at: NOW }),
      coingecko: at(LIVE, prices()),
    })
    expect(CHAINS.map((chain) => [chain, facts.gas[chain].price]).sort()).toEqual([
      ['arbitrum', '3'],
      ['base', '1'],
      ['ethereum', '5'],
      ['polygon', '2'],
      ['solana', '4'],
    ])
    expect(facts.gas.polygon.source).toBe('cached')
    expect(facts.gas.base.source).toBe('live')
  })

  test.each([
    [LIVE, LIVE, 'live'],
    [LIVE, CACHED, 'cached'],
    [CACHED, LIVE, 'cached'],
    [LIVE, TOO_OLD, 'fallback'],
  ] as const)('gas is as well known as the worse of its price and its coin’s', (gasAt, coinAt, source) => {
    const facts = factsOf({
      solana_rpc: at(gasAt, { micro_lamports: '4' }),
      coingecko: at(coinAt, prices()),
    })
    expect(facts.gas.solana.source).toBe(source)
  })

  test.each([
    ['CoinGecko’s while live', LIVE, LIVE, '2500'],
    ['Blockscout’s when only that is live', CACHED, LIVE, '2600'],
    ['CoinGecko’s when neither is live', CACHED, CACHED, '2500'],
    ['Blockscout’s when CoinGecko’s is too old', TOO_OLD, CACHED, '2600'],
    ['the sample when both are too old', TOO_OLD, TOO_OLD, fallbackUsd.ETH],
  ] as const)('the price of ETH is %s', (_, coingeckoAt, blockscoutAt, usd) => {
    const facts = factsOf({
      coingecko: at(coingeckoAt, prices()),
      blockscout_arbitrum: at(blockscoutAt, gas('1', '2600')),
      blockscout_base: at(LIVE, gas('1')),
    })
    expect(facts.usd.ETH).toBe(usd)
  })

  test('a coin is never priced by another chain’s coin', () => {
    const facts = factsOf({
      blockscout_base: at(LIVE, gas('1', '2600')),
      blockscout_polygon: at(LIVE, gas('1', '0.2')),
    })
    expect(facts.usd).toEqual({ ...fallbackUsd, ETH: '2600', POL: '0.2' })
  })

  test('health is what Circle says, and unknown once that is too old', () => {
    const said: SourceValues['circle_status'] = {
      overall: 'operational',
      base: 'degraded',
      polygon: 'operational',
      arbitrum: 'outage',
      solana: 'unknown',
      ethereum: 'operational',
      updated_at: NOW,
    }
    const { updated_at: _, ...health } = said
    expect(factsOf({ circle_status: at(LIVE, said) }).circle).toEqual(health)
    expect(factsOf({ circle_status: at(NOW - 30 * 60_000, said) }).circle.arbitrum).toBe('unknown')
  })
})
