import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { startHarness } from '../support/harness.ts'
import { apiOf } from './api.ts'
import { ACCOUNT, claim, clear, deliveries, liveJobs, receiver, startQueue, webhooks } from './support.ts'

let queue: Awaited<ReturnType<typeof startQueue>>
let server: ReturnType<typeof receiver>
beforeAll(async () => {
  queue = await startQueue()
  server = receiver()
})
afterAll(async () => {
  await server.stop()
  await queue.stop()
})
beforeEach(async () => {
  server.requests.length = 0
  await clear(queue.database)
  await queue.database.sql`delete from payments`
  await queue.database.sql`delete from quotes`
})

/** Quotes that expired so many seconds ago; answers their ids. */
const expired = async (seconds: number, { count = 1, account = ACCOUNT, sql = queue.database.sql } = {}) => {
  const rows = await sql<{ id: string }[]>`
    insert into quotes (account_id, id, from_currency, to_currency, amount, rate, onramp_rate, offramp_rate,
      rate_source, platform_fee, onramp_fee, offramp_fee, payout, usdc_amount, chain, onramp_provider,
      offramp_provider, created_at, expires_at)
    select ${account}, gen_random_uuid(), 'USD', 'EUR', 100000, 0.92049, 1, 0.92049, 'live', 2100, 1050, 1575, 87699,
      95275000, 'base', 'a', 'a', now() - (${seconds} + 60) * interval '1 second',
      now() - ${seconds} * interval '1 second'
    from generate_series(1, ${count}) returning id`
  return rows.map(({ id }) => id)
}

/** An endpoint that has asked for quote.expired for a day. */
const listener = async (account = ACCOUNT, service = webhooks(queue)) => {
  const endpoint = await service.createEndpoint(account, {
    url: server.url,
    event_types: ['quote.expired', 'payment.failed'],
  })
  await queue.database.sql`update webhook_endpoints set quotes_announced_to = now() - interval '1 day'`
  return endpoint
}

const announced = async () => {
  const rows = await queue.database.sql<{ quote_id: string }[]>`
    select quote_id from webhook_events where type = 'quote.expired' order by quote_id`
  return rows.map(({ quote_id }) => quote_id)
}

const announce = () => webhooks(queue).announceExpiredQuotes()

describe('quote.expired', () => {
  test('is sent, signed, to the endpoint that names it, with the quote’s terms', async () => {
    const service = webhooks(queue)
    const { secret } = await listener()
    const [id] = await expired(60)
    expect(await announce()).toBe(1)
    await service.deliver(await claim(queue.boss))
    const { headers = {}, body = '' } = server.requests[0] ?? {}
    const event = new Webhook(secret).verify(body, headers) as { timestamp: string }
    expect(event).toEqual({
      type: 'quote.expired',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: {
        quote_id: `quote_${id}`,
        amount: 100_000,
        currency: 'USD',
        exchange_rate: 0.92049,
        guaranteed_payout: 87_699,
        payout_currency: 'EUR',
        expires_at: JSON.parse(body).timestamp,
      },
    } as never)
    const { body: shown } = await apiOf(service).call('GET', '/webhooks/events?type=quote.expired')
    expect(shown.data).toMatchObject([{ quote_id: `quote_${id}`, payment_id: null, sequence: null }])
  })

  test('is off by default: without being named it is neither sent nor written', async () => {
    await webhooks(queue).createEndpoint(ACCOUNT, { url: server.url })
    await queue.database.sql`update webhook_endpoints set quotes_announced_to = '2020-01-01'`
    await expired(60)
    expect(await announce()).toBe(0)
    expect(await announced()).toEqual([])
    // And where another endpoint asks for it, it goes to that one alone.
    await listener()
    expect(await announce()).toBe(1)
    expect(await deliveries(queue.database)).toHaveLength(1)
  })

  test('is for quotes that nobody paid and that are past for good', async () => {
    await listener()
    const [paid] = await expired(60)
    await queue.database.sql`
      insert into payments (account_id, id, quote_id, status, source_account, destination_account, request_hash,
        settle_by) values (${ACCOUNT}, gen_random_uuid(), ${paid ?? ''}, 'PENDING', 'from', 'to', 'hash', now())`
    await expired(-10)
    // A payment of this one could still be committing.
    await expired(20)
    const [unpaid] = await expired(31)
    expect(await announce()).toBe(1)
    expect(await announced()).toEqual([unpaid ?? ''])
  })

  test('is only for accounts with an enabled endpoint that asks for it', async () => {
    const { id } = await listener()
    await expired(60, { account: 'acc_b' })
    const [own] = await expired(60)
    await webhooks(queue).updateEndpoint(ACCOUNT, id, { enabled: false })
    expect(await announce()).toBe(0)
    expect(await announced()).toEqual([])
    await queue.database.sql`update webhook_endpoints set enabled = true`
    expect(await announce()).toBe(1)
    expect(await announced()).toEqual([own ?? ''])
  })

  test('tells nothing of what expired before it was asked for', async () => {
    const service = webhooks(queue)
    await expired(60)
    const { id } = await service.createEndpoint(ACCOUNT, { url: server.url, event_types: ['quote.expired'] })
    expect(await announce()).toBe(0)
    await service.updateEndpoint(ACCOUNT, id, { event_types: ['payment.failed'] })
    await queue.database.sql`update webhook_endpoints set quotes_announced_to = '2020-01-01'`
    await service.updateEndpoint(ACCOUNT, id, { event_types: ['quote.expired'] })
    expect(await announce()).toBe(0)
  })

  test('is written once for each quote, however often and how many at once look', async () => {
    await listener()
    const quotes = (await expired(60, { count: 50 })).sort()
    const runs = await Promise.all(Array.from({ length: 6 }, announce))
    expect(runs.reduce((sum, each) => sum + each, 0)).toBe(50)
    expect(await announced()).toEqual(quotes)
    expect(await announce()).toBe(0)
    // Not even when what was announced already is forgotten.
    await queue.database.sql`update webhook_endpoints set quotes_announced_to = '2020-01-01'`
    expect(await announce()).toBe(0)
    expect(await liveJobs(queue.database)).toHaveLength(50)
    const twice = queue.database.sql`
      insert into webhook_events (account_id, id, quote_id, type, body)
      values (${ACCOUNT}, gen_random_uuid(), ${quotes[0] ?? ''}, 'quote.expired', '{}')`
    await expect(twice.execute()).rejects.toThrow('webhook_events_one_per_quote')
  })

  test('catches up with any number after an outage, and then looks no further back than it must', async () => {
    await listener()
    await listener('acc_b')
    await expired(7_200, { count: 1_500 })
    await expired(60, { count: 1_200, account: 'acc_b' })
    expect(await announce()).toBe(2_700)
    expect(await liveJobs(queue.database)).toHaveLength(2_700)
    const marks = await queue.database.sql<{ age: number }[]>`
      select extract(epoch from now() - quotes_announced_to)::float8 as age from webhook_endpoints`
    for (const { age } of marks) expect(age).toBeWithin(29.9, 60)
  })
})

test('the scheduled job announces, and the workers deliver', async () => {
  const harness = await startHarness({ workers: true })
  try {
    const { id } = await harness.services.webhooks.createEndpoint('demo', {
      url: server.url,
      event_types: ['quote.expired'],
    })
    await harness.database.sql`update webhook_endpoints set quotes_announced_to = now() - interval '1 day'`
    const [quote] = await expired(60, { account: 'demo', sql: harness.database.sql })
    await harness.boss.send('quote_expiry', null)
    await server.received(1)
    expect(JSON.parse(server.requests[0]?.body ?? '').data.quote_id).toBe(`quote_${quote}`)
    expect(id).toStartWith('we_')
    const schedules = await harness.database
      .sql`select name, cron from pgboss.schedule where name = 'quote_expiry'`
    expect([...schedules]).toEqual([{ name: 'quote_expiry', cron: '* * * * *' }])
  } finally {
    await harness.stop()
  }
}, 15_000)
