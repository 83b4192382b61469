import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { CALL_SECONDS, OF_PROCESS } from '../telemetry/metrics.ts'
import { BREAKER_STATES } from './guard.ts'
import { PROVIDER_HEALTH } from './port.ts'
import type { ObserveCall, ProviderReport } from './router.ts'

/** Registers the calls of providers, and answers who has to be told of them. */
export const observeProviders = (registry: Registry): ObserveCall => {
  const calls = new Counter({
    name: 'ratelock_provider_calls_total',
    help: `Calls of a provider by what came of them; not_sent is one that the open breaker has kept back. ${OF_PROCESS}`,
    labelNames: ['provider', 'call', 'outcome'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'ratelock_provider_call_seconds',
    help: `Seconds that a call of a provider took, without those that were not sent. ${OF_PROCESS}`,
    labelNames: ['provider', 'call'],
    buckets: CALL_SECONDS,
    registers: [registry],
  })
  return (provider, call, outcome, seconds) => {
    calls.inc({ provider, call, outcome })
    if (outcome !== 'not_sent') durations.observe({ provider, call }, seconds)
  }
}

/** Registers how the providers are doing, as `report` tells whenever the metrics are read. */
export const registerProviderMetrics = (
  registry: Registry,
  report: () => readonly ProviderReport[],
): void => {
  const registers = [registry]
  new Gauge({
    name: 'ratelock_provider_breaker_state',
    help: `1 for the state that the breaker of the provider is in, 0 for the others. ${OF_PROCESS}`,
    labelNames: ['provider', 'state'],
    registers,
    collect() {
      for (const { name: provider, breaker } of report())
        for (const state of BREAKER_STATES) this.set({ provider, state }, Number(state === breaker))
    },
  })
  new Gauge({
    name: 'ratelock_provider_health',
    help: `1 for what the provider or its status page says of itself, 0 for the rest. ${OF_PROCESS}`,
    labelNames: ['provider', 'health'],
    registers,
    collect() {
      for (const { name: provider, health: now } of report())
        for (const health of PROVIDER_HEALTH) this.set({ provider, health }, Number(health === now))
    },
  })
  new Gauge({
    name: 'ratelock_provider_failing',
    help: `1 while half of the newest calls of the provider or more have failed, else 0. ${OF_PROCESS}`,
    labelNames: ['provider'],
    registers,
    collect() {
      for (const { name: provider, failing } of report()) this.set({ provider }, Number(failing))
    },
  })
}
