import type { Job, PgBoss, WorkOptions } from 'pg-boss'
import { type QueueName, WORKERS } from './definitions.ts'

export interface Worker {
  /** Makes the worker look for work now instead of at its next poll. */
  wake(): void
}

/**
 * Registers the handler of a queue with the settings of definitions.ts. A handler that throws leaves its jobs
 * to be retried; one that returns has settled them or lets pg-boss complete them.
 */
export const startWorker = async <Data extends object>(
  boss: PgBoss,
  queue: Exclude<QueueName, 'payment_dead'>,
  handler: (jobs: Job<Data>[]) => Promise<void>,
): Promise<Worker> => {
  const options: WorkOptions = WORKERS[queue]
  const id = await boss.work<Data>(queue, options, handler)
  return { wake: () => boss.notifyWorker(id) }
}
