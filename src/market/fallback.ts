import type { Fiat } from '../core/currency.ts'
import { parseRate, type Rate } from '../core/rate.ts'

/**
 * Units of each currency for one US dollar when no market source has ever answered. Sample values, not
 * market data: a quote made from them says `rate_source: "fallback"`. EUR is the one at which seed.md's
 * sample quote comes out to the cent.
 */
const SAMPLE_MIDS: Record<Fiat, string> = {
  AUD: '1.51',
  BRL: '5.12',
  CAD: '1.365',
  CHF: '0.889',
  EUR: '0.92049',
  GBP: '0.785',
  JPY: '155.2',
  MXN: '17.05',
  SGD: '1.348',
  USD: '1',
}

export const fallbackMid = (currency: Fiat): Rate => parseRate(SAMPLE_MIDS[currency])
