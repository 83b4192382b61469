import { FIAT_CURRENCIES, type Fiat } from '../../core/currency.ts'
import { fallbackMids } from '../../market/fallback.ts'
import { createChance } from './chance.ts'
import { DAY_MS } from './hours.ts'

/** Days of publications that are made up. */
export const MID_DAYS = 120

/** Deviation of a day's change of the rate for one US dollar, about as large as in a quiet year. */
const DAILY: Record<Fiat, number> = {
  AUD: 0.0058,
  BRL: 0.0085,
  CAD: 0.0038,
  CHF: 0.0048,
  EUR: 0.0045,
  GBP: 0.0048,
  JPY: 0.006,
  MXN: 0.0075,
  SGD: 0.0026,
  USD: 0,
}

/** How restless a day is: it follows the day before and returns to 1, so that what a lock costs moves too. */
const RESTLESS = { keep: 0.9, deviation: 0.18 }

/** One currency's mid as of midnight UTC. */
export interface SampleMid {
  currency: Fiat
  /** Epoch milliseconds. */
  publishedAt: number
  /** Units of the currency for one US dollar, as decimal text. */
  fiatPerUsd: string
}

/** Mids of the working days before `end`: a random walk that arrives at the built-in sample's rates. */
export const drawMids = (seed: string, end: number): SampleMid[] => {
  const chance = createChance(`${seed}/mids`)
  const midnight = end - (end % DAY_MS)
  const days = Array.from({ length: MID_DAYS }, (_, index) => midnight - index * DAY_MS).filter(
    (at) => ![0, 6].includes(new Date(at).getUTCDay()),
  )
  // Backwards from what is quoted today, so that the newest mid is that.
  const rates = new Map(FIAT_CURRENCIES.map((currency) => [currency, Number(fallbackMids[currency])]))
  let restless = 1
  return days
    .flatMap((publishedAt) => {
      const published = [...rates].flatMap(([currency, rate]) =>
        currency === 'USD' ? [] : [{ currency, publishedAt, fiatPerUsd: rate.toFixed(6) }],
      )
      restless = 1 + RESTLESS.keep * (restless - 1) + RESTLESS.deviation * chance.normal()
      const size = Math.min(Math.max(restless, 0.4), 2.5)
      for (const [currency, rate] of rates)
        rates.set(currency, rate * Math.exp(DAILY[currency] * size * chance.normal()))
      return published
    })
    .reverse()
}
