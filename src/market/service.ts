import type { Fiat } from '../core/currency.ts'
import type { Rate } from '../core/rate.ts'
import { fallbackMid } from './fallback.ts'

/** Where a mid rate comes from; `fallback` is the built-in sample table. */
export type RateSource = 'live' | 'cached' | 'fallback'

export interface Mid {
  /** Units of the currency for one US dollar. */
  fiatPerUsd: Rate
  source: RateSource
}

/** What the rest of the program may ask about the market; answers come from memory and never wait. */
export interface Market {
  mid(currency: Fiat): Mid
}

/** A market without live sources. */
export const createFallbackMarket = (): Market => ({
  mid: (currency) => ({ fiatPerUsd: fallbackMid(currency), source: 'fallback' }),
})
