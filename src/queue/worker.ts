import type { Job, PgBoss, WorkOptions } from 'pg-boss'
import { giveBack } from './claims.ts'
import { WORKERS } from './definitions.ts'

export interface Worker {
  /** Makes an idle loop of the worker look for work now instead of at its next poll. */
  wake(): void
}

/**
 * Registers the handler of a queue with the settings of definitions.ts. A handler that throws leaves its jobs
 * to be retried; one that returns has settled them or lets pg-boss complete them.
 */
export const startWorker = async <Data extends object>(
  boss: PgBoss,
  queue: keyof typeof WORKERS,
  handler: (jobs: Job<Data>[]) => Promise<void>,
): Promise<Worker> => {
  const { localConcurrency = 1, ...options }: WorkOptions = WORKERS[queue]
  // One registration a loop: pg-boss can wake only loops that it gave an id for, and one that waits for a slow
  // provider must not be the only one that can be woken.
  const loops = await Promise.all(
    Array.from({ length: localConcurrency }, async () => {
      const loop = { id: '', busy: false }
      loop.id = await boss.work<Data>(queue, options, async (jobs) => {
        loop.busy = true
        try {
          await handler(jobs)
        } catch (error) {
          const cause = error instanceof Error ? error : new Error('a handler failed without an error')
          // pg-boss keeps a handler's error in the job's row only; whoever watches the log must see it.
          boss.emit('error', new Error(`${jobs.length} ${queue} jobs failed and will be retried`, { cause }))
          await giveBack(boss, queue, jobs, cause)
          throw cause
        } finally {
          loop.busy = false
        }
      })
      return loop
    }),
  )
  return {
    wake: () => {
      const idle = loops.find(({ busy }) => !busy)
      // A busy loop that is woken looks again as soon as it is done.
      for (const { id } of idle ? [idle] : loops) boss.notifyWorker(id)
    },
  }
}
