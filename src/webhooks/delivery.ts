import type { Job, PgBoss } from 'pg-boss'
import type { Clock } from '../core/clock.ts'
import type { Database } from '../db/client.ts'
import { settleJobs } from '../queue/transaction.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type DeliveryKey, type Due, loadDeliveries, recordChanges } from './delivery-store.ts'
import { attemptedChange, type Change, droppedChange } from './outcome.ts'
import { sendWebhook } from './send.ts'
import type { Resolve } from './target.ts'

export interface DeliveryDeps {
  database: Database
  boss: Pick<PgBoss, 'complete'>
  clock: Clock
  log: Logger
  resolve: Resolve
  allowPrivate: boolean
  /** Factor on the retry schedule: 1, or less for development. */
  timeScale: number
  /** Longest an attempt may take, in milliseconds. It must end well within the queue's expireInSeconds. */
  deadlineMs: number
  /** What is done after this many milliseconds is recorded without waiting for the slower rest of the batch. */
  patienceMs: number
}

/** The part of a queue's job that is needed here. */
export type DeliveryJob = Pick<Job<DeliveryKey>, 'id' | 'data' | 'retryCount'>

interface Finished {
  job: DeliveryJob
  change: Change | null
}

const raceFor = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}

/**
 * Attempts a batch of deliveries. An attempt that was made but not recorded, because the process or the database went
 * away in between, is repeated with the same webhook-id: delivery is at least once.
 */
export const createDeliver = (deps: DeliveryDeps) => {
  const { database, boss, clock, log } = deps

  const attempt = async (due: Due, endpoint: { url: string; secret: string }): Promise<Change> => {
    const startedAt = clock.now()
    const result = await sendWebhook({ eventId: due.event_id, body: due.body }, endpoint, deps)
    const change = attemptedChange(due, result, deps.timeScale)
    log.info(
      {
        account_id: due.account_id,
        delivery_id: due.id,
        event_id: due.event_id,
        type: due.type,
        endpoint_id: due.endpoint_id,
        host: URL.parse(endpoint.url)?.host,
        attempt: due.attempts + 1,
        status: change.status,
        http_status: change.last_status,
        error: change.last_error,
        next_ms: change.next_ms,
        duration_ms: clock.now() - startedAt,
      },
      'webhook attempt',
    )
    return change
  }

  const changeFor = async (due: Due | undefined): Promise<Change | null> => {
    if (!due) return null
    const dropped = droppedChange(due)
    if (dropped || due.url === null || due.secret === null) return dropped
    return await attempt(due, { url: due.url, secret: due.secret })
  }

  // Completing first, because the queue refuses a second live job for a delivery. A claim that has expired belongs
  // to another worker by now, which will record what it finds.
  const commit = (finished: readonly Finished[]): Promise<ReadonlySet<string>> =>
    database.sql.begin(async (tx) => {
      const jobs = finished.map(({ job }) => job)
      const ours = await settleJobs(boss, 'webhook', jobs, tx)
      const changes = finished.flatMap(({ job, change }) => (change && ours.has(job.id) ? [change] : []))
      return changes.length > 0 ? await recordChanges(tx, changes) : new Set()
    })

  const record = async (finished: readonly Finished[]): Promise<void> => {
    if (finished.length === 0) return
    const recorded = await commit(finished)
    for (const { change } of finished)
      if (change && !recorded.has(change.id))
        log.warn(
          { account_id: change.account_id, delivery_id: change.id },
          'webhook attempt not recorded: the delivery had moved on',
        )
  }

  return async (jobs: readonly DeliveryJob[]): Promise<void> => {
    const rows = await loadDeliveries(
      database.sql,
      jobs.map(({ data }) => data),
    )
    const due = new Map(rows.map((row) => [row.id, row]))
    const finished: Finished[] = []
    const all = Promise.all(
      jobs.map(async (job) => {
        finished.push({ job, change: await changeFor(due.get(job.data.delivery_id)) })
      }),
    )
    await raceFor(deps.patienceMs, all)
    await record(finished.splice(0))
    await all
    await record(finished.splice(0))
  }
}
