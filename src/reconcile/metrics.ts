import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import { OF_DATABASE } from '../telemetry/metrics.ts'
import type { Reading } from '../telemetry/readings.ts'
import { KIND_NAMES } from './findings.ts'
import type { NewestRun } from './store.ts'

/** A run may not have been yet, which is no failure to read it. */
export type NewestReading = Reading<{ run: NewestRun | null }>

/**
 * Registers what the newest run found. Before the first run there is no number of findings, and the age is infinite.
 * Nothing of the ledger is summed for it: the database refuses what is unbalanced, and the run looks whether it did.
 */
export const registerReconcileMetrics = (registry: Registry, read: NewestReading, clock: Clock): void => {
  const registers = [registry]
  new Gauge({
    name: 'ratelock_reconcile_findings',
    help: `Disagreements between the books that the newest reconciliation found. ${OF_DATABASE}`,
    labelNames: ['kind'],
    registers,
    async collect() {
      const run = (await read())?.run
      this.reset()
      for (const kind of run ? KIND_NAMES : []) this.set({ kind }, run?.findingsByKind[kind] ?? 0)
    },
  })
  new Gauge({
    name: 'ratelock_ledger_imbalance_changes',
    help: `Changes whose ledger entries do not sum to zero in a currency, as the newest reconciliation found. ${OF_DATABASE}`,
    registers,
    async collect() {
      const run = (await read())?.run
      this.remove()
      if (run) this.set(run.findingsByKind.ledger_unbalanced ?? 0)
    },
  })
  new Gauge({
    name: 'ratelock_reconcile_age_seconds',
    help: `Seconds since the newest reconciliation ended; +Inf before the first. ${OF_DATABASE}`,
    registers,
    async collect() {
      const newest = await read()
      this.remove()
      if (!newest) return
      this.set(newest.run ? (clock.now() - newest.run.endedAt.getTime()) / 1000 : Number.POSITIVE_INFINITY)
    },
  })
}
