import { Gauge, type Registry } from 'prom-client'
import { OF_PROCESS } from '../telemetry/metrics.ts'
import { RATE_SOURCES } from './facts.ts'
import type { SourceReport } from './service.ts'

/** Registers how the market's sources are doing; those that are not asked are left out. */
export const registerMarketMetrics = (registry: Registry, report: () => readonly SourceReport[]): void => {
  const registers = [registry]
  new Gauge({
    name: 'ratelock_market_age_seconds',
    help: `Seconds since the last good answer of the market source; +Inf before the first. ${OF_PROCESS}`,
    labelNames: ['source'],
    registers,
    collect() {
      for (const { name: source, ageSeconds } of report())
        this.set({ source }, ageSeconds ?? Number.POSITIVE_INFINITY)
    },
  })
  new Gauge({
    name: 'ratelock_market_source_status',
    help: `1 for what the value of the market source counts as, 0 for the rest; fallback is a built-in sample. ${OF_PROCESS}`,
    labelNames: ['source', 'status'],
    registers,
    collect() {
      for (const { name: source, status: now } of report())
        for (const status of RATE_SOURCES) this.set({ source, status }, Number(status === now))
    },
  })
  new Gauge({
    name: 'ratelock_market_source_failures',
    help: `Failures of the market source in a row, 0 after a good answer. ${OF_PROCESS}`,
    labelNames: ['source'],
    registers,
    collect() {
      for (const { name: source, failures } of report()) this.set({ source }, failures)
    },
  })
}
