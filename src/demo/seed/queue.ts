import type { PgBoss } from 'pg-boss'
import type { Sql } from '../../db/client.ts'
import type { PaymentKey } from '../../payments/sql/steps.ts'
import type { Services } from '../../services.ts'
import type { DeliveryKey } from '../../webhooks/sending/sql/load.ts'

const PAYMENTS_AT_ONCE = 200
const DELIVERIES_AT_ONCE = 20

/** A kind of work that waits in the queue. */
export type Work = 'payment' | 'webhook'

/** When the next step or delivery is due, and which it is. */
export interface Due {
  work: Work
  /** Epoch milliseconds. */
  at: number
}

/** The next step and the next delivery that are due, as far as there are any. */
export const nextDue = (sql: Sql): Promise<Due[]> => sql<Due[]>`
  select w.work, ceil(extract(epoch from due.at) * 1000)::float8 as at
  from unnest(${['payment', 'webhook']}::text[]) as w (work)
  join lateral (
    select min(start_after) as at from pgboss.job j where j.name = w.work and j.state < 'active') due on due.at is not null`

/** Does what is due of one kind, as its worker would. */
export const runDue: Record<Work, (boss: PgBoss, services: Services) => Promise<void>> = {
  payment: async (boss, services) => {
    const jobs = await boss.fetch<PaymentKey>('payment', { batchSize: PAYMENTS_AT_ONCE })
    if (jobs.length > 0) await services.runSteps(jobs)
  },
  webhook: async (boss, services) => {
    const jobs = await boss.fetch<DeliveryKey>('webhook', { batchSize: DELIVERIES_AT_ONCE })
    if (jobs.length > 0) await services.webhooks.deliver(jobs)
  },
}
