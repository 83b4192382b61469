import { type Fiat, minorUnitsPerMajor } from '../../core/currency.ts'
import { convertDown } from '../../core/money.ts'
import type { FeeRequest } from '../../fees/model.ts'
import { fallbackMid } from '../../market/fallback.ts'
import type { Chance } from './chance.ts'

/** Where money comes from and where it goes, by weight: every pair can be drawn. */
const FROM: Record<Fiat, number> = {
  USD: 45,
  EUR: 20,
  GBP: 11,
  CAD: 6,
  AUD: 5,
  CHF: 4,
  SGD: 3,
  JPY: 3,
  MXN: 1.5,
  BRL: 1.5,
}
const TO: Record<Fiat, number> = {
  EUR: 26,
  USD: 14,
  MXN: 12,
  GBP: 12,
  BRL: 9,
  JPY: 8,
  CHF: 5,
  CAD: 5,
  AUD: 5,
  SGD: 4,
}

const COUNTRIES: Record<Fiat, readonly [string, ...string[]]> = {
  AUD: ['AU'],
  BRL: ['BR'],
  CAD: ['CA'],
  CHF: ['CH'],
  EUR: ['DE', 'FR', 'NL', 'ES', 'IT', 'AT', 'IE'],
  GBP: ['GB'],
  JPY: ['JP'],
  MXN: ['MX'],
  SGD: ['SG'],
  USD: ['US'],
}

/** Logarithm of the middle amount in US dollars, and the deviation around it: invoices, a few of them large. */
const MIDDLE = Math.log(900)
const DEVIATION = 1.65
const LEAST_USD = 20
const MOST_USD = 250_000

/** Amounts of invoices are often round. */
const ROUND_SHARE = 0.45

/** What somebody wants to send. */
export interface Wish {
  from: Fiat
  to: Fiat
  /** Minor units of `from`. */
  amount: bigint
}

const drawUsdCents = (chance: Chance, mostUsd: number): bigint => {
  for (;;) {
    const usd = Math.exp(MIDDLE + DEVIATION * chance.normal())
    if (usd >= LEAST_USD && usd <= mostUsd) return BigInt(Math.round(usd * 100))
  }
}

const drawAmount = (chance: Chance, currency: Fiat, mostUsd: number): bigint => {
  const amount = convertDown(drawUsdCents(chance, mostUsd), 'USD', currency, fallbackMid(currency))
  const step = 10n * minorUnitsPerMajor(currency)
  const isRound = chance.unit() < ROUND_SHARE && amount > 20n * step
  return isRound ? amount - (amount % step) : amount
}

/** A wish that is worth so many US dollars at most. */
export const drawWish = (chance: Chance, mostUsd = MOST_USD): Wish => {
  const from = chance.weighted(FROM)
  const to = chance.weighted<Fiat>({ ...TO, [from]: 0 })
  return { from, to, amount: drawAmount(chance, from, mostUsd) }
}

/** The question about fees that goes with a wish. */
export const drawFeeRequest = (chance: Chance, { from, to, amount }: Wish): FeeRequest => ({
  amount: Number(amount),
  from_currency: from,
  to_currency: to,
  destination_country: chance.pick(COUNTRIES[to]),
  priority: chance.weighted({ standard: 70, express: 20, economy: 10 }),
  customer_tier: chance.weighted({ standard: 55, business: 30, premium: 10, enterprise: 5 }),
})
