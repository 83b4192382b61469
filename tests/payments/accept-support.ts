import { expect } from 'bun:test'
import { randomIds } from '../../src/core/ids.ts'
import type { PaymentRequest } from '../../src/payments/model.ts'
import type { AcceptRequest } from '../../src/payments/sql/accept.ts'
import type { Harness } from '../support/harness.ts'
import { ACCOUNT } from './support.ts'

/** Posts the request; the key goes into the Idempotency-Key header. */
export const post = (harness: Harness, request: PaymentRequest, key?: string) =>
  harness.call('POST', '/payments', request, key === undefined ? {} : { 'idempotency-key': key })

/** The same request as the accepting statement takes it. */
export const inputOf = (request: PaymentRequest, key: string | null, account = ACCOUNT): AcceptRequest => ({
  account_id: account,
  payment_id: randomIds.uuid(),
  event_id: randomIds.uuid(),
  quote_id: request.quote_id.replace('quote_', ''),
  amount: String(request.amount),
  currency: request.currency,
  source_account: request.source_account,
  destination_account: request.destination_account,
  idempotency_key: key,
  request_hash: JSON.stringify(request),
  request_id: null,
  actor: 'api',
  settle_seconds: 7200,
})

/** Moves a quote's expiry; only a superuser who switches the triggers off can. */
export const expireQuote = ({ database }: Harness, quoteId: string, by = '-1 second'): Promise<unknown> =>
  database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`
      update quotes set expires_at = now() + ${by}::interval where id = ${quoteId.replace('quote_', '')}`
  })

export const addEndpoint = ({ database }: Harness): Promise<unknown> =>
  database.sql`
    insert into webhook_endpoints (account_id, id, url, secret)
    values (${ACCOUNT}, gen_random_uuid(), 'https://example.org/hook', 'whsec_test')`

/** How many rows there are of everything that accepting a payment writes. */
export const written = async ({ database }: Harness) => {
  const [row] = await database.sql<Record<string, number>[]>`
    select (select count(*) from payments)::int as payments,
      (select count(*) from payment_audit)::int as audit,
      (select count(*) from webhook_events)::int as events,
      (select count(*) from webhook_deliveries)::int as deliveries,
      (select count(*) from pgboss.job where name = 'payment')::int as steps,
      (select count(*) from pgboss.job where name = 'webhook')::int as sends`
  return row
}

/** The tables that the statement writes, each with a check that makes its next insert fail. */
export const BREAKABLE = {
  payments: 'false',
  payment_audit: 'false',
  webhook_events: 'false',
  webhook_deliveries: 'false',
  'pgboss.job of payments': "name <> 'payment' or state <> 'created'",
  'pgboss.job of webhooks': "name <> 'webhook' or state <> 'created'",
}

/** Runs `work` while inserts into one of these tables fail. */
export const whileBroken = async (
  { database }: Harness,
  name: keyof typeof BREAKABLE,
  work: () => Promise<void>,
): Promise<void> => {
  const [table] = name.split(' ')
  await database.sql.unsafe(`alter table ${table} add constraint forced check (${BREAKABLE[name]}) not valid`)
  try {
    await work()
  } finally {
    await database.sql.unsafe(`alter table ${table} drop constraint forced`)
  }
}

/** Runs `work` while the queue's settings row is missing. */
export const withoutQueue = async (
  { database }: Harness,
  queue: 'payment' | 'webhook',
  work: () => Promise<void>,
): Promise<void> => {
  // Its jobs refer to the row, so only switched-off triggers let it go.
  const rename = (from: string, to: string) =>
    database.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      return (await tx`update pgboss.queue set name = ${to} where name = ${from}`).count
    })
  expect(await rename(queue, 'gone')).toBe(1)
  try {
    await work()
  } finally {
    await rename('gone', queue)
  }
}

/**
 * Starts requests while their quotes are locked, until every free connection has read the state before any of them
 * and waits to write: only a constraint can tell the winner then, however quick the machine is.
 */
export const atTheSameTime = async <T>(
  { database, config }: Harness,
  quoteIds: readonly string[],
  start: () => Promise<T>[],
): Promise<T[]> => {
  const ids = quoteIds.map((id) => id.replace('quote_', ''))
  const started = await database.sql.begin(async (tx) => {
    await tx`select id from quotes where id = any (${ids}::uuid[]) for update`
    const answers = start()
    for (let waiting = 0; waiting < config.DATABASE_POOL - 1; ) {
      await tx`select pg_stat_clear_snapshot()`
      const [row] = await tx<{ waiting: number }[]>`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      waiting = row?.waiting ?? 0
    }
    return { answers }
  })
  return Promise.all(started.answers)
}
