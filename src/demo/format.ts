import type { Currency } from '../core/currency.ts'
import { formatAmount } from '../core/money.ts'

/** Minor units for people: 100000 USD is "1,000.00 USD". */
export const money = (amount: bigint | number, currency: Currency): string => {
  const [whole = '', fraction] = formatAmount(BigInt(amount), currency).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${fraction === undefined ? grouped : `${grouped}.${fraction}`} ${currency}`
}

/** The same with a plus where it is one. */
export const signedMoney = (amount: bigint, currency: Currency): string =>
  `${amount > 0n ? '+' : ''}${money(amount, currency)}`

/** Milliseconds as seconds: "9.3 s". */
export const seconds = (ms: number): string => `${(Math.max(ms, 0) / 1000).toFixed(1)} s`
