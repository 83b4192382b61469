import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import pino from 'pino'
import { formatRate, type Rate } from '../../src/core/rate.ts'
import { createLockPrice, LEAST_PUBLICATIONS, SAMPLE } from '../../src/market/lock-price.ts'
import { startHarness } from '../support/harness.ts'

const harness = await startHarness()
afterAll(() => harness.stop())
const { sql } = harness.database
beforeEach(async () => {
  await sql`truncate market_mids`
})

const lines: Record<string, unknown>[] = []
const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) })

const OPTIONS = {
  horizonMs: 600_000,
  multiplier: 3,
  minObservations: LEAST_PUBLICATIONS,
  minBps: 1,
  maxBps: 50,
  defaultBps: 7,
}

/** Records so many daily mids, each other one higher by `swing` hundredths of a percent. */
const record = async (count: number, swing: bigint, source = 'exchangerate_api', currency = 'EUR') => {
  const rows = Array.from({ length: count }, (_, day) => {
    const mid = (9_000_000_000n * (10_000n + (day % 2 === 0 ? 0n : swing))) / 10_000n
    return { currency, source, day, mid: formatRate(mid as Rate) }
  })
  await sql`
    insert into market_mids (currency, source, published_at, fiat_per_usd)
    select currency, source, date_trunc('day', now()) - day * interval '1 day', mid
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as r (currency text, source text, day int, mid numeric)`
}

const price = async () => {
  const lockPrice = createLockPrice(sql, log, OPTIONS)
  await lockPrice.load()
  return lockPrice
}

describe('the price of a lock is measured on the recorded mids', () => {
  test('too few of them, and it is the configured default', async () => {
    expect((await price()).bps('USD', 'EUR')).toBe(7)
    await record(LEAST_PUBLICATIONS - 1, 100n)
    expect((await price()).bps('USD', 'EUR')).toBe(7)
  })

  test('a volatile market widens it, a calm one narrows it to the least', async () => {
    await record(40, 0n)
    const calm = (await price()).bps('USD', 'EUR')
    await sql`truncate market_mids`
    await record(40, 100n)
    const lively = (await price()).bps('USD', 'EUR')
    await sql`truncate market_mids`
    await record(40, 300n)
    const wild = (await price()).bps('USD', 'EUR')
    expect(calm).toBe(1)
    expect(lively).toBeGreaterThan(calm)
    expect(wild).toBeGreaterThan(lively)
    expect(wild).toBeLessThanOrEqual(50)
  })

  test('on one source only: what two of them differ by is no movement of the market', async () => {
    await record(40, 0n)
    await record(30, 0n, 'frankfurter')
    expect((await price()).bps('USD', 'EUR')).toBe(1)
  })

  test('on a sample only until a source has published enough, however much longer the sample is', async () => {
    await record(120, 100n, SAMPLE)
    const sampled = (await price()).bps('USD', 'EUR')
    expect(sampled).toBeGreaterThan(1)
    await record(LEAST_PUBLICATIONS - 1, 0n)
    expect((await price()).bps('USD', 'EUR')).toBe(sampled)
    await record(LEAST_PUBLICATIONS, 0n, 'frankfurter')
    expect((await price()).bps('USD', 'EUR')).toBe(1)
  })

  test('both ways alike, and a pair without the dollar by its own cross rate', async () => {
    await record(40, 200n)
    await record(40, 200n, 'exchangerate_api', 'GBP')
    const lockPrice = await price()
    expect(lockPrice.bps('EUR', 'USD')).toBe(lockPrice.bps('USD', 'EUR'))
    // They move together, so that between them nothing moves.
    expect(lockPrice.bps('EUR', 'GBP')).toBe(1)
  })

  test('when it cannot be measured anew the last measurement stands, and the log says so', async () => {
    await record(40, 100n)
    const lockPrice = await price()
    const before = lockPrice.bps('USD', 'EUR')
    await sql`alter table market_mids rename to market_mids_away`
    try {
      await lockPrice.load()
      expect(lockPrice.bps('USD', 'EUR')).toBe(before)
      expect(lines.at(-1)?.msg).toBe('the price of locks could not be measured anew')
    } finally {
      await sql`alter table market_mids_away rename to market_mids`
    }
  })
})

describe('a quote takes it off the rate, as a field of its own', () => {
  test('and its fees are the same as without', async () => {
    const request = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
    const { services } = harness
    await services.lockPrice.load()
    const plain = await services.quotes.create('demo', request)
    expect(plain).toMatchObject({ lock_buffer_bps: 0, exchange_rate: 0.92049, guaranteed_payout: 87_699 })
    await record(40, 100n)
    await services.lockPrice.load()
    const priced = await services.quotes.create('demo', request)
    const bps = priced.lock_buffer_bps
    expect(bps).toBeGreaterThan(0)
    expect(priced.fees).toEqual(plain.fees)
    const rate = (9_204_900_000n * (10_000n - BigInt(bps))) / 10_000n
    expect(priced.exchange_rate).toBe(Number(rate) / 1e10)
    expect(BigInt(priced.guaranteed_payout)).toBe((95_275n * rate) / 10n ** 10n)
    expect((await services.quotes.get('demo', priced.quote_id)).lock_buffer_bps).toBe(bps)
  })
})
