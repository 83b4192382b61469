import type { Queue, WorkOptions } from 'pg-boss'

/** All settings of all queues, with the reason for each that is not the default. */
export const QUEUES = {
  /** One step of one payment; job data is the payment's identity, its row decides what to do. */
  payment: {
    // Without its own table the planner misjudges a queue that is new to its statistics by a factor of 100.
    partition: true,
    // At most one live job a payment, so that the reconciler may enqueue without looking.
    policy: 'exclusive',
    // A killed worker's jobs come back after this and a supervise interval.
    expireInSeconds: 30,
    retryLimit: 8,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    deleteAfterSeconds: 300,
    retentionSeconds: 14 * 86_400,
    deadLetter: 'payment_dead',
  },
  /** A payment whose step kept throwing. The reconciler takes it up again from the payment's row. */
  payment_dead: { retentionSeconds: 14 * 86_400, deleteAfterSeconds: 86_400 },
  /** One attempt of one webhook delivery; its row counts the attempts. */
  webhook: {
    partition: true,
    policy: 'exclusive',
    expireInSeconds: 60,
    retryLimit: 8,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    deleteAfterSeconds: 300,
    retentionSeconds: 14 * 86_400,
  },
  /** Takes up live payments and pending deliveries that have no live job. */
  reconcile: { policy: 'exclusive', expireInSeconds: 60, retryLimit: 0, deleteAfterSeconds: 600 },
  /** Announces the quotes that expired unused to the accounts that want to know. */
  quote_expiry: { policy: 'exclusive', expireInSeconds: 120, retryLimit: 0, deleteAfterSeconds: 600 },
  /**
   * Compares payments, legs, ledger and provider records. Not tried again: the next hour looks at the same, and a result
   * that stays away shows as its age. Long enough for slow listings; a second run beside it would only double the load.
   */
  books: { policy: 'exclusive', expireInSeconds: 1_800, retryLimit: 0, deleteAfterSeconds: 86_400 },
  /** The same, once a day and a month back: a bank may send a payout back weeks later. */
  books_month: { policy: 'exclusive', expireInSeconds: 7_200, retryLimit: 0, deleteAfterSeconds: 86_400 },
  /** Deletes unused quotes long after they expired. */
  quote_sweep: { policy: 'exclusive', expireInSeconds: 120, retryLimit: 0, deleteAfterSeconds: 600 },
  /** Links new audit rows into their accounts' hash chains. */
  audit_seal: { policy: 'exclusive', expireInSeconds: 120, retryLimit: 0, deleteAfterSeconds: 600 },
} as const satisfies Record<string, Omit<Queue, 'name'>>

export type QueueName = keyof typeof QUEUES

/** Order of creation: a queue can only name a dead letter queue that exists. */
export const QUEUE_NAMES: readonly QueueName[] = [
  'payment_dead',
  'payment',
  'webhook',
  'reconcile',
  'quote_expiry',
  'books',
  'books_month',
  'quote_sweep',
  'audit_seal',
]

/** How each queue is worked. Immediate work wakes its worker in process; polling finds delayed work. */
export const WORKERS = {
  payment: { batchSize: 200, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
  webhook: {
    batchSize: 20,
    // More loops than one endpoint may hold, or a single one that hangs would stop all others.
    localConcurrency: 16,
    pollingIntervalSeconds: 0.5,
    burstWhenBatchFull: true,
    groupConcurrency: 4,
  },
  reconcile: { pollingIntervalSeconds: 2 },
  quote_expiry: { pollingIntervalSeconds: 2 },
  books: { pollingIntervalSeconds: 2 },
  books_month: { pollingIntervalSeconds: 2 },
  quote_sweep: { pollingIntervalSeconds: 2 },
  audit_seal: { pollingIntervalSeconds: 2 },
} as const satisfies Record<Exclude<QueueName, 'payment_dead'>, WorkOptions>

/** Cron expressions of what runs by itself; pg-boss resolves them to the minute. */
export const SCHEDULES = {
  reconcile: '* * * * *',
  quote_expiry: '* * * * *',
  // Not on the hour, when everybody else's reports run.
  books: '17 * * * *',
  books_month: '43 3 * * *',
  quote_sweep: '*/5 * * * *',
  audit_seal: '* * * * *',
} as const
