import { Counter, Histogram, type Registry } from 'prom-client'
import { OF_PROCESS } from '../telemetry/metrics.ts'
import type { PaymentObserver } from './observer.ts'
import { STATUSES } from './transitions.ts'

/** Registers what this process does with payments, and answers who has to be told of it. */
export const observePayments = (registry: Registry): PaymentObserver => {
  const registers = [registry]
  const requests = new Counter({
    name: 'ratelock_payment_requests_total',
    help: `Requests for a payment that were answered: accepted, replayed for their idempotency key, or the code of the error. ${OF_PROCESS}`,
    labelNames: ['outcome'],
    registers,
  })
  const entered = new Counter({
    name: 'ratelock_payments_entered_total',
    help: `Payments that came into the state. ${OF_PROCESS}`,
    labelNames: ['state'],
    registers,
  })
  const completed = new Histogram({
    name: 'ratelock_payment_completion_seconds',
    help: `Seconds from acceptance to COMPLETED, counted by the process that commits the end. ${OF_PROCESS}`,
    buckets: [1, 5, 15, 30, 60, 120, 180, 240, 300, 600, 1_800, 3_600, 7_200, 86_400],
    registers,
  })
  const lag = new Histogram({
    name: 'ratelock_payment_step_lag_seconds',
    help: `Seconds from when a step was due until it was committed: wait, provider call and commit. ${OF_PROCESS}`,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120],
    registers,
  })
  const returned = new Counter({
    name: 'ratelock_payouts_returned_total',
    help: `Payouts that came back after their payment was COMPLETED. ${OF_PROCESS}`,
    registers,
  })
  // Whoever asks for an increase must find a zero before the first.
  for (const state of STATUSES) entered.inc({ state }, 0)
  for (const outcome of ['accepted', 'replayed']) requests.inc({ outcome }, 0)
  return {
    requested: (outcome) => requests.inc({ outcome }),
    entered: (state) => entered.inc({ state }),
    returned: () => returned.inc(),
    completed: (seconds) => completed.observe(seconds),
    // A clock that was set back gives no negative wait.
    stepped: (seconds) => lag.observe(Math.max(0, seconds)),
  }
}
