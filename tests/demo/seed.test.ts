import { afterAll, describe, expect, test } from 'bun:test'
import { DEMO_ACCOUNT } from '../../src/accounts/service.ts'
import { DAYS, drawOrders } from '../../src/demo/seed/orders.ts'
import { STATUSES } from '../../src/payments/transitions.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { startWorkers } from '../../src/workers.ts'
import { verified } from '../audit/support.ts'
import { pay, statusOf, until } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { digestOf, disorder, END, schemaOf, startLived, strayIds } from './lived.ts'

const PAYMENTS = 90
const DAY_MS = 86_400_000
/** More than have passed since the days. */
const ALL_DAYS = 3_650

const harness = await startLived(PAYMENTS, 'a-day')
const { sql } = harness.database
afterAll(() => harness.stop())

const counted = async <K extends string>(column: string, from: string): Promise<Record<K, number>> => {
  const rows = await sql.unsafe<{ kind: K; count: number }[]>(
    `select ${column} as kind, count(*)::int as count from ${from} group by 1`,
  )
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count])) as Record<K, number>
}

describe('the books of the lived days', () => {
  test('agree at their end: payments, audit trail, legs, ledger and the providers’ own records', async () => {
    const [last] = await sql<{ total: number; checked: Record<string, number> }[]>`
      select total, checked from reconcile_runs order by ended_at desc limit 1`
    expect(last?.total).toBe(0)
    expect(last?.checked.payments).toBe(PAYMENTS)
    expect(last?.checked.records).toBeGreaterThan(PAYMENTS)
  })

  test('have an audit trail that is whole and sealed', async () => {
    const { findings, waiting, sealed } = await verified(sql)
    expect(findings).toEqual([])
    expect(waiting).toBe(0)
    expect(sealed).toBeGreaterThan(4 * PAYMENTS)
  })
})

describe('the lived days look like such days', () => {
  test('most payments have come to a good end, some to each of the others, and one is live in each state', async () => {
    const seen = await counted<string>('status', 'payments')
    expect(Object.keys(seen).sort()).toEqual([...STATUSES].sort())
    expect(seen.COMPLETED).toBeGreaterThan(PAYMENTS / 2)
    expect(await counted('exception', "payments where exception <> 'none'")).toEqual({ needs_review: 3 })
    const [returned] = await sql`select count(*)::int as count from payments where returned_at is not null`
    expect(returned).toEqual({ count: 2 })
  })

  test('some legs were carried out by the next provider after a refusal', async () => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count from provider_operations o join payments p on p.id = o.payment_id
      where o.status = 'done' and o.attempt > 1 and o.leg <> 'refund' and p.status = 'COMPLETED'`
    expect(row?.count).toBeGreaterThan(0)
  })

  test('webhooks arrived, came again, wait, and were given up', async () => {
    const seen = await counted<string>('status', 'webhook_deliveries')
    for (const status of ['delivered', 'pending', 'dead']) expect(seen[status]).toBeGreaterThan(0)
    const [again] = await sql<{ count: number }[]>`
      select count(*)::int as count from webhook_deliveries where status = 'delivered' and attempts > 1`
    expect(again?.count).toBeGreaterThan(0)
  })

  test('the model was asked, mostly advised, and what it cost is known', async () => {
    const seen = await counted<string>('source', 'fee_recommendations')
    expect(seen.claude).toBeGreaterThan(seen.rules ?? 0)
    const [row] = await sql<{ free: number }[]>`
      select count(*)::int as free from fee_advice where outcome = 'choice' and (cost_pico_usd = 0 or latency_ms = 0)`
    expect(row?.free).toBe(0)
  })

  test('what a lock costs moves from day to day, on mids that say that they are a sample', async () => {
    expect(Object.keys(await counted<string>('source', 'market_mids'))).toEqual(['sample'])
    const [pair] = await sql<{ prices: number }[]>`
      select count(distinct lock_buffer_bps)::int as prices from quotes
      group by from_currency, to_currency order by 1 desc limit 1`
    expect(pair?.prices).toBeGreaterThan(2)
  })
})

describe('times', () => {
  test('lie in the lived days, and are in the order in which things happen', async () => {
    expect(await disorder(sql)).toEqual([])
  })

  test('are those that the ids carry, by which lists are ordered', async () => {
    expect(await strayIds(sql)).toEqual([])
  })

  test('lie ahead where something is still to come: each live payment has its job and its settle_by', async () => {
    const rows = await sql<{ id: string; ahead: boolean; jobs: number }[]>`
      select p.id, p.settle_by > to_timestamp(${END / 1000}) as ahead,
        (select count(*)::int from pgboss.job j where j.name = 'payment' and j.singleton_key = p.id::text and j.state < 'active') as jobs
      from payments p where p.ended_at is null`
    expect(rows.length).toBeGreaterThan(STATUSES.length)
    expect(rows.filter(({ ahead, jobs }) => !ahead || jobs !== 1)).toEqual([])
  })
})

describe('the database is as it was, but for what was lived', () => {
  test('its schema, its settings and the queue’s clock are a new database’s', async () => {
    const fresh = await startHarness()
    try {
      expect(await schemaOf(sql)).toEqual(await schemaOf(fresh.database.sql))
    } finally {
      await fresh.stop()
    }
  })

  test('no endpoint of the sample points to a port that was given back', async () => {
    const rows = await sql<{ url: string }[]>`select url from webhook_endpoints order by url`
    expect(rows.map(({ url }) => url)).toEqual(['http://127.0.0.1:4000/', 'http://127.0.0.1:9/'])
  })
})

// The last one that looks at the days: it goes on with them.
test('what is live goes on when the service starts, and ends but for what a person has to look at', async () => {
  const live = async () =>
    (await sql<{ exception: string }[]>`select exception from payments where ended_at is null`).map(
      ({ exception }) => exception,
    )
  expect((await live()).length).toBeGreaterThan(STATUSES.length)
  await startWorkers(harness.boss, harness.services, createLogger({ level: 'silent', pretty: false }))
  await until(async () => (await live()).length <= 1)
  expect(await live()).toEqual(['needs_review'])
  const { findings, checked } = await harness.services.reconcile.run(ALL_DAYS)
  expect(findings).toEqual([])
  expect(checked.payments).toBe(PAYMENTS)
})

describe('the same seed', () => {
  test('gives the same days to the last row, whatever the machine does meanwhile', async () => {
    const digests = []
    for (const _time of [1, 2]) {
      const lived = await startLived(30, 'twice')
      digests.push(await digestOf(lived.database.sql))
      await lived.stop()
    }
    expect(digests[1]).toEqual(digests[0])
  })

  test('another seed, and other things happen', () => {
    const orders = drawOrders('1', 400, END)
    expect(drawOrders('1', 400, END)).toEqual(orders)
    expect(drawOrders('2', 400, END)).not.toEqual(orders)
    expect(orders.filter(({ paysAfterMs }) => paysAfterMs !== null).length).toBe(400)
    const recent = orders.filter(({ at }) => at > END - DAY_MS)
    expect(recent.length).toBeGreaterThan(orders.length / 2)
    expect(orders.every(({ at }) => at >= END - DAYS * DAY_MS && at <= END)).toBe(true)
    expect(new Set(orders.flatMap(({ from, to }) => [from, to])).size).toBe(10)
  })
})

test('what the developer had done before is left alone: nothing goes to their endpoint, and their payment waits', async () => {
  const dueOf = async ({ database }: Harness, key: string) => [
    ...(await database.sql`select start_after::text from pgboss.job where singleton_key = ${key}`),
  ]
  const own = { endpoint: '', payment: '', due: [{}] }
  const lived = await startLived(30, 'beside', async (before) => {
    const { accounts, webhooks } = before.services
    await accounts.ensureDemo()
    own.endpoint = (await webhooks.createEndpoint(DEMO_ACCOUNT, { url: 'http://127.0.0.1:9/own' })).id
    own.payment = await pay(before)
    // As one is whose service was stopped within the days.
    await before.database.sql`update pgboss.job set start_after = to_timestamp(${END / 1000 - 3_600})`
    own.due = await dueOf(before, own.payment)
  })
  try {
    const endpoint = await lived.services.webhooks.getEndpoint(DEMO_ACCOUNT, own.endpoint)
    expect(endpoint).toMatchObject({ enabled: true, disabled_reason: null })
    const told = await lived.database.sql`
      select v.payment_id from webhook_deliveries d join webhook_events v on v.id = d.event_id
      where 'we_' || d.endpoint_id = ${own.endpoint}`
    expect([...told]).toEqual([{ payment_id: own.payment }])
    expect(await statusOf(lived, own.payment)).toBe('PENDING')
    expect(own.due).toHaveLength(1)
    expect(await dueOf(lived, own.payment)).toEqual(own.due)
  } finally {
    await lived.stop()
  }
})
