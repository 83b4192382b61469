import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import type { Sql } from '../../src/db/client.ts'
import type { ClaudeUse } from '../../src/operations/model.ts'
import { onClaude, onMarket } from '../fees/program.ts'
import { type ClaudeServer, PLAYED_TOKENS, startClaudeServer } from '../support/claude-server.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type MarketServer, startMarketServer } from '../support/market-server.ts'

const HOUR_MS = 3_600_000
const WISH = { amount: 500_000, from_currency: 'USD', to_currency: 'EUR' }

const read = async (harness: Harness, query = ''): Promise<ClaudeUse> => {
  const { status, body } = await harness.call('GET', `/operations/claude${query}`)
  expect(status).toBe(200)
  return body
}

/** Asks for a recommendation and answers who decided. */
const recommend = async (harness: Harness, changes: object = {}): Promise<string> => {
  const { status, body } = await harness.call('POST', '/fees/calculate', { ...WISH, ...changes })
  expect(status).toBe(200)
  return body.source
}

describe('with a model behind the fees', () => {
  let claude: ClaudeServer
  let market: MarketServer
  let harness: Harness
  beforeAll(() => {
    claude = startClaudeServer()
    market = startMarketServer()
  })
  afterEach(async () => {
    await harness.stop()
    claude.reset()
  })
  afterAll(async () => {
    await claude.stop()
    await market.stop()
  })
  const start = async (env: Record<string, string> = {}) => {
    harness = await startHarness({ env: { ...onMarket(market), ...onClaude(claude), ...env } })
    await harness.services.market.refreshDue()
  }

  test('calls, cost and answers add up, and a call that failed is one fallback for each answer it left to the rules', async () => {
    await start()
    expect(await recommend(harness)).toBe('claude')
    expect(await recommend(harness)).toBe('cache')
    expect(await recommend(harness, { amount: 5_000 })).toBe('claude')
    claude.fault('overloaded')
    expect(await recommend(harness, { amount: 20_000 })).toBe('rules')
    expect(await recommend(harness, { amount: 20_000 })).toBe('rules')
    expect(claude.calls).toHaveLength(3)
    const use = await read(harness)
    const { input, output, prompt } = PLAYED_TOKENS
    expect(use).toMatchObject({
      hours: 24,
      calls: 3,
      choices: 2,
      // (2 x 420 x 0.10 + 2 x 96 x 0.50 + 1130 x 0.125 + 1130 x 0.01) USD for a million
      cost_usd: '0.00033255',
      unpriced_calls: 0,
      tokens: { input: 2 * input, output: 2 * output, cache_read: prompt, cache_write: prompt },
      prompt_cache_hit_rate: prompt / (2 * input + 2 * prompt),
      recommendations: { claude: 2, cache: 1, rules: 2 },
      answer_cache_hit_rate: 1 / 3,
      fallbacks: [{ reason: 'overloaded', count: 2 }],
    })
    expect(use.latency_ms?.p95).toBeGreaterThanOrEqual(use.latency_ms?.p50 ?? Number.NaN)
    expect(use.by_hour.reduce((calls, hour) => calls + hour.calls, 0)).toBe(3)
  })

  test('calls of a model without a known price are told apart from those that cost nothing', async () => {
    await start({ ANTHROPIC_MODEL: 'claude-unheard-of' })
    await recommend(harness)
    claude.fault('overloaded')
    await recommend(harness, { amount: 5_000 })
    expect(await read(harness)).toMatchObject({ calls: 2, cost_usd: '0', unpriced_calls: 1 })
  })
})

describe('what the database has kept', () => {
  const clock = new TestClock()
  let harness: Harness
  let sql: Sql
  beforeAll(async () => {
    harness = await startHarness({ clock })
    sql = harness.database.sql
    await recommend(harness)
  })
  afterAll(() => harness.stop())
  afterEach(async () => {
    await sql`delete from fee_recommendations where created_at < (select max(created_at) from fee_recommendations)`
    await sql`delete from fee_advice`
    await clock.tick(10_000)
  })

  // Told once, so that an hour that ends meanwhile changes nothing.
  const thisHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  /** An instant of the hour that began so many hours before this one: its middle, or so many milliseconds into it. */
  const ago = (hours: number, ms = HOUR_MS / 2) => new Date(thisHour - hours * HOUR_MS + ms).toISOString()
  const hourOf = (at: string) => `${at.slice(0, 13)}:00:00.000Z`
  /** Copies of the one recommendation that was made, from other times and by others. */
  const add = (count: number, at: string, source: string, reason: string | null = null) =>
    sql.unsafe(
      `insert into fee_recommendations
       select (jsonb_populate_record(null::fee_recommendations, to_jsonb(r) || jsonb_build_object(
         'id', gen_random_uuid(), 'source', $1::text, 'reason', $2::text, 'created_at', $4::timestamptz,
         'expires_at', $4::timestamptz + interval '2 minutes'))).*
       from (select * from fee_recommendations order by created_at desc limit 1) r, generate_series(1, $3::int)`,
      [source, reason, count, at],
    )
  const call = (at: string, latency: number, picoUsd: bigint) =>
    sql.unsafe(
      `insert into fee_advice (id, model, question, outcome, input_tokens, cost_pico_usd, latency_ms, started_at, created_at)
       values (gen_random_uuid(), 'claude-haiku-5-5', '{}', 'choice', 1, $1, $2, $3, $3)`,
      [picoUsd.toString(), latency, at],
    )

  test('is told hour by hour, oldest first, with those in which nothing was', async () => {
    await add(2, ago(3), 'cache')
    await add(1, ago(3), 'rules', 'deadline')
    await call(ago(3), 700, 1n)
    await call(ago(5), 800, 250_000_000_000n)
    const use = await read(harness, '?hours=24')
    expect(use.by_hour).toHaveLength(24)
    const times = use.by_hour.map(({ hour }) => Date.parse(hour))
    expect(times.every((at, index) => index === 0 || at - (times[index - 1] ?? 0) === HOUR_MS)).toBe(true)
    const told = use.by_hour.filter(({ calls, recommendations: { cache } }) => calls + cache > 0)
    expect(told).toEqual([
      {
        hour: hourOf(ago(5)),
        calls: 1,
        cost_usd: '0.25',
        recommendations: { claude: 0, cache: 0, rules: 0 },
      },
      {
        hour: hourOf(ago(3)),
        calls: 1,
        cost_usd: '0.000000000001',
        recommendations: { claude: 0, cache: 2, rules: 1 },
      },
    ])
    expect(use.cost_usd).toBe('0.250000000001')
    expect(use.by_hour.filter(({ calls, cost_usd }) => calls === 0 && cost_usd === '0')).toHaveLength(22)
  })

  test('belongs to the hour in which it began, to the millisecond, and none is from before the first', async () => {
    await add(1, ago(3, 0), 'cache')
    await add(1, ago(3, -1), 'claude')
    await add(4, ago(30), 'claude')
    await call(ago(30), 900, 7n)
    const day = await read(harness, '?hours=24')
    const within = (at: string) => day.by_hour.find(({ hour }) => hour === hourOf(at))?.recommendations
    expect(within(ago(3))).toMatchObject({ claude: 0, cache: 1 })
    expect(within(ago(4))).toMatchObject({ claude: 1, cache: 0 })
    expect(day).toMatchObject({ calls: 0, recommendations: { claude: 1, cache: 1 }, latency_ms: null })
    const longer = await read(harness, '?hours=48')
    expect(longer.by_hour).toHaveLength(48)
    expect(longer).toMatchObject({ calls: 1, recommendations: { claude: 5, cache: 1 } })
  })

  test('names the reasons of the rules by how often they had to decide', async () => {
    await add(2, ago(1), 'rules', 'budget_spent')
    await add(3, ago(2), 'rules', 'deadline')
    await add(2, ago(4), 'rules', 'deadline')
    await add(2, ago(4), 'rules', 'breaker_open')
    const { fallbacks, recommendations } = await read(harness)
    expect(fallbacks).toEqual([
      { reason: 'deadline', count: 5 },
      { reason: 'breaker_open', count: 2 },
      { reason: 'budget_spent', count: 2 },
      { reason: 'no_key', count: 1 },
    ])
    expect(recommendations.rules).toBe(10)
  })

  test('counts what was recommended before reasons were kept, without making one up', async () => {
    await add(2, ago(1), 'rules', null)
    const { fallbacks, recommendations } = await read(harness)
    expect(recommendations.rules).toBe(3)
    expect(fallbacks).toEqual([{ reason: 'no_key', count: 1 }])
  })

  test('has the median and the 95th percentile of the calls, and no share of nothing', async () => {
    for (let latency = 1; latency <= 20; latency++) await call(ago(1), latency * 10, 5n)
    const use = await read(harness)
    expect(use).toMatchObject({ latency_ms: { p50: 100, p95: 190 }, cost_usd: '0.0000000001' })
    expect([use.prompt_cache_hit_rate, use.answer_cache_hit_rate]).toEqual([0, null])
  })

  test('is read once in ten seconds for the same hours, and for others at once', async () => {
    const before = await read(harness)
    await add(1, ago(1), 'cache')
    await clock.tick(9_999)
    expect(await read(harness)).toEqual(before)
    expect((await read(harness, '?hours=25')).recommendations.cache).toBe(1)
    await clock.tick(1)
    expect((await read(harness)).recommendations.cache).toBe(1)
  })

  test('is told for nothing at all as zeros and nulls', async () => {
    expect(await read(harness, '?hours=168')).toMatchObject({
      hours: 168,
      calls: 0,
      cost_usd: '0',
      prompt_cache_hit_rate: null,
      answer_cache_hit_rate: null,
      latency_ms: null,
    })
  })

  test.each(['0', '169', '1.5', 'x'])('hours=%s is refused, naming the field', async (hours) => {
    const { status, body } = await harness.call('GET', `/operations/claude?hours=${hours}`)
    expect([status, body.error, body.details[0].path]).toEqual([400, 'VALIDATION_ERROR', '/hours'])
  })
})
