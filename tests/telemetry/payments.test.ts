import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import type { PaymentKey } from '../../src/payments/sql/steps.ts'
import { drive, pay, quoted } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { growth, only, type Scrape, scrape } from './support.ts'

const clock = new TestClock()
let harness: Harness
let before: Scrape
beforeEach(async () => {
  harness = await startHarness({ clock })
  before = await scrape(harness)
})
afterEach(() => harness.stop())

const grown = async () => growth(before, await scrape(harness))
const post = async (path: string, body: object, headers = {}) =>
  (await harness.call('POST', path, body, headers)).status

/** The steps that are due by the queue's clock, as a worker runs them. */
const runDue = async () => {
  const jobs = await harness.boss.fetch<PaymentKey>('payment', { batchSize: 200 })
  await harness.services.runSteps(jobs)
  return jobs.length
}

describe('a payment', () => {
  test('is counted in each state that it comes into, with the time to its end and the calls that it took', async () => {
    await drive(harness, [await pay(harness)])
    const found = await grown()
    for (const state of ['PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED'])
      expect(found[`ratelock_payments_entered_total{state="${state}"}`]).toBe(1)
    expect(found).not.toHaveProperty('ratelock_payments_entered_total{state="FAILED"}')
    expect(found['ratelock_payment_requests_total{outcome="accepted"}']).toBe(1)
    expect(found['ratelock_quote_requests_total{outcome="created"}']).toBe(1)
    expect(found.ratelock_payment_completion_seconds_count).toBe(1)
    const calls = Object.entries(found).filter(([series]) =>
      series.startsWith('ratelock_provider_calls_total'),
    )
    const timed = Object.entries(found).filter(([series]) =>
      /^ratelock_provider_call_seconds_count/.test(series),
    )
    expect(calls.some(([series]) => series.includes('call="initiate",outcome="accepted"'))).toBe(true)
    const total = (some: [string, number][]) => some.reduce((sum, [, count]) => sum + count, 0)
    expect(total(timed)).toBe(total(calls))
  })

  test('takes from its acceptance to its end, which a mark or a look later does not count again', async () => {
    const id = await pay(harness)
    await harness.database
      .sql`update payments set created_at = now() - interval '100 seconds' where id = ${id}`
    await drive(harness, [id])
    const found = await grown()
    expect(found['ratelock_payment_completion_seconds_bucket{le="60"}']).toBeUndefined()
    expect(found['ratelock_payment_completion_seconds_bucket{le="120"}']).toBe(1)
    expect(found.ratelock_payment_completion_seconds_sum).toBeGreaterThanOrEqual(100)
    await harness.services.payments.takeUp([{ account_id: 'demo', payment_id: id }])
    await runDue()
    expect((await grown()).ratelock_payment_completion_seconds_count).toBe(1)
  })

  test('whose step waits is seen in the lag, from when it was due to when it was committed', async () => {
    await pay(harness)
    // Until it is due a step does not wait.
    await harness.database
      .sql`update pgboss.job set start_after = start_after + interval '10 seconds' where name = 'payment'`
    await clock.tick(13_000)
    expect(await runDue()).toBe(1)
    const found = await grown()
    expect(found.ratelock_payment_step_lag_seconds_count).toBe(1)
    expect(found.ratelock_payment_step_lag_seconds_sum).toBeCloseTo(3, 1)
    expect(found['ratelock_payment_step_lag_seconds_bucket{le="2.5"}']).toBeUndefined()
  })

  test('that every provider refuses, that was cancelled, and that was asked for twice is counted as what it is', async () => {
    await drive(harness, [await pay(harness, 'refuse_onramp')])
    const wish = await quoted(harness)
    for (let nth = 0; nth < 2; nth++) await post('/payments', wish, { 'idempotency-key': 'twice' })
    expect(await post('/payments', wish)).toBe(409)
    const id = await pay(harness)
    await post(`/payments/${id}/cancel`, {})
    const found = await grown()
    expect(found['ratelock_payments_entered_total{state="FAILED"}']).toBe(1)
    expect(found['ratelock_payments_entered_total{state="CANCELLED"}']).toBe(1)
    expect(found['ratelock_payment_requests_total{outcome="replayed"}']).toBe(1)
    expect(found['ratelock_payment_requests_total{outcome="QUOTE_ALREADY_USED"}']).toBe(1)
    expect(Object.keys(found).some((series) => /calls_total.*outcome="refused"/.test(series))).toBe(true)
  })

  test('that no quote can be made for is counted by the reason', async () => {
    const wish = { from_currency: 'USD', to_currency: 'EUR', amount: 1 }
    expect(await post('/quotes', wish)).toBe(400)
    expect(await grown()).toMatchObject({
      'ratelock_quote_requests_total{outcome="AMOUNT_TOO_SMALL"}': 1,
      'ratelock_http_request_seconds_count{method="POST",route="/quotes",status="400"}': 1,
    })
  })
})

describe('what all processes share', () => {
  test('is read from the database: live payments, their marks, open quotes, exposure and queues', async () => {
    const { sql } = harness.database
    await quoted(harness)
    const id = await pay(harness)
    // More has arrived than was asked for, so that the lock is worth more than it promised.
    await sql`
      update payments set status = 'ONRAMP_COMPLETE', usdc_received = 2000000000, exception = 'overdue',
        created_at = now() - interval '1 hour'
      where id = ${id}`
    // The exposure is shared for a minute.
    await clock.tick(61_000)
    const found = await scrape(harness)
    expect(only(found, 'ratelock_payments_live')).toMatchObject({
      'ratelock_payments_live{state="ONRAMP_COMPLETE"}': 1,
      'ratelock_payments_live{state="REFUND_PENDING"}': 0,
    })
    expect(
      found.get('ratelock_payments_live_oldest_seconds{state="ONRAMP_COMPLETE"}'),
    ).toBeGreaterThanOrEqual(3_600)
    expect(found.get('ratelock_payments_marked{exception="overdue"}')).toBe(1)
    expect(found.get('ratelock_quotes_open')).toBe(2)
    const [promised] = await sql<{ payout: string }[]>`
      select payout from quotes q join payments p on p.quote_id = q.id where p.id = ${id}`
    expect(found.get('ratelock_exposure_locked_minor_units{currency="EUR"}')).toBe(Number(promised?.payout))
    expect(found.get('ratelock_exposure_payments{currency="EUR"}')).toBe(1)
    expect(found.get('ratelock_exposure_payments{currency="JPY"}')).toBe(0)
    const { body: exposure } = await harness.call('GET', '/treasury/exposure')
    expect(exposure.open[0].unrealised).toBeGreaterThan(0)
    expect(found.get('ratelock_exposure_unrealised_minor_units{currency="EUR"}')).toBe(
      exposure.open[0].unrealised,
    )
    expect(found.get('ratelock_queue_jobs{queue="payment",state="ready"}')).toBe(1)
    expect(found.get('ratelock_queue_oldest_ready_seconds{queue="payment"}')).toBeGreaterThanOrEqual(61)
    expect(found.get('ratelock_queue_oldest_ready_seconds{queue="webhook"}')).toBe(0)
  })

  test('counts connections by what they do, the one that reads among those that are active', async () => {
    const found = await scrape(harness)
    expect(found.get('ratelock_database_connections{pool="domain",state="active"}')).toBeGreaterThan(0)
    expect(found.get('ratelock_database_connections{pool="queue",state="idle"}')).toBeGreaterThan(0)
    expect(found.get('ratelock_database_pool_connections_max')).toBe(harness.config.DATABASE_POOL)
  })

  test('knows of no imbalance of the ledger before a reconciliation, and then what it found', async () => {
    expect((await scrape(harness)).has('ratelock_ledger_imbalance_changes')).toBe(false)
    const { sql } = harness.database
    const id = await pay(harness)
    await drive(harness, [id])
    await harness.services.reconcile.run(2)
    expect((await scrape(harness)).get('ratelock_ledger_imbalance_changes')).toBe(0)
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`update ledger_entries set amount = amount + 1 where payment_id = ${id} and version = 5 and line = 1`
    })
    await harness.services.reconcile.run(2)
    expect((await scrape(harness)).get('ratelock_ledger_imbalance_changes')).toBe(1)
  })
})
