import type { Job, PgBoss } from 'pg-boss'
import type { Clock } from '../../core/clock.ts'
import type { Database } from '../../db/client.ts'
import { inRounds } from '../../queue/rounds.ts'
import { settleJobs } from '../../queue/transaction.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { failingLimitMs } from '../policy.ts'
import type { Resolve } from '../target.ts'
import { attemptedChange, type Change, droppedChange } from './outcome.ts'
import { type SendResult, sendWebhook } from './send.ts'
import { type DeliveryKey, type Due, loadDeliveries } from './sql/load.ts'
import { type Recorded, recordChanges } from './sql/record.ts'

/** Where a batch can be cut off; tests stop or kill the process there. `sent` is reached once for each delivery. */
export type DeliveryCheckpoint = 'loaded' | 'sent' | 'recording' | 'recorded'

/** Told of attempts and of what was recorded of them, for metrics. */
export interface DeliveryObserver {
  attempted(outcome: SendResult['kind'], seconds: number): void
  /** A delivery is not attempted any more, and was never received. */
  died(): void
  /** An endpoint was disabled by us. */
  disabled(): void
}

export interface DeliveryDeps {
  database: Database
  boss: Pick<PgBoss, 'complete'>
  clock: Clock
  log: Logger
  resolve: Resolve
  allowPrivate: boolean
  /** Factor on the retry schedule and on how long an endpoint may fail: 1, or less for development. */
  timeScale: number
  /** Longest an attempt may take, in milliseconds. It must end well within the queue's expireInSeconds. */
  deadlineMs: number
  /**
   * What is done after this many milliseconds is recorded without waiting for the slower rest of the batch, and then
   * again after twice as many, and so on: an endpoint's share of open attempts is used up until they are recorded.
   */
  patienceMs: number
  observe?: DeliveryObserver
  /** Named points between two effects; does nothing outside tests. */
  checkpoint?(point: DeliveryCheckpoint): Promise<void> | void
}

/** The part of a queue's job that is needed here. */
export type DeliveryJob = Pick<Job<DeliveryKey>, 'id' | 'data' | 'retryCount'>

interface Finished {
  job: DeliveryJob
  change: Change | null
}

const NOTHING: Recorded = { deliveries: new Set(), disabled: [] }

/**
 * Attempts a batch of deliveries. An attempt that was made but not recorded, because the process or the database went
 * away in between, is repeated with the same webhook-id: delivery is at least once. `recorded` is called whenever a
 * part of the batch is, for its endpoints may be sent more from then on.
 */
export const createDeliver = (deps: DeliveryDeps) => {
  const { database, boss, clock, log } = deps
  const reach = async (point: DeliveryCheckpoint) => deps.checkpoint?.(point)

  const attempt = async (due: Due, url: string, secret: string): Promise<Change> => {
    const sentMs = clock.now()
    const secrets = due.previous_secret === null ? [secret] : [secret, due.previous_secret]
    const message = { eventId: due.event_id, body: due.body }
    const result = await sendWebhook(message, { url, secret: secrets }, deps)
    const change = attemptedChange(due, result, sentMs, deps.timeScale)
    deps.observe?.attempted(result.kind, result.latencyMs / 1000)
    log.info(
      {
        account_id: due.account_id,
        payment_id: due.payment_id ?? undefined,
        delivery_id: due.id,
        event_id: due.event_id,
        type: due.type,
        endpoint_id: due.endpoint_id,
        host: URL.parse(url)?.host,
        attempt: due.attempts + 1,
        status: change.status,
        http_status: change.last_status,
        error: change.last_error,
        next_ms: change.next_ms,
        duration_ms: change.latency_ms,
      },
      'webhook attempt',
    )
    return change
  }

  const changeFor = async (due: Due | undefined): Promise<Change | null> => {
    if (!due) return null
    const dropped = droppedChange(due)
    if (dropped || due.url === null || due.secret === null) return dropped
    const change = await attempt(due, due.url, due.secret)
    await reach('sent')
    return change
  }

  // Completing first, because the queue refuses a second live job for a delivery. A claim that has expired belongs
  // to another worker by now, which will record what it finds.
  const commit = (finished: readonly Finished[]): Promise<Recorded> =>
    database.sql.begin(async (tx) => {
      const jobs = finished.map(({ job }) => job)
      const ours = await settleJobs(boss, 'webhook', jobs, tx)
      const changes = finished.flatMap(({ job, change }) => (change && ours.has(job.id) ? [change] : []))
      return changes.length > 0 ? await recordChanges(tx, changes, failingLimitMs(deps.timeScale)) : NOTHING
    })

  const record = async (finished: readonly Finished[]): Promise<void> => {
    await reach('recording')
    const { deliveries, disabled } = await commit(finished)
    await reach('recorded')
    for (const endpoint of disabled) {
      deps.observe?.disabled()
      log.warn(endpoint, 'webhook endpoint disabled')
    }
    for (const { change } of finished) {
      if (change?.status === 'dead' && deliveries.has(change.id)) deps.observe?.died()
      if (change && !deliveries.has(change.id))
        log.warn(
          { account_id: change.account_id, delivery_id: change.id },
          'webhook attempt not recorded: the delivery had moved on',
        )
    }
  }

  return async (jobs: readonly DeliveryJob[], recorded: () => void = () => {}): Promise<void> => {
    const rows = await loadDeliveries(
      database.sql,
      jobs.map(({ data }) => data),
    )
    await reach('loaded')
    const due = new Map(rows.map((row) => [row.id, row]))
    const work = (job: DeliveryJob) => changeFor(due.get(job.data.delivery_id))
    await inRounds(jobs, deps.patienceMs, work, async (done) => {
      await record(done.map(([job, change]) => ({ job, change })))
      recorded()
    })
  }
}
