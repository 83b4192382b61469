import { Counter, type Registry } from 'prom-client'
import { OF_PROCESS } from '../telemetry/metrics.ts'
import type { QuoteObserver } from './service.ts'

/** Registers what becomes of requests for a quote, and answers who has to be told of it. */
export const observeQuotes = (registry: Registry): QuoteObserver => {
  const quotes = new Counter({
    name: 'ratelock_quote_requests_total',
    help: `Requests for a quote that were answered: created, or the code of the error. ${OF_PROCESS}`,
    labelNames: ['outcome'],
    registers: [registry],
  })
  quotes.inc({ outcome: 'created' }, 0)
  return (outcome) => quotes.inc({ outcome })
}
