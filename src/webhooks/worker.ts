import type { PgBoss } from 'pg-boss'
import { startWorker, type Worker } from '../queue/worker.ts'
import type { DeliveryKey } from './delivery-store.ts'
import type { WebhookService } from './service.ts'

/** Takes delivery jobs in batches and attempts them. */
export const startWebhookWorker = (boss: PgBoss, service: Pick<WebhookService, 'deliver'>): Promise<Worker> =>
  startWorker<DeliveryKey>(boss, 'webhook', service.deliver)
