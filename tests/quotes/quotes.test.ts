import { afterAll, describe, expect, setSystemTime, test } from 'bun:test'
import { AppError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import { fallbackMid } from '../../src/market/fallback.ts'
import type { Mid, RateSource } from '../../src/market/service.ts'
import type { PaymentRequest } from '../../src/payments/model.ts'
import { createRouter } from '../../src/providers/router.ts'
import { parseFaults } from '../../src/providers/sandbox/faults.ts'
import { createSandboxFleet } from '../../src/providers/sandbox/fleet.ts'
import { createSandbox } from '../../src/providers/sandbox/provider.ts'
import { createQuoteService } from '../../src/quotes/service.ts'
import { createQuoteStore } from '../../src/quotes/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { EVERYTHING, fakeProvider } from '../payments/fake-provider.ts'
import { startHarness } from '../support/harness.ts'
import { agedCopy, QUOTE_COLUMNS } from './aged.ts'

const harness = await startHarness()
afterAll(() => harness.stop())

const { sql } = harness.database
const { quotes, payments, router, market, fees, engine, lockPrice } = harness.services

/** The rest of a quote service's needs. */
const UNADVISED = {
  lockPrice,
  routes: engine,
  recommendations: fees,
  doubtPolicy: { onDoubt: 'buffer', bufferBps: 100 },
  ids: randomIds,
} as const

const REQUEST = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
const HOUR = 3600

const create = () => quotes.create('demo', REQUEST)
const read = (id: string) => quotes.get('demo', id)

const paying = (quoteId: string): PaymentRequest => ({
  amount: 100_000,
  currency: 'EUR',
  source_account: 'user123',
  destination_account: 'merchant456',
  quote_id: quoteId,
})

const pay = (quoteId: string, account = 'demo') =>
  payments.accept({ accountId: account, requestId: null }, paying(quoteId), undefined)

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

/** A payment row for a quote that can no longer be paid through the service. */
const payInThePast = (quoteId: string) => sql`
  insert into payments (account_id, id, quote_id, status, source_account, destination_account, request_hash, settle_by)
  values ('demo', ${crypto.randomUUID()}, ${quoteId.slice('quote_'.length)}, 'COMPLETED', 'aaa', 'bbb', '', now())`

describe('a quote is good for 60 seconds by the database’s clock', () => {
  test.each(['2001-01-01T00:00:00Z', '2099-01-01T00:00:00Z'])(
    'whatever the clock of this machine says (%s)',
    async (wrong) => {
      const [before] = await sql<{ at: string }[]>`select extract(epoch from now()) * 1000 as at`
      setSystemTime(new Date(wrong))
      try {
        const quote = await create()
        const [after] = await sql<{ at: string }[]>`select extract(epoch from now()) * 1000 as at`
        const expires = Date.parse(quote.expires_at)
        expect(expires).toBeGreaterThanOrEqual(Math.floor(Number(before?.at)) + 60_000)
        expect(expires).toBeLessThanOrEqual(Math.ceil(Number(after?.at)) + 60_000)
        expect(quote.valid_for_seconds).toBe(60)
        expect((await read(quote.quote_id)).status).toBe('open')
        expect((await read(await agedCopy(sql, quote.quote_id, 0))).status).toBe('expired')
        expect(await codeOf(pay(quote.quote_id))).toBe('none')
      } finally {
        setSystemTime()
      }
    },
  )

  test('the expiry that was answered is the one that is kept and read again', async () => {
    const quote = await create()
    const [row] = await sql<{ seconds: string; at: string }[]>`
      select extract(epoch from expires_at - created_at)::text as seconds,
        to_char(expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from quotes where id = ${quote.quote_id.slice(6)}`
    expect([Number(row?.seconds), row?.at]).toEqual([60, quote.expires_at])
    expect((await read(quote.quote_id)).expires_at).toBe(quote.expires_at)
  })
})

describe('GET tells what has become of a quote', () => {
  test('open: it repeats what was promised, field by field', async () => {
    const quote = await create()
    const found = await read(quote.quote_id)
    expect(found).toEqual({ ...quote, status: 'open', valid_for_seconds: found.valid_for_seconds })
    expect(found.valid_for_seconds).toBeGreaterThan(0)
  })

  test('used: it still answers, and a second payment is refused', async () => {
    const { quote_id } = await create()
    await pay(quote_id)
    expect((await read(quote_id)).status).toBe('used')
    expect(await codeOf(pay(quote_id))).toBe('QUOTE_ALREADY_USED')
  })

  test('expired: it still answers with no second left, and a payment is refused', async () => {
    const id = await agedCopy(sql, (await create()).quote_id, 1)
    expect(await read(id)).toMatchObject({ status: 'expired', valid_for_seconds: 0 })
    expect(await codeOf(pay(id))).toBe('QUOTE_EXPIRED')
  })

  test('used stays used when it expires', async () => {
    const id = await agedCopy(sql, (await create()).quote_id, 1)
    await payInThePast(id)
    expect((await read(id)).status).toBe('used')
    expect(await codeOf(pay(id))).toBe('QUOTE_ALREADY_USED')
  })

  test('another account’s quote is not found, to read or to pay', async () => {
    const { quote_id } = await create()
    expect(await codeOf(quotes.get('stranger', quote_id))).toBe('QUOTE_NOT_FOUND')
    expect(await codeOf(pay(quote_id, 'stranger'))).toBe('QUOTE_NOT_FOUND')
    expect((await read(quote_id)).status).toBe('open')
  })

  test('what was promised cannot be changed in the database either', async () => {
    const { quote_id } = await create()
    const change = sql`update quotes set expires_at = now() + interval '1 day' where id = ${quote_id.slice(6)}`
    expect(await codeOf(change)).toContain('append-only')
  })
})

describe('the sweep tidies up and decides nothing', () => {
  test('it deletes what expired unused more than a day ago, and only that', async () => {
    const { quote_id: open } = await create()
    const recent = await agedCopy(sql, open, 23 * HOUR)
    const stale = await agedCopy(sql, open, 25 * HOUR)
    const used = await agedCopy(sql, open, 25 * HOUR)
    await payInThePast(used)
    const others = () => sql`
      select (select count(*) from payments) as payments, (select count(*) from payment_audit) as audit,
        (select count(*) from webhook_events) as events, (select count(*) from quotes) as quotes`
    const [before] = await others()

    // Until it has run, the answers are those of any expired quote.
    expect([(await read(stale)).status, await codeOf(pay(stale))]).toEqual(['expired', 'QUOTE_EXPIRED'])
    expect(await quotes.sweep()).toBe(1)

    expect(await codeOf(read(stale))).toBe('QUOTE_NOT_FOUND')
    expect((await Promise.all([open, recent, used].map(read))).map(({ status }) => status)).toEqual([
      'open',
      'expired',
      'used',
    ])
    const [after] = await others()
    expect(after).toEqual({ ...before, quotes: String(Number(before?.quotes) - 1) })
    expect(await codeOf(pay(recent))).toBe('QUOTE_EXPIRED')
    expect(await quotes.sweep()).toBe(0)
  })

  test('a backlog larger than one batch goes in one sweep', async () => {
    const stale = await agedCopy(sql, (await create()).quote_id, 25 * HOUR)
    await sql`
      insert into quotes (${sql(QUOTE_COLUMNS)})
      select ${sql(QUOTE_COLUMNS)} from (
        select (jsonb_populate_record(q, jsonb_build_object('id', gen_random_uuid()))).*
        from quotes q, generate_series(1, 5000) where id = ${stale.slice(6)}) copies`
    expect(await quotes.sweep()).toBe(5001)
  })
})

describe('a quote tells where its rate comes from', () => {
  test('route, provider and rate source are present and survive being read again', async () => {
    const quote = await create()
    expect(quote).toMatchObject({
      provider: 'sandbox_a',
      rate_source: 'fallback',
      route: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
    })
    expect(await read(quote.quote_id)).toMatchObject({ route: quote.route, rate_source: 'fallback' })
  })

  test.each([
    ['live', 'live', 'live'],
    ['live', 'cached', 'cached'],
    ['cached', 'fallback', 'fallback'],
    ['fallback', 'live', 'fallback'],
  ] as const)('the worse source of the two sides is told: %s and %s', async (usd, eur, told) => {
    const sources: Partial<Record<string, RateSource>> = { USD: usd, EUR: eur }
    const service = createQuoteService({
      store: createQuoteStore(harness.database),
      market: {
        mid: (currency) => ({
          fiatPerUsd: fallbackMid(currency),
          source: sources[currency] ?? 'live',
          doubts: [],
        }),
      },
      router,
      ...UNADVISED,
    })
    expect((await service.create('demo', REQUEST)).rate_source).toBe(told)
  })

  const quoteFrom = (spreads: Record<string, bigint>) => {
    const common = {
      sql,
      clock: { now: () => 0 },
      seed: 'x',
      timeScale: 0,
      faults: parseFaults(''),
      mid: fallbackMid,
    }
    const providers = Object.entries(spreads).map(([name, spreadBps]) =>
      createSandbox({ ...common, name, spreadBps }),
    )
    const of = createRouter(providers, common.clock, 1000, createLogger({ level: 'silent', pretty: false }))
    const service = createQuoteService({
      store: createQuoteStore(harness.database),
      market,
      router: of,
      ...UNADVISED,
    })
    return service.create('demo', REQUEST)
  }

  test('the best rate wins, wherever its provider stands in the list', async () => {
    expect(await quoteFrom({ dear: 11n, best: 5n, worst: 30n })).toMatchObject({
      provider: 'best',
      exchange_rate: 0.920029755,
      route: { offramp: 'best' },
      // floor(95275 x 0.920029755)
      guaranteed_payout: 87_655,
    })
    expect((await quoteFrom({ best: 5n, dear: 11n })).provider).toBe('best')
    expect((await quoteFrom({ dear: 11n, best: 5n })).provider).toBe('best')
  })

  test('an amount beyond our own limit is too large, and not a matter of who would take it', async () => {
    const small = { ...EVERYTHING, mostUsdCents: 100_000n }
    const provider = { ...fakeProvider('small').provider, capabilities: { onramp: small, offramp: small } }
    const log = createLogger({ level: 'silent', pretty: false })
    const service = createQuoteService({
      store: createQuoteStore(harness.database),
      market: harness.services.market,
      router: createRouter([provider], { now: () => 0 }, 1_000, log),
      ...UNADVISED,
    })
    const codeFor = (amount: number) =>
      service.create('demo', { ...REQUEST, amount }).then(
        () => 'none',
        (error) => error.code,
      )
    expect(await codeFor(100_000)).toBe('none')
    expect(await codeFor(100_001)).toBe('SERVICE_UNAVAILABLE')
    expect(await codeFor(1_000_000_001)).toBe('AMOUNT_TOO_LARGE')
  })

  test('the sandbox fleet offers the original’s three prices, and the best is quoted', async () => {
    const fleet = createSandboxFleet({
      sql,
      clock: { now: () => 0 },
      seed: 'x',
      timeScale: 0,
      faults: parseFaults(''),
      mid: fallbackMid,
    })
    const ask = {
      leg: 'offramp',
      currency: 'EUR',
      chain: 'base',
      fiatPerUsd: fallbackMid('EUR'),
      usdCents: 100_000n,
    } as const
    const offered = fleet.map((provider) => provider.quote(ask) ?? 0n)
    const best = offered.reduce((top, rate) => (rate > top ? rate : top))
    expect((await create()).exchange_rate).toBe(Number(best) / 1e10)
  })
})

describe('a rate that is not sure is told, lowered or refused, and never quietly used', () => {
  const SURE: Mid = { fiatPerUsd: fallbackMid('EUR'), source: 'live', doubts: [] }

  const quoteAt = (mid: Partial<Mid>, onDoubt: 'buffer' | 'refuse' = 'buffer', live = false) => {
    const provider = { ...fakeProvider('real').provider, sandbox: false }
    const of = createRouter(
      [provider],
      { now: () => 0 },
      1000,
      createLogger({ level: 'silent', pretty: false }),
    )
    const service = createQuoteService({
      store: createQuoteStore(harness.database),
      market: { mid: (currency) => ({ ...SURE, ...mid, fiatPerUsd: fallbackMid(currency) }) },
      router: live ? of : router,
      ...UNADVISED,
      doubtPolicy: { onDoubt, bufferBps: 100 },
    })
    return service.create('demo', REQUEST)
  }

  test('a sample rate is quoted in the sandbox, labelled, and refused where real money would move', async () => {
    expect((await quoteAt({ source: 'fallback' })).rate_source).toBe('fallback')
    expect(await codeOf(quoteAt({ source: 'fallback' }, 'buffer', true))).toBe('RATE_UNAVAILABLE')
  })

  test.each(['live', 'cached'] as const)('a %s rate is quoted for real money', async (source) => {
    expect((await quoteAt({ source }, 'buffer', true)).rate_source).toBe(source)
  })

  test.each([['fx_disagreement'], ['usdc_off_peg']] as const)(
    'with %s the rate is lowered by the buffer, which the quote shows',
    async (doubt) => {
      const [sure, doubted] = [await quoteAt({}), await quoteAt({ doubts: [doubt] })]
      expect(sure).toMatchObject({ exchange_rate: 0.92049, market_buffer_bps: 0 })
      // 0.92049 less one percent
      expect(doubted).toMatchObject({ exchange_rate: 0.9112851, market_buffer_bps: 100 })
      // floor(95275 x 0.9112851): the fees are the same, the buffer is not hidden in them.
      expect(doubted).toMatchObject({ guaranteed_payout: 86_822, fees: sure.fees })
      expect(await read(doubted.quote_id)).toMatchObject({ market_buffer_bps: 100 })
    },
  )

  test('or the quote is refused, as configured', async () => {
    expect(await codeOf(quoteAt({ doubts: ['fx_disagreement'] }, 'refuse'))).toBe('RATE_UNAVAILABLE')
    expect(await codeOf(quoteAt({}, 'refuse'))).toBe('none')
  })
})
