import type { PgBoss } from 'pg-boss'
import { startWorker, type Worker } from '../queue/worker.ts'
import type { DeliveryKey } from './sending/sql/load.ts'
import type { WebhookService } from './service.ts'

/** Takes delivery jobs in batches and attempts them. */
export const startWebhookWorker = async (
  boss: PgBoss,
  service: Pick<WebhookService, 'deliver'>,
): Promise<Worker> => {
  // Not there yet for a batch that is done before the last loop of the worker has started.
  let worker: Worker | undefined
  // The limit per endpoint keeps batches from being full, so the queue's own bursts never happen: without this a busy
  // endpoint gets 15 events a second instead of 600, and one that hangs holds the others of its batch up.
  worker = await startWorker<DeliveryKey>(boss, 'webhook', (jobs) =>
    service.deliver(jobs, () => worker?.wake()),
  )
  return worker
}
