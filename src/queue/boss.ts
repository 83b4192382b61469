import { PgBoss, type Clock as QueueClock } from 'pg-boss'
import { pgboss as ours } from 'pg-boss/package.json'
import { QUEUE_NAMES, QUEUES, SCHEDULES } from './definitions.ts'

export interface BossOptions {
  url: string
  /** Called for errors of the queue's own work and of its handlers; without a listener one would end the process. */
  onError(error: Error): void
  /** Whether this process also supervises: expires the jobs of dead workers, deletes old ones, runs schedules. */
  supervise: boolean
  /** As in openDatabase. */
  pooled?: boolean
  /** A test's virtual clock. */
  clock?: QueueClock
}

/** pg-boss on a small pool of its own, with statement timeouts, not started yet. */
export const createBoss = ({ url, onError, supervise, pooled = false, clock }: BossOptions): PgBoss => {
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'ratelock-queue',
    max: 4,
    connectionTimeoutMillis: 5000,
    ...(pooled
      ? {}
      : { options: '-c random_page_cost=1.1 -c statement_timeout=15000 -c lock_timeout=10000' }),
    supervise,
    schedule: supervise,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 60,
    queueCacheIntervalSeconds: 60,
    ...(clock ? { clock } : {}),
  })
  boss.on('error', onError)
  return boss
}

/** Creates the queues that are missing, brings the others' settings up to date, and sets the schedules. */
export const defineQueues = async (boss: PgBoss): Promise<void> => {
  const existing = new Set((await boss.getQueues()).map((queue) => queue.name))
  for (const name of QUEUE_NAMES) {
    if (!existing.has(name)) {
      await boss.createQueue(name, QUEUES[name])
      continue
    }
    const {
      partition: _partition,
      policy: _policy,
      deadLetter: _deadLetter,
      ...settings
    } = { partition: false, policy: '', deadLetter: '', ...QUEUES[name] }
    await boss.updateQueue(name, settings)
  }
  for (const [name, cron] of Object.entries(SCHEDULES)) await boss.schedule(name, cron)
}

/** pg-boss itself would work on tables of a later version as if they were its own. */
const assertNotNewer = async (boss: PgBoss): Promise<void> => {
  if (((await boss.schemaVersion()) ?? 0) > ours.schema)
    throw new Error(
      'the queue in the database is newer than this program; start the version that made it, or a later one',
    )
}

/**
 * pg-boss started, with its queues as they should be. Can be called again when it fails. Throws Error in one line for
 * people when the queue is newer than this program.
 */
export const startBoss = async (options: BossOptions): Promise<PgBoss> => {
  const boss = createBoss(options)
  try {
    await boss.start()
    await assertNotNewer(boss)
    await defineQueues(boss)
    return boss
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined)
    throw error
  }
}
