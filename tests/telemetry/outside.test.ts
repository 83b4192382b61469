import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { FALLBACK_REASONS } from '../../src/fees/advice/adviser.ts'
import { SOURCE_NAMES } from '../../src/market/source.ts'
import { onClaude, onMarket } from '../fees/program.ts'
import { fakeProvider } from '../payments/fake-provider.ts'
import { drive, pay, turn } from '../payments/support.ts'
import { type ClaudeServer, PLAYED_TOKENS, startClaudeServer } from '../support/claude-server.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type MarketServer, startMarketServer } from '../support/market-server.ts'
import { receiver } from '../webhooks/support.ts'
import { growth, only, scrape } from './support.ts'

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
  market.reset()
})
afterAll(() => Promise.all([claude.stop(), market.stop()]))

test('calls of the model, their tokens, their cost, and each question that was left to the rules', async () => {
  harness = await startHarness({ env: { ...onMarket(market), ...onClaude(claude) } })
  await harness.services.market.refreshDue()
  const before = await scrape(harness)
  for (const reason of FALLBACK_REASONS)
    expect(before.get(`ratelock_claude_fallbacks_total{reason="${reason}"}`)).toBe(0)
  const ask = (amount: number) =>
    harness.call('POST', '/fees/calculate', { amount, from_currency: 'USD', to_currency: 'EUR' })
  await ask(500_000)
  await ask(500_000)
  claude.fault('overloaded')
  await ask(5_000)
  const found = growth(before, await scrape(harness))
  const { input, output, prompt } = PLAYED_TOKENS
  expect(found).toMatchObject({
    'ratelock_claude_calls_total{outcome="choice"}': 1,
    'ratelock_claude_calls_total{outcome="none"}': 1,
    'ratelock_claude_fallbacks_total{reason="overloaded"}': 1,
    'ratelock_claude_tokens_total{kind="input"}': input,
    'ratelock_claude_tokens_total{kind="output"}': output,
    'ratelock_claude_tokens_total{kind="cache_write"}': prompt,
    ratelock_claude_shared_answers_total: 1,
  })
  // (420 x 0.10 + 96 x 0.50 + 1130 x 0.125) USD for a million
  expect(found.ratelock_claude_cost_usd_total).toBeCloseTo(0.00023125, 12)
})

test('a market source that fails grows old by its name, and one that never answered is infinitely so', async () => {
  market.fault('coingecko', 'server_error')
  harness = await startHarness({ env: onMarket(market) })
  await harness.services.market.refreshDue()
  const found = await scrape(harness)
  const ages = only(found, 'ratelock_market_age_seconds')
  expect(Object.keys(ages)).toHaveLength(SOURCE_NAMES.length)
  expect(ages['ratelock_market_age_seconds{source="coingecko"}']).toBe(Number.POSITIVE_INFINITY)
  expect(ages['ratelock_market_age_seconds{source="frankfurter"}']).toBeLessThan(60)
  expect(found.get('ratelock_market_source_failures{source="coingecko"}')).toBe(1)
  expect(found.get('ratelock_market_source_failures{source="frankfurter"}')).toBe(0)
  expect(found.get('ratelock_market_source_status{source="coingecko",status="fallback"}')).toBe(1)
  expect(found.get('ratelock_market_source_status{source="frankfurter",status="live"}')).toBe(1)
})

test('a provider that breaks is seen by the outcomes, the breaker and the share of failures', async () => {
  const broken = fakeProvider('broken', () => {
    throw new Error('down')
  })
  harness = await startHarness({ providers: [broken.provider] })
  expect(
    (await scrape(harness)).get('ratelock_provider_breaker_state{provider="broken",state="closed"}'),
  ).toBe(1)
  for (let nth = 0; nth < 12; nth++) await pay(harness)
  await turn(harness)
  await turn(harness)
  const found = await scrape(harness)
  const calls = (call: string, outcome: string) =>
    found.get(`ratelock_provider_calls_total{provider="broken",call="${call}",outcome="${outcome}"}`)
  expect(calls('initiate', 'unknown')).toBeGreaterThanOrEqual(10)
  expect(calls('status', 'not_sent')).toBeGreaterThan(0)
  expect(found.get('ratelock_provider_breaker_state{provider="broken",state="open"}')).toBe(1)
  expect(found.get('ratelock_provider_breaker_state{provider="broken",state="closed"}')).toBe(0)
  expect(found.get('ratelock_provider_failing{provider="broken"}')).toBe(1)
  expect(found.get('ratelock_provider_health{provider="broken",health="operational"}')).toBe(1)
  // A call that was kept back took no time, and would make the provider look fast.
  expect(found.has('ratelock_provider_call_seconds_count{provider="broken",call="status"}')).toBe(false)
})

test('a payout that comes back is counted, and is no second time to the end', async () => {
  let back = false
  const bank = fakeProvider('bank', ({ operation }, books) =>
    back && operation.leg === 'offramp'
      ? { kind: 'refused', reason: 'route', message: 'the account is closed' }
      : books(),
  )
  harness = await startHarness({ providers: [bank.provider] })
  const id = await pay(harness)
  await drive(harness, [id])
  const before = await scrape(harness)
  expect(before.get('ratelock_payouts_returned_total')).toBe(0)
  back = true
  await harness.services.payments.takeUp([{ account_id: 'demo', payment_id: id }])
  await turn(harness)
  const found = growth(before, await scrape(harness))
  expect(found.ratelock_payouts_returned_total).toBe(1)
  expect(found).not.toHaveProperty('ratelock_payment_completion_seconds_count')
  expect(found).not.toHaveProperty('ratelock_payments_entered_total{state="COMPLETED"}')
})

test('attempts at webhooks by what came of them, what is given up, and endpoints that are taken out', async () => {
  const answers = [new Response('', { status: 500 }), new Response('', { status: 410 })]
  const inbox = receiver(() => answers.shift() ?? new Response('ok'))
  harness = await startHarness()
  try {
    const before = await scrape(harness)
    const { body: endpoint } = await harness.call('POST', '/webhooks/endpoints', { url: inbox.url })
    const deliver = async () => {
      await harness.database
        .sql`update pgboss.job set start_after = now() where name = 'webhook' and state < 'active'`
      await harness.services.webhooks.deliver(await harness.boss.fetch('webhook', { batchSize: 20 }))
    }
    await harness.call('POST', `/webhooks/endpoints/${endpoint.id}/test`)
    for (let nth = 0; nth < 2; nth++) await deliver()
    await harness.call('POST', '/webhooks/endpoints', { url: inbox.url })
    await pay(harness)
    await deliver()
    expect(growth(before, await scrape(harness))).toMatchObject({
      'ratelock_webhook_attempts_total{outcome="failed"}': 1,
      'ratelock_webhook_attempts_total{outcome="gone"}': 1,
      'ratelock_webhook_attempts_total{outcome="delivered"}': 1,
      ratelock_webhook_attempt_seconds_count: 3,
      ratelock_webhook_dead_total: 1,
      ratelock_webhook_endpoints_disabled_total: 1,
    })
  } finally {
    await inbox.stop()
  }
})
