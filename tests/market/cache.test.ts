import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import { restMs, statusAt } from '../../src/market/timing.ts'
import { FAULTS, RETRY_AFTER } from '../support/market-faults.ts'
import { type PlayedMarket, playMarket, reportOf, statusIn } from './played.ts'

let played: PlayedMarket
beforeAll(async () => {
  played = await playMarket()
})
beforeEach(() => played.reset())
afterAll(() => played.stop())

const SECOND = 1_000
const MINUTE = 60 * SECOND
const REFRESH = 96 * SECOND

describe('the age of a value', () => {
  test('a value is live until it is two minutes old, then cached', async () => {
    const market = played.process()
    await market.refreshDue()
    await played.pass(2 * MINUTE - 1)
    expect(SOURCE_NAMES.map((name) => statusIn(market, name))).toEqual(SOURCE_NAMES.map(() => 'live'))
    expect(market.mid('EUR').source).toBe('live')
    await played.pass(1)
    expect(SOURCE_NAMES.map((name) => statusIn(market, name))).toEqual(SOURCE_NAMES.map(() => 'cached'))
    expect(market.mid('EUR').source).toBe('cached')
    expect(market.report().map(({ ageSeconds }) => ageSeconds)).toEqual(SOURCE_NAMES.map(() => 120))
  })

  test('a rate that is a day old counts as the fallback, and what a status page said half an hour ago as unknown', async () => {
    const market = played.process()
    await market.refreshDue()
    await played.pass(30 * MINUTE - 1)
    expect(market.facts().circle.base).toBe('operational')
    await played.pass(1)
    expect(market.facts().circle.base).toBe('unknown')
    await played.pass(24 * 60 * MINUTE - 30 * MINUTE - 1)
    expect(market.mid('EUR').source).toBe('cached')
    await played.pass(1)
    expect(market.mid('EUR').source).toBe('fallback')
    expect(market.facts().gas.base.source).toBe('fallback')
  })

  test('statuses only ever get worse with age, for every source', () => {
    const order = ['live', 'cached', 'fallback']
    fc.assert(
      fc.property(
        fc.constantFrom(...SOURCE_NAMES),
        fc.nat(2 * 86_400_000),
        fc.nat(2 * 86_400_000),
        (name, a, b) => {
          const [younger, older] = [statusAt(name, Math.min(a, b)), statusAt(name, Math.max(a, b))]
          expect(order.indexOf(younger)).toBeLessThanOrEqual(order.indexOf(older))
        },
      ),
    )
  })
})

describe('refreshing', () => {
  test('a source is asked again at 80 % of the two minutes and not before, so that its value stays live', async () => {
    const market = played.process()
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length)
    await played.pass(REFRESH - 1)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(SOURCE_NAMES.length)
    played.server.market.gas.beaconchain = '1100000000'
    await played.pass(1)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(2 * SOURCE_NAMES.length)
    expect(market.facts().gas.ethereum.price).toBe('1100000000')
    expect(statusIn(market, 'beaconchain')).toBe('live')
    expect(reportOf(market, 'beaconchain')?.ageSeconds).toBe(0)
  })

  test('a hundred requests for fresh data at once ask each source once', async () => {
    const market = played.process()
    await Promise.all(Array.from({ length: 100 }, () => market.refreshDue()))
    expect(played.server.requests.map(({ source }) => source).sort()).toEqual([...SOURCE_NAMES].sort())
    expect(statusIn(market, 'frankfurter')).toBe('live')
  })
})

describe('a source that fails', () => {
  test.each([...FAULTS])(
    'by %s keeps its last good value, and says why it has no newer one',
    async (fault) => {
      const before = played.process()
      await before.refreshDue()
      await played.pass(REFRESH)
      played.server.fault('beaconchain', fault)
      played.server.market.gas.beaconchain = '5000000000'
      // Only a source that hangs needs the deadline.
      const waits = fault === 'hang' || fault === 'stall'
      const market = played.process({
        sources: played.only('beaconchain'),
        ...(waits ? { deadlineMs: 50 } : {}),
      })
      await market.warm()
      await market.refreshDue()
      expect(played.server.of('beaconchain')).toHaveLength(2)
      expect(market.facts().gas.ethereum.price).toBe('900000000')
      expect(statusIn(market, 'beaconchain')).toBe('live')
      expect(reportOf(market, 'beaconchain')).toMatchObject({ failures: 1, failure: expect.any(String) })
      await played.pass(2 * MINUTE - REFRESH)
      expect(market.facts().gas.ethereum.price).toBe('900000000')
      expect(statusIn(market, 'beaconchain')).toBe('cached')
    },
  )

  test('is left alone for 30 seconds, then twice that each time up to ten minutes', async () => {
    const market = played.process({ sources: played.only('beaconchain') })
    played.server.fault('beaconchain', 'server_error')
    await market.refreshDue()
    const rests = [30, 60, 120, 240, 480, 600, 600].map((seconds) => seconds * SECOND)
    for (const [i, rest] of rests.entries()) {
      await played.pass(rest - 1)
      await market.refreshDue()
      expect(played.server.requests).toHaveLength(i + 1)
      await played.pass(1)
      await market.refreshDue()
      expect(played.server.requests).toHaveLength(i + 2)
    }
  })

  test('is left alone as long as it asks for when that is longer', async () => {
    const market = played.process({ sources: played.only('coingecko') })
    played.server.fault('coingecko', 'rate_limited_with_retry_after')
    await market.refreshDue()
    await played.pass(RETRY_AFTER * SECOND - 1)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(1)
    await played.pass(1)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(2)
  })

  test('can silence itself for an hour at most, and never rests less than ours', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.option(fc.nat(), { nil: undefined }),
        (failures, asked) => {
          const rest = restMs(failures, asked)
          expect(rest).toBeGreaterThanOrEqual(30 * SECOND)
          expect(rest).toBeLessThanOrEqual(60 * MINUTE)
          expect(rest).toBeGreaterThanOrEqual(Math.min(asked ?? 0, 60 * MINUTE))
        },
      ),
    )
    expect(restMs(1, 5 * SECOND)).toBe(30 * SECOND)
  })

  test('starts over with its rests once it has answered', async () => {
    const market = played.process({ sources: played.only('beaconchain') })
    played.server.fault('beaconchain', 'server_error')
    await market.refreshDue()
    await played.pass(30 * SECOND)
    await market.refreshDue()
    played.server.fault('beaconchain', null)
    await played.pass(60 * SECOND)
    await market.refreshDue()
    expect(reportOf(market, 'beaconchain')).toMatchObject({ status: 'live', failures: 0, failure: null })
    played.server.fault('beaconchain', 'server_error')
    await played.pass(REFRESH)
    await market.refreshDue()
    await played.pass(30 * SECOND)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(5)
  })

  test('delays the refresh of no other source', async () => {
    const market = played.process()
    played.server.fault('beaconchain', 'html')
    await market.refreshDue()
    await played.pass(REFRESH)
    await market.refreshDue()
    expect(SOURCE_NAMES.map((name) => played.server.of(name).length)).toEqual(SOURCE_NAMES.map(() => 2))
  })
})

describe('the log', () => {
  test('tells once that a source began to fail and why, once that it is back, and no URL', async () => {
    const market = played.process({ sources: played.only('solana_rpc') })
    played.server.fault('solana_rpc', 'forbidden_html')
    await market.refreshDue()
    await played.pass(30 * SECOND)
    await market.refreshDue()
    played.server.fault('solana_rpc', null)
    await played.pass(60 * SECOND)
    await market.refreshDue()
    expect(played.lines).toMatchObject([
      {
        level: 40,
        source: 'solana_rpc',
        reason: 'http_error',
        failures: 1,
        msg: expect.stringContaining('403'),
      },
      { level: 20, source: 'solana_rpc', failures: 2 },
      { level: 30, source: 'solana_rpc', failures: 2 },
    ])
    expect(JSON.stringify(played.lines)).not.toContain('http://')
  })

  test('tells once that a source has announced its end', async () => {
    const market = played.process({ sources: played.only('exchangerate_api') })
    played.server.market.endsAt = 1_800_000_000
    await market.refreshDue()
    await played.pass(REFRESH)
    await market.refreshDue()
    expect(played.server.requests).toHaveLength(2)
    expect(played.lines).toMatchObject([
      { level: 40, source: 'exchangerate_api', ends_at_ms: 1_800_000_000_000 },
    ])
  })
})
