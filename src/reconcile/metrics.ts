import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import { KIND_NAMES } from './findings.ts'
import type { RunStore } from './store.ts'

/**
 * Registers what the newest run found, read whenever the metrics are. Before the first run there is no number of
 * findings, and the age is infinite.
 */
export const registerReconcileMetrics = (registry: Registry, store: RunStore, clock: Clock): void => {
  new Gauge({
    name: 'ratelock_reconcile_findings',
    help: 'Disagreements between the books that the newest reconciliation found',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const run = await store.newest()
      this.reset()
      for (const kind of run ? KIND_NAMES : []) this.set({ kind }, run?.findingsByKind[kind] ?? 0)
    },
  })
  new Gauge({
    name: 'ratelock_reconcile_age_seconds',
    help: 'Seconds since the newest reconciliation ended',
    registers: [registry],
    async collect() {
      const run = await store.newest()
      this.set(run ? (clock.now() - run.endedAt.getTime()) / 1000 : Number.POSITIVE_INFINITY)
    },
  })
}
