import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { replay } from '../../src/fees/replay.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

const WISH = {
  amount: 100_000,
  from_currency: 'USD',
  to_currency: 'EUR',
  destination_country: 'Germany',
  priority: 'standard',
  customer_tier: 'standard',
}

const calculate = async (changes: object = {}) => {
  const { status, body } = await harness.call('POST', '/fees/calculate', { ...WISH, ...changes })
  expect(status).toBe(200)
  return body
}

const quote = (recommendation_id: string, changes: object = {}) =>
  harness.call('POST', '/quotes', {
    from_currency: 'USD',
    to_currency: 'EUR',
    amount: 100_000,
    recommendation_id,
    ...changes,
  })

/** Moves the end of a recommendation into the past, which no code of ours may do. */
const expire = (recommendationId: string) =>
  harness.database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update fee_recommendations set expires_at = now() - interval '1 ms'
      where id = ${recommendationId.slice('rec_'.length)}`
  })

describe('POST /fees/calculate answers as seed.md shows', () => {
  test('its sample comes out to the cent', async () => {
    expect(await calculate()).toMatchObject({
      total_fee: 3200,
      currency: 'USD',
      fee_breakdown: { platform_fee: 2000, onramp_fee: 700, offramp_fee: 500, gas_cost: 0, risk_premium: 0 },
      recommended_provider: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
      estimated_settlement_time: '3-5 minutes',
      confidence_score: 0.75,
      source: 'rules',
      fallback_reason: 'no_key',
    })
  })

  test('the market is told source by source, and each chain with its gas, score and standing', async () => {
    const { market, candidates } = await calculate({ amount: 5_000_000 })
    expect(market).toHaveLength(9)
    expect(market[0]).toEqual({ source: 'exchangerate_api', status: 'fallback', age_seconds: null })
    expect(candidates.map(({ chain }: { chain: string }) => chain)).toEqual([
      'base',
      'polygon',
      'arbitrum',
      'solana',
      'ethereum',
    ])
    for (const candidate of candidates) {
      expect(candidate).toMatchObject({ eligible: true, reason: null })
      expect(candidate.gas_usd).toMatch(/^\d+\.\d+$/)
    }
  })

  test('priority, tier and country may be left out', async () => {
    const { priority: _p, customer_tier: _t, destination_country: _c, ...least } = WISH
    expect((await harness.call('POST', '/fees/calculate', least)).status).toBe(200)
  })

  test.each([
    ['/destination_country', 'VALIDATION_ERROR', { destination_country: 'Atlantis' }],
    ['/priority', 'VALIDATION_ERROR', { priority: 'urgent' }],
    ['/customer_tier', 'VALIDATION_ERROR', { customer_tier: 'vip' }],
    ['/amount', 'VALIDATION_ERROR', { amount: 0 }],
    ['/amount', 'VALIDATION_ERROR', { amount: 1.5 }],
    ['/amount', 'AMOUNT_TOO_LARGE', { amount: 1_000_000_001 }],
    ['/to_currency', 'UNSUPPORTED_CURRENCY_PAIR', { to_currency: 'XAU' }],
    ['/to_currency', 'UNSUPPORTED_CURRENCY_PAIR', { to_currency: 'USD' }],
    ['/from_currency', 'VALIDATION_ERROR', { from_currency: 'usd' }],
    ['/surprise', 'VALIDATION_ERROR', { surprise: 1 }],
  ])('%s is refused with %s', async (path, error, changes) => {
    const { status, body } = await harness.call('POST', '/fees/calculate', { ...WISH, ...changes })
    expect(status).toBe(400)
    expect(body).toMatchObject({ error, details: [{ path }] })
  })

  test.each([
    ['USD', 'EUR', 199],
    ['JPY', 'EUR', 199],
    ['USD', 'EUR', 1],
  ])(
    '%s to %s: %d is too small, for truncation would make a part of the fee free',
    async (from, to, amount) => {
      const wish = { ...WISH, from_currency: from, to_currency: to, amount }
      expect(await harness.call('POST', '/fees/calculate', wish)).toMatchObject({
        status: 400,
        body: { error: 'AMOUNT_TOO_SMALL', details: [{ path: '/amount', message: 'must be at least 200' }] },
      })
      const least = await calculate({ from_currency: from, to_currency: to, amount: 200 })
      for (const part of ['platform_fee', 'onramp_fee', 'offramp_fee'])
        expect(least.fee_breakdown[part]).toBeGreaterThan(0)
    },
  )

  test('what is stored gives the same fees again', async () => {
    const { recommendation_id, fee_breakdown, total_fee } = await calculate({ amount: 123_456_789 })
    const [row] = await harness.database.sql`
      select input from fee_recommendations where id = ${recommendation_id.slice(4)}`
    expect(replay(row?.input)).toEqual({
      platform: BigInt(fee_breakdown.platform_fee),
      onramp: BigInt(fee_breakdown.onramp_fee),
      offramp: BigInt(fee_breakdown.offramp_fee),
      gas: BigInt(fee_breakdown.gas_cost),
      riskPremium: BigInt(fee_breakdown.risk_premium),
      total: BigInt(total_fee),
    })
  })

  test('what was recommended is never rewritten', async () => {
    await calculate()
    const rewritten = harness.database.sql`update fee_recommendations set risk_premium = 0`
    expect(rewritten.execute()).rejects.toThrow('append-only')
  })
})

describe('the rules about chains hold for every quote', () => {
  test('a large one without a recommendation goes over Ethereum, a usual one over Base', async () => {
    const routeOf = async (amount: number) => {
      const request = { from_currency: 'USD', to_currency: 'EUR', amount }
      return (await harness.call('POST', '/quotes', request)).body.route.chain
    }
    expect(await routeOf(100_000)).toBe('base')
    expect(await routeOf(50_000_000)).toBe('ethereum')
  })
})

describe('a quote with a recommendation locks its route and its fees', () => {
  test('and the payment settles on that chain and those providers', async () => {
    const recommended = await calculate({ amount: 100_000_000, customer_tier: 'enterprise' })
    expect(recommended.recommended_provider.chain).toBe('ethereum')
    const locked = await quote(recommended.recommendation_id, { amount: 100_000_000 })
    expect(locked.status).toBe(200)
    const parts = recommended.fee_breakdown
    expect(locked.body).toMatchObject({
      recommendation_id: recommended.recommendation_id,
      route: { chain: 'ethereum', onramp: 'sandbox_a', offramp: 'sandbox_a' },
      fees: { ...parts, total_fees: recommended.total_fee, currency: 'USD' },
    })
    const { guaranteed_payout: payout, exchange_rate: rate } = locked.body
    // The published rate has at most ten decimals.
    const exactRate = BigInt(Math.round(rate * 1e10))
    expect(BigInt(payout)).toBe((BigInt(100_000_000 - recommended.total_fee) * exactRate) / 10n ** 10n)

    const paid = await harness.call('POST', '/payments', {
      amount: 100_000_000,
      currency: 'EUR',
      source_account: 'user123',
      destination_account: 'merchant456',
      quote_id: locked.body.quote_id,
    })
    expect(paid.status).toBe(202)
    const { body } = await harness.call('GET', `/payments/${paid.body.payment_id}`)
    expect(body).toMatchObject({
      route: { chain: 'ethereum', onramp: 'sandbox_a', offramp: 'sandbox_a' },
      fees: { gas_cost: parts.gas_cost, risk_premium: 0, total_fees: recommended.total_fee },
    })
  })

  test('once: of twenty quotes at the same time one gets it', async () => {
    const { recommendation_id } = await calculate()
    const answers = await Promise.all(Array.from({ length: 20 }, () => quote(recommendation_id)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(new Set(refused.map(({ status, body }) => `${status} ${body.error}`))).toEqual(
      new Set(['409 RECOMMENDATION_ALREADY_USED']),
    )
  })

  test('while it is fresh', async () => {
    const { recommendation_id, expires_at } = await calculate()
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now())
    await expire(recommendation_id)
    expect(await quote(recommendation_id)).toMatchObject({
      status: 400,
      body: { error: 'RECOMMENDATION_EXPIRED' },
    })
  })

  test.each([
    ['/amount', { amount: 100_001 }],
    ['/from_currency', { from_currency: 'GBP' }],
    ['/to_currency', { to_currency: 'CHF' }],
  ])('for the conversion that it was made for: another %s is refused', async (path, changes) => {
    const { recommendation_id } = await calculate()
    expect(await quote(recommendation_id, changes)).toMatchObject({
      status: 400,
      body: { error: 'RECOMMENDATION_MISMATCH', details: [{ path }] },
    })
    // And it is still there for whoever asks rightly.
    expect((await quote(recommendation_id)).status).toBe(200)
  })

  test.each(['rec_00000000-0000-4000-8000-000000000000', 'rec_x', 'x', 'quote_1'])(
    '%p is not found',
    async (id) => {
      expect(await quote(id)).toMatchObject({ status: 404, body: { error: 'RECOMMENDATION_NOT_FOUND' } })
    },
  )

  test('a plain quote keeps the schedule of seed.md', async () => {
    const { body } = await harness.call('POST', '/quotes', {
      from_currency: 'USD',
      to_currency: 'EUR',
      amount: 100_000,
    })
    expect(body).toMatchObject({ recommendation_id: null, guaranteed_payout: 87_699 })
    expect(Object.keys(body.fees)).toEqual([
      'platform_fee',
      'onramp_fee',
      'offramp_fee',
      'total_fees',
      'currency',
    ])
  })

  test('calls of the model go after 30 days, but not while a recommendation rests on one', async () => {
    const { sql } = harness.database
    const [old, needed, recent] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
    for (const id of [old, needed, recent])
      await sql`
        insert into fee_advice (id, model, question, outcome, latency_ms, started_at, created_at)
        values (${id}, 'played', '{}', 'choice', 1, now(), now() - ${id === recent ? 29 : 31} * interval '1 day')`
    const { recommendation_id } = await calculate()
    await quote(recommendation_id)
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`update fee_recommendations set advice_id = ${needed} where id = ${recommendation_id.slice(4)}`
    })
    await harness.services.fees.sweep()
    const left = await sql<{ id: string }[]>`select id from fee_advice`
    expect(left.map(({ id }) => id).sort()).toEqual([needed, recent].sort())
  })

  test('swept when nobody used it, kept when a quote did', async () => {
    const [used, unused] = [await calculate(), await calculate()]
    await quote(used.recommendation_id)
    await harness.database.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`update fee_recommendations set expires_at = now() - interval '25 hours'`
    })
    await harness.services.fees.sweep()
    const left = await harness.database.sql<{ id: string }[]>`select id from fee_recommendations`
    expect(left.map(({ id }) => `rec_${id}`)).toContain(used.recommendation_id)
    expect(left.map(({ id }) => `rec_${id}`)).not.toContain(unused.recommendation_id)
  })
})
