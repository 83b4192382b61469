import type { Queue } from 'pg-boss'
import type { Sql } from '../db/client.ts'
import { QUEUES, type QueueName } from './definitions.ts'

/** Where counting stops: it bounds what a reading costs, however much a queue holds. */
const MOST_COUNTED = 100_000

/** What one queue holds. */
export interface QueueReading {
  name: QueueName
  /** Jobs that wait to be fetched, due or not. */
  queued: number
  /** Of them those that are due. */
  ready: number
  active: number
  /** Jobs that failed for good and are still kept. */
  failed: number
  /** Since the oldest of those that are due became so; null without one. */
  oldestReadySeconds: number | null
  completedLastMinute: number
  /** Those that went to the dead letter queue where there is one, else those that are still kept. */
  failedLastHour: number
  deadLetter: string | null
  /** Whether one of the counts has stopped at 100,000, so that there may be more. */
  capped: boolean
}

const NAMES = Object.keys(QUEUES) as QueueName[]

const deadLetterOf = (name: QueueName): string | null => {
  const settings: Omit<Queue, 'name'> = QUEUES[name]
  return settings.deadLetter ?? null
}

const DUE = 'not blocked and start_after <= pgboss.job_now()'

// In the order of pg-boss's job_i14 (name, state, blocked, start_after), in which what is due comes first.
const inState = (name: QueueName, state: string, columns: string, most: number): string => `
  select ${columns} from pgboss.job where name = '${name}' and state = '${state}'
  order by blocked, start_after limit ${most}`

// Failed jobs are kept no longer than completed ones; those that went to a dead letter queue stay there. By job_i15.
const failedSince = (name: QueueName, since: string, most: number): string => {
  const deadLetter = deadLetterOf(name)
  if (deadLetter === null)
    return `select count(*)::int from (${inState(name, 'failed', 'completed_on', most)}) f where completed_on > ${since}`
  return `select count(*)::int from (
    select from pgboss.job where name = '${deadLetter}' and source_name = '${name}' and created_on > ${since}
    order by created_on desc limit ${most}) f`
}

// The name is in the text, so that each part is planned for its own queue's table and reads an index in its order,
// which a limit cuts short; over all tables at once it would sort everything first.
const statementFor = (name: QueueName, most: number): string => `
select '${name}' as name, w.*,
  (select count(*)::int from (${inState(name, 'active', '', most)}) a) as active,
  (select count(*)::int from (${inState(name, 'failed', '', most)}) f) as failed,
  (${failedSince(name, `pgboss.job_now() - interval '1 hour'`, most)}) as failed_last_hour,
  (select count(*)::int from (
    select from pgboss.job
    where name = '${name}' and state = 'completed' and completed_on > pgboss.job_now() - interval '1 minute'
    order by completed_on desc limit ${most}) c) as completed_last_minute
from (
  select least(count(*), ${most})::int as queued, least(count(*) filter (where ${DUE}), ${most})::int as ready,
    round(extract(epoch from pgboss.job_now() - min(start_after) filter (where ${DUE})), 3)::float8 as oldest
  from ((${inState(name, 'created', 'blocked, start_after', most)})
    union all (${inState(name, 'retry', 'blocked, start_after', most)})) j
) w`

interface Row {
  name: QueueName
  queued: number
  ready: number
  oldest: number | null
  active: number
  failed: number
  failed_last_hour: number
  completed_last_minute: number
}

const readingOf = (row: Row, most: number): QueueReading => {
  const { name, queued, ready, active, failed, oldest } = row
  const { completed_last_minute: completedLastMinute, failed_last_hour: failedLastHour } = row
  return {
    name,
    queued,
    ready,
    active,
    failed,
    oldestReadySeconds: oldest,
    completedLastMinute,
    failedLastHour,
    deadLetter: deadLetterOf(name),
    capped: [queued, ready, active, failed, completedLastMinute, failedLastHour].includes(most),
  }
}

/**
 * What every queue holds now, in the order of the definitions, in one round trip. `most` is where counting stops. Not
 * prepared: a plan from when a queue was empty would read all of it later.
 */
export const readQueues = async (sql: Sql, most = MOST_COUNTED): Promise<QueueReading[]> => {
  const rows = await sql.unsafe<Row[]>(NAMES.map((name) => statementFor(name, most)).join(' union all '))
  return rows.map((row) => readingOf(row, most)).sort((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name))
}
