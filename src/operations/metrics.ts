import { Gauge, type Registry } from 'prom-client'
import { EXCEPTIONS, isTerminal, STATUSES } from '../payments/transitions.ts'
import { OF_DATABASE } from '../telemetry/metrics.ts'
import type { Reading } from '../telemetry/readings.ts'
import type { QueueList } from './model.ts'
import type { NowRow } from './store.ts'

type Queue = QueueList['data'][number]

/** What the queue's jobs are doing; each is counted once. */
const JOB_STATES = {
  delayed: ({ queued, ready }: Queue) => queued - ready,
  ready: ({ ready }: Queue) => ready,
  active: ({ active }: Queue) => active,
  failed: ({ failed }: Queue) => failed,
}

/** Registers what the queues hold. */
export const registerQueueMetrics = (registry: Registry, read: Reading<QueueList>): void => {
  const gauge = (name: string, help: string, labels: string[], show: (gauge: Gauge, queue: Queue) => void) =>
    new Gauge({
      name: `ratelock_queue_${name}`,
      help: `${help} ${OF_DATABASE}`,
      labelNames: ['queue', ...labels],
      registers: [registry],
      async collect() {
        const queues = await read()
        this.reset()
        for (const queue of queues?.data ?? []) show(this, queue)
      },
    })
  gauge(
    'jobs',
    'Jobs that wait for their time, are due, run, or failed for good and are kept; each count stops at 100000.',
    ['state'],
    (jobs, queue) => {
      for (const [state, count] of Object.entries(JOB_STATES))
        jobs.set({ queue: queue.name, state }, count(queue))
    },
  )
  gauge(
    'oldest_ready_seconds',
    'Seconds since the oldest job that is due became so; 0 without one.',
    [],
    (age, queue) => age.set({ queue: queue.name }, queue.oldest_ready_seconds ?? 0),
  )
  gauge('failed_last_hour', 'Jobs that failed for good in the last hour.', [], (failed, queue) =>
    failed.set({ queue: queue.name }, queue.failed_last_hour),
  )
}

const LIVE = STATUSES.filter((status) => !isTerminal(status))
const POOLS = ['domain', 'queue'] as const
const CONNECTION_STATES = ['active', 'idle', 'idle in transaction', 'other'] as const

/** Registers what is live right now. */
export const registerLiveMetrics = (registry: Registry, read: Reading<NowRow>): void => {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    show: (gauge: Gauge, now: NowRow) => void,
  ) =>
    new Gauge({
      name: `ratelock_${name}`,
      help: `${help} ${OF_DATABASE}`,
      labelNames,
      registers: [registry],
      async collect() {
        const now = await read()
        // Without labels a reset would leave a zero, which nobody has read.
        if (labelNames.length > 0) this.reset()
        else this.remove()
        if (now) show(this, now)
      },
    })
  gauge(
    'payments_live',
    'Payments that have not ended, by state; counting stops at 100000.',
    ['state'],
    (live, { payments }) => {
      for (const state of LIVE) live.set({ state }, 0)
      for (const { status: state, count } of payments) live.inc({ state }, count)
    },
  )
  gauge(
    'payments_live_oldest_seconds',
    'Seconds since the oldest live payment in the state was accepted; 0 without one.',
    ['state'],
    (oldest, { payments }) => {
      for (const state of LIVE)
        oldest.set(
          { state },
          Math.max(0, ...payments.filter(({ status }) => status === state).map((some) => some.oldest)),
        )
    },
  )
  gauge(
    'payments_marked',
    'Live payments that are marked: provider_unknown, overdue or needs_review.',
    ['exception'],
    (marked, { payments }) => {
      for (const exception of EXCEPTIONS) if (exception !== 'none') marked.set({ exception }, 0)
      for (const { exception, count } of payments) if (exception !== 'none') marked.inc({ exception }, count)
    },
  )
  gauge(
    'quotes_open',
    'Quotes that have not expired, used or not; counting stops at 100000.',
    [],
    (open, { quotes }) => open.set(quotes),
  )
  gauge(
    'database_connections',
    'Connections of all processes, by pool and by what they are doing.',
    ['pool', 'state'],
    (connections, now) => {
      for (const pool of POOLS) for (const state of CONNECTION_STATES) connections.set({ pool, state }, 0)
      for (const { pool, state, count } of now.connections) connections.set({ pool, state }, count)
    },
  )
}
