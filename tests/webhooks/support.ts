import type { PgBoss } from 'pg-boss'
import pino from 'pino'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { randomIds } from '../../src/core/ids.ts'
import type { Database } from '../../src/db/client.ts'
import { createBoss } from '../../src/queue/boss.ts'
import type { EventType } from '../../src/webhooks/model.ts'
import { publishSql } from '../../src/webhooks/outbox.ts'
import type { DeliveryJob } from '../../src/webhooks/sending/batch.ts'
import type { DeliveryKey } from '../../src/webhooks/sending/sql/load.ts'
import { createWebhookService, type WebhookDeps } from '../../src/webhooks/service.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

export const ACCOUNT = 'acc_a'

/** A request as a receiver saw it. */
export interface Received {
  path: string
  headers: Record<string, string>
  body: string
}

type Answer = (received: Received) => Response | Promise<Response>

/** A real HTTP server that keeps what it is sent; `received(n)` waits until there are n requests. */
export const receiver = (answer: Answer = () => new Response('ok')) => {
  const requests: Received[] = []
  const waiting: { count: number; resolve(): void }[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 60,
    fetch: async (request) => {
      const received = {
        path: new URL(request.url).pathname,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      }
      requests.push(received)
      for (const each of waiting) if (requests.length >= each.count) each.resolve()
      return answer(received)
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}/hook`,
    requests,
    received: (count: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ count, resolve })
      if (requests.length >= count) resolve()
      return promise
    },
    stop: () => server.stop(true),
  }
}

/** A logger that keeps its lines. */
export const memoryLog = () => {
  const lines: Record<string, unknown>[] = []
  return {
    lines,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  }
}

export const fixedClock = (now: number): Clock => ({ now: () => now })

/** A migrated database with a started queue that nobody works. */
export const startQueue = async (): Promise<{
  database: TestDatabase
  boss: PgBoss
  stop(): Promise<void>
}> => {
  const database = await testDatabase()
  const errors: Error[] = []
  const boss = createBoss({ url: database.url, supervise: false, onError: (error) => errors.push(error) })
  await boss.start()
  const stop = async () => {
    await boss.stop({ graceful: false })
    await database.drop()
    if (errors.length > 0) throw errors[0]
  }
  return { database, boss, stop }
}

/** The service over a database and queue, with local receivers allowed. */
export const webhooks = (deps: Partial<WebhookDeps> & Pick<WebhookDeps, 'database' | 'boss'>) =>
  createWebhookService({
    clock: systemClock,
    ids: randomIds,
    log: memoryLog().log,
    resolve: () => Promise.reject(new Error('no names in this test')),
    allowPrivate: true,
    timeScale: 1,
    ...deps,
  })

/** Publishes an event of a new payment with the outbox's own SQL; answers the event's id and body. */
export const publish = async (
  { sql }: Database,
  accountId = ACCOUNT,
  type: EventType = 'payment.created',
) => {
  const [quote, payment, event] = [randomIds.uuid(), randomIds.uuid(), randomIds.uuid()]
  const body = JSON.stringify({ type, timestamp: '2026-11-23T12:00:00.000Z', data: { payment_id: payment } })
  await sql.unsafe(
    `insert into quotes (account_id, id, from_currency, to_currency, amount, rate, onramp_rate, offramp_rate,
       rate_source, platform_fee, onramp_fee, offramp_fee, payout, usdc_amount, chain, onramp_provider,
       offramp_provider, expires_at)
     values ($1, $2, 'USD', 'EUR', 1000, 1, 1, 1, 'live', 0, 0, 0, 1000, 1000, 'base', 'a', 'a', now())`,
    [accountId, quote],
  )
  await sql.unsafe(
    `insert into payments (account_id, id, quote_id, status, source_account, destination_account, request_hash,
       settle_by) values ($1, $2, $3, 'PENDING', 'from', 'to', 'hash', now())`,
    [accountId, payment, quote],
  )
  await sql.unsafe(
    `with source as (select $1::text as account_id, $2::uuid as event_id, $3::uuid as payment_id, 1 as sequence,
       $4::text as type, $5::text as body), ${publishSql('source')} select 1`,
    [accountId, event, payment, type, body],
  )
  return { id: event, body, paymentId: payment }
}

/** Empties what webhooks write, endpoints included. */
export const clear = async ({ sql }: Database): Promise<void> => {
  await sql`delete from webhook_endpoints`
  await sql`delete from webhook_deliveries`
  await sql`delete from webhook_events`
  await sql`delete from pgboss.job where name = 'webhook'`
}

/** Claims every job that is due, as a worker would. */
export const claim = (boss: PgBoss): Promise<DeliveryJob[]> =>
  boss.fetch<DeliveryKey>('webhook', { batchSize: 20 })

export interface DeliveryRow {
  id: string
  endpoint_id: string
  status: string
  attempts: number
  last_status: number | null
  last_error: string | null
  delivered: boolean
}

export const deliveries = ({ sql }: Database): Promise<DeliveryRow[]> =>
  sql.unsafe<DeliveryRow[]>(
    `select id, endpoint_id, status, attempts, last_status, last_error, delivered_at is not null as delivered
     from webhook_deliveries order by id`,
  )

interface LiveJob {
  id: string
  singleton_key: string
  group_id: string
  state: string
  due_in: number
}

/** Jobs that are waiting or running, with the seconds until they are due. */
export const liveJobs = ({ sql }: Database): Promise<LiveJob[]> =>
  sql.unsafe<LiveJob[]>(
    `select id, singleton_key, group_id, state::text,
       extract(epoch from start_after - pgboss.job_now())::float8 as due_in
     from pgboss.job where name = 'webhook' and state <= 'active'`,
  )

/** Makes waiting jobs due now. */
export const makeDue = ({ sql }: Database) =>
  sql.unsafe(
    "update pgboss.job set start_after = pgboss.job_now() where name = 'webhook' and state < 'active'",
  )

/** What happens to the claims of a worker that died: they run out, and the queue offers the jobs again. */
export const expireClaims = async (database: Database, boss: PgBoss) => {
  const { sql } = database
  await sql.unsafe(
    `update pgboss.job set started_on = started_on - interval '1 hour' where name = 'webhook' and state = 'active'`,
  )
  await sql.unsafe(
    "update pgboss.queue set monitor_on = null, monitor_claim_on = null where name = 'webhook'",
  )
  await boss.supervise('webhook')
  await makeDue(database)
}
