import type { QueueName } from './definitions.ts'

/**
 * SQL that enqueues the rows of `source`, a relation of the same statement with the columns `key` (the
 * job's identity, unique among live jobs), `data` (jsonb), `delay` (interval) and optionally `group`.
 * It copies the queue's settings as pg-boss's own insert does, because a job that is written in the
 * statement of the change it belongs to saves a round trip on the hot path; a test compares both.
 * Returns the keys that were enqueued. Without the queue the statement fails, as no job without a name can be.
 */
export const enqueueSql = (queue: QueueName, source: string, group = 'null::text'): string => `
  insert into pgboss.job (id, name, data, start_after, created_on, singleton_key, group_id, expire_seconds,
    deletion_seconds, keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter,
    heartbeat_seconds)
  select gen_random_uuid(), q.name, s.data, pgboss.job_now() + s.delay, pgboss.job_now(), s.key, ${group},
    q.expire_seconds, q.deletion_seconds, pgboss.job_now() + s.delay + q.retention_seconds * interval '1 second',
    q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
  from ${source} s left join pgboss.queue q on q.name = '${queue}'
  on conflict do nothing
  returning singleton_key`
