import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/server.ts'
import { createTemplate } from '../support/database.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let dataDir: string
let postgres: EmbeddedPostgres
let harness: Harness

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ratelock-restart-'))
  postgres = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
  await createTemplate(postgres.url)
  harness = await startHarness({ server: postgres.url, workers: true })
}, 60_000)

afterAll(async () => {
  await harness.stop()
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}, 60_000)

test('every event arrives, under one id, although Postgres crashes and restarts while they are sent', async () => {
  const arrived = new Map<string, Set<string>>()
  const busy = Promise.withResolvers<void>()
  const receiver = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const body = await request.text()
      const ids = arrived.get(body) ?? new Set()
      arrived.set(body, ids.add(request.headers.get('webhook-id') ?? ''))
      if (arrived.size === 40) busy.resolve()
      return new Response(null, { status: 204 })
    },
  })
  try {
    const { status } = await harness.call('POST', '/webhooks/endpoints', { url: receiver.url.href })
    expect(status).toBe(201)
    const accepted = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const pair = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
        const { body: quote } = await harness.call('POST', '/quotes', pair)
        const accounts = { source_account: 'payer', destination_account: 'payee' }
        const request = { amount: 100_000, currency: 'EUR', quote_id: quote.quote_id, ...accounts }
        return (await harness.call('POST', '/payments', request)).status
      }),
    )
    expect(new Set(accepted)).toEqual(new Set([202]))

    await busy.promise
    await postgres.restart('immediate')
    await postgres.restart('fast')

    const left = async () => {
      // A claim whose answer was lost with the server is given back by supervision, as in a real process.
      await harness.boss.supervise()
      const [row] = await harness.database.sql<{ left: number }[]>`
        select (select count(*) from payments where ended_at is null)::int
          + (select count(*) from webhook_deliveries where status = 'pending')::int as left`
      return row?.left ?? 1
    }
    while ((await left().catch(() => 1)) > 0) await harness.boss.getQueues().catch(() => [])

    const events = await harness.database.sql<
      { id: string; body: string }[]
    >`select id, body from webhook_events`
    // More than five each where a provider's outcome was unknown for a while, which is announced too.
    expect(events.length).toBeGreaterThanOrEqual(40 * 5)
    for (const { id, body } of events) expect([...(arrived.get(body) ?? [])]).toEqual([`evt_${id}`])
  } finally {
    await receiver.stop(true)
  }
}, 120_000)
