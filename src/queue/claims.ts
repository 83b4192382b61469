import type { Job, PgBoss } from 'pg-boss'
import type { Sql } from '../db/client.ts'
import type { QueueName } from './definitions.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/**
 * Gives failed jobs back to be retried, however long the database is away; gives up when the claims lapse. pg-boss
 * itself reports a failure once, and a job whose report is lost with the database waits for its claim to lapse.
 */
export const giveBack = async (
  boss: Pick<PgBoss, 'fail'>,
  queue: QueueName,
  jobs: readonly Job<object>[],
  cause: Error,
): Promise<void> => {
  const over = () => jobs.every(({ signal }) => signal.aborted)
  for (let pause = FIRST_PAUSE_MS; !over(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await boss.fail(queue, [...jobs], cause)
      return
    } catch {
      await Bun.sleep(pause)
    }
  }
}

/**
 * Gives back every claimed job, so that what a killed process had begun goes on at once. Call it before the first
 * worker of a database that no other process works on. Answers how many there were.
 */
export const releaseClaims = async (boss: Pick<PgBoss, 'fail'>, sql: Sql): Promise<number> => {
  const claims = await sql<{ name: QueueName; jobs: Pick<Job, 'id' | 'retryCount'>[] }[]>`
    select name, json_agg(json_build_object('id', id, 'retryCount', retry_count)) as jobs
    from pgboss.job where state = 'active' group by name`
  for (const { name, jobs } of claims) await boss.fail(name, jobs, new Error('its process ended'))
  return claims.reduce((sum, { jobs }) => sum + jobs.length, 0)
}
