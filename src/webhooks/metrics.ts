import { Counter, Histogram, type Registry } from 'prom-client'
import { CALL_SECONDS, OF_PROCESS } from '../telemetry/metrics.ts'
import type { DeliveryObserver } from './sending/batch.ts'

/** Registers the attempts at deliveries, and answers who has to be told of them. */
export const observeDeliveries = (registry: Registry): DeliveryObserver => {
  const registers = [registry]
  const attempts = new Counter({
    name: 'ratelock_webhook_attempts_total',
    help: `Attempts to deliver an event: delivered, failed, or gone for HTTP 410. ${OF_PROCESS}`,
    labelNames: ['outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'ratelock_webhook_attempt_seconds',
    help: `Seconds from the start of an attempt to the head of the answer, or to the failure. ${OF_PROCESS}`,
    buckets: CALL_SECONDS,
    registers,
  })
  const dead = new Counter({
    name: 'ratelock_webhook_dead_total',
    help: `Deliveries that became dead letters. ${OF_PROCESS}`,
    registers,
  })
  const disabled = new Counter({
    name: 'ratelock_webhook_endpoints_disabled_total',
    help: `Endpoints that were disabled because nothing could be delivered to them. ${OF_PROCESS}`,
    registers,
  })
  for (const outcome of ['delivered', 'failed', 'gone']) attempts.inc({ outcome }, 0)
  return {
    attempted: (outcome, seconds) => {
      attempts.inc({ outcome })
      durations.observe(seconds)
    },
    died: () => dead.inc(),
    disabled: () => disabled.inc(),
  }
}
