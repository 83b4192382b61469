import { expect } from 'bun:test'
import type { Job } from 'pg-boss'
import type { Sql } from '../../src/db/client.ts'
import type { PaymentRequest } from '../../src/payments/model.ts'
import type { PaymentKey } from '../../src/payments/sql/steps.ts'
import { isTerminal, type Status, TRANSITIONS } from '../../src/payments/transitions.ts'
import { expectBooked } from '../ledger/support.ts'
import type { Harness } from '../support/harness.ts'

export const ACCOUNT = 'demo'
const CALLER = { accountId: ACCOUNT, requestId: null }

/** A request that pays a new quote of 1,000.00 USD into EUR. */
export const quoted = async (harness: Harness, change: Partial<PaymentRequest> = {}, account = ACCOUNT) => {
  const request = { amount: 100_000, from_currency: 'USD', to_currency: 'EUR' }
  const quote = await harness.services.quotes.create(account, request)
  return {
    amount: 100_000,
    currency: 'EUR',
    source_account: 'payer',
    destination_account: 'payee',
    quote_id: quote.quote_id,
    ...change,
  }
}

/** Accepts a payment between the two accounts, whose names arm the sandbox's faults; answers its id. */
export const pay = async (harness: Harness, source = 'payer', destination = 'payee'): Promise<string> => {
  const request = await quoted(harness, { source_account: source, destination_account: destination })
  return (await harness.services.payments.accept(CALLER, request, undefined)).body.payment_id
}

export const paySeveral = (harness: Harness, count: number, source?: string): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => pay(harness, source)))

/** Polls until the condition holds; each look is a round trip, so it does not spin. */
export const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition()));
}

export const statusOf = async ({ database }: Harness, id: string): Promise<Status> => {
  const [row] = await database.sql<{ status: Status }[]>`select status from payments where id = ${id}`
  if (!row) throw new Error(`no payment ${id}`)
  return row.status
}

export const ended = (harness: Harness, ids: readonly string[]) => async (): Promise<boolean> => {
  const [row] = await harness.database.sql<{ live: number }[]>`
    select count(*)::int as live from payments where id = any (${[...ids]}::uuid[]) and ended_at is null`
  return row?.live === 0
}

/** Claims every payment job that waits, also those that are not due yet. */
export const claim = async ({ database, boss }: Harness): Promise<Job<PaymentKey>[]> => {
  await database.sql`update pgboss.job set start_after = pgboss.job_now() where name = 'payment' and state < 'active'`
  return boss.fetch<PaymentKey>('payment', { batchSize: 200 })
}

/** What the queue does for a worker that died: its claims run out and the jobs are offered again. */
export const expireClaims = async ({ database, boss }: Harness): Promise<void> => {
  await database.sql`
    update pgboss.job set started_on = started_on - interval '1 hour' where name = 'payment' and state = 'active'`
  await database.sql`update pgboss.queue set monitor_on = null, monitor_claim_on = null where name = 'payment'`
  await boss.supervise('payment')
}

/** What becomes of the jobs of a batch that threw: pg-boss fails them, or the process was killed. */
export type Aftermath = 'failed' | 'killed'

/** One batch by hand, as a worker runs it; answers whether it threw. */
export const turn = async (harness: Harness, aftermath: Aftermath = 'failed'): Promise<boolean> => {
  const jobs = await claim(harness)
  const threw = await harness.services.runSteps(jobs).then(
    () => false,
    () => true,
  )
  if (threw && aftermath === 'failed') await harness.boss.fail('payment', jobs)
  if (threw && aftermath === 'killed') await expireClaims(harness)
  return threw
}

/** Runs batches until the payments have ended. */
export const drive = async (harness: Harness, ids: readonly string[], aftermath?: Aftermath) => {
  const over = ended(harness, ids)
  for (let turns = 0; !(await over()); turns++) {
    if (turns > 100) throw new Error('the payments do not end')
    await turn(harness, aftermath)
  }
}

interface AuditRow {
  version: number
  from_status: Status | null
  to_status: Status
  leg: string | null
  attempt: number | null
  provider: string | null
}

export const auditOf = ({ database }: Harness, id: string): Promise<AuditRow[]> =>
  database.sql<AuditRow[]>`
    select version, from_status, to_status, leg, attempt, provider from payment_audit
    where payment_id = ${id} order by version`

/** The states that a payment went through. */
export const pathOf = async (harness: Harness, id: string): Promise<Status[]> =>
  (await auditOf(harness, id))
    .filter((entry) => entry.from_status !== entry.to_status)
    .map((entry) => entry.to_status)

export const operationsOf = ({ database }: Harness, id: string) =>
  database.sql<{ leg: string; attempt: number; provider: string; key: string; status: string }[]>`
    select leg, attempt, provider, key, status from provider_operations
    where payment_id = ${id} order by submitted_at, leg, attempt`

/** Everything that is written about payments, to see that nothing of it changed. */
export const snapshot = async (sql: Sql) => {
  const [row] = await sql<{ all: string }[]>`
    select json_build_object(
      'payments', (select json_agg(p order by id) from payments p),
      'audit', (select json_agg(a order by payment_id, version) from payment_audit a),
      'operations', (select json_agg(o order by payment_id, leg, attempt) from provider_operations o),
      'entries', (select json_agg(l order by payment_id, version, line) from ledger_entries l),
      'events', (select json_agg(e order by id) from webhook_events e),
      'deliveries', (select json_agg(d order by id) from webhook_deliveries d),
      'jobs', (select json_agg(json_build_object('id', id, 'state', state, 'retries', retry_count) order by id)
        from pgboss.job where name in ('payment', 'webhook')))::text as all`
  return row?.all ?? ''
}

/**
 * What must hold of a payment at any time: a legal history with one audit row a version, events in order, at most
 * one live operation, a next attempt only after a refusal, money moved at most once a leg, and a ledger that says so.
 */
export const expectSound = async (harness: Harness, id: string): Promise<void> => {
  const { sql } = harness.database
  const [payment] = await sql<{ status: Status; version: number }[]>`
    select status, version from payments where id = ${id}`
  const audit = await auditOf(harness, id)
  expect(audit.map(({ version }) => version)).toEqual(audit.map((_, index) => index + 1))
  expect(audit.at(-1)).toMatchObject({ version: payment?.version, to_status: payment?.status })
  for (const [index, entry] of audit.entries()) {
    expect(entry.from_status).toBe(audit[index - 1]?.to_status ?? null)
    if (entry.from_status === null) expect(entry.to_status).toBe('PENDING')
    else if (entry.from_status !== entry.to_status)
      expect(TRANSITIONS.map(({ from, to }) => `${from} ${to}`)).toContain(
        `${entry.from_status} ${entry.to_status}`,
      )
    // After its end only a payout that comes back changes a payment.
    else if (isTerminal(entry.to_status)) expect(entry.to_status).toBe('COMPLETED')
  }
  const events = await sql<{ sequence: number; status: string }[]>`
    select sequence, body::json -> 'data' ->> 'status' as status from webhook_events
    where payment_id = ${id} order by id`
  const sequences = events.map(({ sequence }) => sequence)
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
  for (const { sequence, status } of events) expect(audit[sequence - 1]?.to_status as string).toBe(status)

  const operations = await operationsOf(harness, id)
  expect(
    operations.filter(({ status }) => status === 'submitted' || status === 'accepted').length,
  ).toBeLessThan(2)
  for (const leg of ['onramp', 'offramp', 'refund']) {
    const attempts = operations.filter((operation) => operation.leg === leg)
    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index + 1))
    expect(attempts.slice(0, -1).every(({ status }) => status === 'refused')).toBe(true)
    const keys = attempts.map(({ key }) => key)
    const moved = await sql`
      select key from sandbox.operations where key = any (${keys}::uuid[]) and ending = 'settles' and calls > 0`
    expect(moved.length).toBeLessThan(2)
  }
  await expectBooked(harness, id)
}
