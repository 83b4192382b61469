import type { PgBoss } from 'pg-boss'
import { startWorker, type Worker } from '../queue/worker.ts'
import type { PaymentKey } from './sql/steps.ts'
import type { createStepRunner } from './steps.ts'

/** Takes payment jobs in batches and runs their steps. */
export const startPaymentWorker = (boss: PgBoss, run: ReturnType<typeof createStepRunner>): Promise<Worker> =>
  startWorker<PaymentKey>(boss, 'payment', run)
