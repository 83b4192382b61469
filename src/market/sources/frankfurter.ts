import { type Static, Type } from '@sinclair/typebox'
import { isFiat } from '../../core/currency.ts'
import { Numeral, scaled } from '../../core/decimal.ts'
import { RATE_SCALE, RATE_UNITS } from '../../core/rate.ts'
import type { Source } from '../source.ts'
import { checkAge, failure, inShape, instantOf, parseAnswer } from './answer.ts'
import { FiatMids, fiatPerUsd, GivenRates } from './mids.ts'

const NAME = 'frankfurter'

/** The ECB publishes on working days. Around Easter and the turn of the year its last rates are up to five days old. */
const MOST_AGE_MS = 6 * 86_400_000

const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
const V1 = Type.Object({ amount: Numeral, base: Type.String(), date: Day, rates: GivenRates })
const V2 = Type.Array(Type.Object({ base: Type.String(), date: Day, quote: Type.String(), rate: Numeral }))

interface Published {
  date: string
  rates: GivenRates
}

const checkBase = (base: string): void => {
  if (base !== 'USD') throw failure(NAME, 'unexpected_shape', 'answered with rates for another base than USD')
}

/** The rows of v2 as one publication, as old as the oldest row of ours. */
const together = (rows: Static<typeof V2>): Published => {
  const ours = rows.filter(({ quote }) => isFiat(quote))
  for (const { base } of ours) checkBase(base)
  const [date] = ours.map((row) => row.date).sort()
  if (date === undefined) throw failure(NAME, 'empty', 'answered with no rates')
  return { date, rates: Object.fromEntries(ours.map(({ quote, rate }) => [quote, rate])) }
}

const publishedIn = (answer: unknown): Published => {
  if (Array.isArray(answer)) return together(inShape(NAME, V2, answer))
  const published = inShape(NAME, V1, answer)
  checkBase(published.base)
  if (scaled(published.amount, RATE_SCALE) !== RATE_UNITS)
    throw failure(NAME, 'unexpected_shape', 'answered with rates for another amount than one dollar')
  return published
}

const read = (body: string, nowMs: number): FiatMids => {
  const { date, rates } = publishedIn(parseAnswer(NAME, body))
  const publishedAt = instantOf(NAME, date)
  checkAge(NAME, publishedAt, nowMs, MOST_AGE_MS)
  return { published_at: publishedAt, fiat_per_usd: fiatPerUsd(NAME, rates) }
}

/**
 * The reference rates of the European Central Bank from Frankfurter, in v1 (an object) or v2 (rows). They carry a date
 * and no time, so `published_at` is the start of that day in UTC. https://frankfurter.dev
 */
export const frankfurter = (url: string): Source<FiatMids> => ({
  name: NAME,
  request: { url, method: 'GET', headers: {} },
  value: FiatMids,
  read,
})
