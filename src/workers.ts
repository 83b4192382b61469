import type { PgBoss } from 'pg-boss'
import { startWorker } from './queue/worker.ts'
import type { Services } from './services.ts'
import type { Logger } from './telemetry/logger.ts'
import { startWebhookWorker } from './webhooks/worker.ts'

/** Lost deliveries taken up at once; more wait for the next minute. */
const LOST_DELIVERIES = 1_000

/** How far back the hourly reconciliation looks: what one run has missed, many others see. */
const BOOKS_DAYS = 2
/** And the daily one. */
const MONTH_DAYS = 30

/** Starts the workers of all queues in this process. */
export const startWorkers = async (boss: PgBoss, services: Services, log: Logger): Promise<void> => {
  const payment = await startWorker(boss, 'payment', services.runSteps)
  services.wakers.payments = payment.wake
  const webhook = await startWebhookWorker(boss, services.webhooks)
  services.wakers.webhooks = webhook.wake
  await startWorker(boss, 'reconcile', async () => {
    const payments = await services.payments.rescue()
    const deliveries = await services.webhooks.enqueueOrphans(LOST_DELIVERIES)
    if (payments + deliveries > 0) log.warn({ payments, deliveries }, 'took up work that had lost its job')
  })
  await startWorker(boss, 'quote_expiry', async () => {
    const quotes = await services.webhooks.announceExpiredQuotes()
    if (quotes > 0) log.debug({ quotes }, 'announced quotes that expired unused')
  })
  await startWorker(boss, 'quote_sweep', async () => {
    const quotes = await services.quotes.sweep()
    const recommendations = await services.fees.sweep()
    if (quotes + recommendations > 0)
      log.debug({ quotes, recommendations }, 'deleted quotes and recommendations that expired unused')
    const events = await services.inbound.sweep()
    if (events > 0) log.debug({ events }, 'forgot events of providers that cannot come again')
  })
  await startWorker(boss, 'audit_seal', async () => {
    const rows = await services.sealAudit()
    if (rows > 0) log.debug({ rows }, 'sealed audit rows')
  })
  const compareBooks = (days: number) => async () => {
    const { findings } = await services.reconcile.run(days)
    const returned = findings.flatMap(({ kind, account_id, payment_id }) =>
      kind === 'payout_returned' && account_id && payment_id ? [{ account_id, payment_id }] : [],
    )
    if (returned.length > 0) await services.payments.takeUp(returned)
  }
  await startWorker(boss, 'books', compareBooks(BOOKS_DAYS))
  await startWorker(boss, 'books_month', compareBooks(MONTH_DAYS))
  // What an earlier process left behind should not wait for the next minute.
  await boss.send('reconcile', null, { singletonKey: 'start' })
}
