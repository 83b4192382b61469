import { type Currency, exponentOf, type Fiat, isFiat } from '../../../core/currency.ts'

const LOCALE = navigator.language

/** How the reader writes numbers: `.` and `,` in one place are `,` and `.` in another. */
const marks = (() => {
  const parts = new Intl.NumberFormat(LOCALE).formatToParts(12345.6)
  const of = (type: string) => parts.find((part) => part.type === type)?.value
  return { decimal: of('decimal') ?? '.', group: of('group') ?? ',' }
})()

/** Minor units as exact decimal text: no float is made of an amount on its way to the reader. */
const decimalOf = (minor: number, exponent: number): `${number}` => {
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`
  return `${minor < 0 ? '-' : ''}${whole}${fraction}` as `${number}`
}

const formats = new Map<string, Intl.NumberFormat>()

const formatOf = (currency: string, signed: boolean): Intl.NumberFormat => {
  const key = `${currency} ${signed}`
  const known = formats.get(key)
  if (known) return known
  const signDisplay = signed ? ('exceptZero' as const) : ('auto' as const)
  const made = isFiat(currency)
    ? new Intl.NumberFormat(LOCALE, { style: 'currency', currency, signDisplay })
    : new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 6, signDisplay })
  formats.set(key, made)
  return made
}

/** An amount as the reader writes it, in the currency's own minor units; `signed` shows a plus too. */
export const money = (minor: number, currency: string, { signed = false } = {}): string => {
  const text = formatOf(currency, signed).format(decimalOf(minor, exponentOf(currency as Currency)))
  return isFiat(currency) ? text : `${text} ${currency}`
}

export type Parsed = { minor: number } | { problem: string }

/** Reads an amount as the reader writes it, exactly. */
export const parseMoney = (text: string, currency: Fiat): Parsed => {
  const exponent = exponentOf(currency)
  const plain = text
    .trim()
    .replaceAll(marks.group, '')
    .replace(/[\s'’]/g, '')
    .replace(marks.decimal, '.')
  const match = /^(\d+)(?:\.(\d*))?$/.exec(plain)
  if (!match) return { problem: `Write an amount such as ${money(100_000, currency)}` }
  const [, whole = '', fraction = ''] = match
  if (fraction.length > exponent)
    return {
      problem:
        exponent === 0 ? `${currency} has no decimals` : `${currency} has at most ${exponent} decimals`,
    }
  const minor = Number(whole + fraction.padEnd(exponent, '0'))
  if (!Number.isSafeInteger(minor)) return { problem: 'That is more than can be sent' }
  return minor === 0 ? { problem: 'The amount must be more than zero' } : { minor }
}
