import type { PgBoss } from 'pg-boss'
import { startPaymentWorker } from './payments/worker.ts'
import { startWorker } from './queue/worker.ts'
import type { Services } from './services.ts'
import type { Logger } from './telemetry/logger.ts'

/** Starts the workers of all queues in this process. */
export const startWorkers = async (boss: PgBoss, services: Services, log: Logger): Promise<void> => {
  const payment = await startPaymentWorker(boss, services.runSteps)
  services.wakers.payments = payment.wake
  await startWorker(boss, 'reconcile', async () => {
    const payments = await services.payments.rescue()
    if (payments > 0) log.warn({ payments }, 'took up payments that had lost their job')
  })
  await startWorker(boss, 'quote_sweep', async () => {
    const quotes = await services.quotes.sweep()
    if (quotes > 0) log.debug({ quotes }, 'deleted quotes that expired unused')
  })
  // What an earlier process left behind should not wait for the next minute.
  await boss.send('reconcile', null, { singletonKey: 'start' })
}
