import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES, type Fiat } from '../../core/currency.ts'
import { Decimal, Numeral } from '../../core/decimal.ts'
import { RATE_UNITS } from '../../core/rate.ts'
import { fallbackMid } from '../fallback.ts'
import type { SourceName } from '../source.ts'
import { failure, plausible } from './answer.ts'

const forEach = <T>(of: T): Record<Fiat, T> =>
  Object.fromEntries(FIAT_CURRENCIES.map((code) => [code, of])) as Record<Fiat, T>

/** Exchange rates as one source published them. */
export const FiatMids = Type.Object({
  /** Epoch milliseconds. */
  published_at: Type.Integer(),
  /** Units of each currency for one US dollar. */
  fiat_per_usd: Type.Object(forEach(Decimal)),
  /** Epoch milliseconds at which the source will be switched off, once it has announced that. */
  ends_at: Type.Optional(Type.Integer()),
})
export type FiatMids = Static<typeof FiatMids>

/** Rates by currency in an answer; others than ours are ignored. */
export const GivenRates = Type.Object(forEach(Type.Optional(Numeral)))
export type GivenRates = Static<typeof GivenRates>

/**
 * How far from the built-in sample a mid may be, either way: no currency of ours moves that far in a few years, while
 * the mistakes that matter, such as a power of ten or another currency's rate, mostly do.
 */
const MOST_TIMES = 3n

const boundsOf = (code: Fiat): [bigint, bigint] => {
  if (code === 'USD') return [RATE_UNITS, RATE_UNITS]
  const sample = fallbackMid(code)
  return [sample / MOST_TIMES, sample * MOST_TIMES]
}

/**
 * Units per US dollar of every currency that we support. Throws SourceError `unexpected_shape` naming those that are
 * missing, and `absurd` for a mid that cannot be, such as zero or a dollar that is not one dollar.
 */
export const fiatPerUsd = (name: SourceName, given: GivenRates): FiatMids['fiat_per_usd'] => {
  const missing = FIAT_CURRENCIES.filter((code) => code !== 'USD' && given[code] === undefined)
  if (missing.length > 0) throw failure(name, 'unexpected_shape', `has no rate for ${missing.join(', ')}`)
  return Object.fromEntries(
    FIAT_CURRENCIES.map((code) => [
      code,
      plausible(name, `rate for ${code}`, given[code] ?? '1', boundsOf(code)),
    ]),
  ) as FiatMids['fiat_per_usd']
}
