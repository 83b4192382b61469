import { Gauge, type Registry } from 'prom-client'
import { FIAT_CURRENCIES } from '../core/currency.ts'
import { OF_DATABASE } from '../telemetry/metrics.ts'
import type { Reading } from '../telemetry/readings.ts'
import type { Exposure } from './model.ts'

type OpenLock = Exposure['open'][number]

/**
 * Registers what is promised and not yet paid out. By the currency of the payout alone, which is the unit of the amounts:
 * the other side of the pair would make ninety series of ten, and say nothing that an alert needs.
 */
export const registerExposureMetrics = (registry: Registry, read: Reading<Exposure['open']>): void => {
  const gauge = (name: string, help: string, value: (lock: OpenLock) => number) =>
    new Gauge({
      name: `ratelock_exposure_${name}`,
      help: `${help} ${OF_DATABASE}`,
      labelNames: ['currency'],
      registers: [registry],
      async collect() {
        const locks = await read()
        this.reset()
        if (!locks) return
        for (const currency of FIAT_CURRENCIES) this.set({ currency }, 0)
        for (const lock of locks) this.inc({ currency: lock.to_currency }, value(lock))
      },
    })
  gauge('payments', 'Payments whose payout is promised and not yet made.', ({ payments }) => payments)
  gauge(
    'locked_minor_units',
    'Payouts that they were promised, minor units of the currency.',
    (lock) => lock.locked_payout,
  )
  gauge(
    'unrealised_minor_units',
    'What the same money would pay out now less what was promised, minor units of the currency: below 0 is a loss of ours.',
    (lock) => lock.unrealised,
  )
}
