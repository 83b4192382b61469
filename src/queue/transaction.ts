import type { Job, PgBoss, Db as QueueDb } from 'pg-boss'
import type { Tx } from '../db/client.ts'
import type { QueueName } from './definitions.ts'

/** Lets a pg-boss call take part in a transaction of the domain, prepared so that it is one round trip. */
export const inTransaction = (tx: Tx): QueueDb => ({
  executeSql: async (text, values = []) => ({
    rows: await tx.unsafe(text, values as never[], { prepare: values.length > 0 }),
  }),
})

/**
 * Completes jobs within a transaction and answers the ids of those whose claim was still ours. It must come before
 * their successors are enqueued, because an exclusive queue refuses a second live job for a key.
 */
export const settleJobs = async (
  boss: Pick<PgBoss, 'complete'>,
  queue: QueueName,
  jobs: readonly Pick<Job, 'id' | 'retryCount'>[],
  tx: Tx,
): Promise<ReadonlySet<string>> => {
  // The objects and not their ids: only they carry the attempt, by which a lapsed claim is told apart.
  const done = (await boss.complete(queue, [...jobs], null, { db: inTransaction(tx) })) as {
    settled?: string[]
  }
  if (!done.settled) throw new Error('the queue does not tell which jobs it completed')
  return new Set(done.settled)
}
