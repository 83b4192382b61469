import { type Currency, exponentOf, type Fiat, isFiat } from '../../../core/currency.ts'
import { LOCALE } from './locale.ts'

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

/** What stands between groups of digits, where the reader's own mark is none of these. */
const BLANKS = /[\s\u00a0\u202f'’]/

/** The digits of the part before the decimals, or null when marks stand where no group of three ends. */
const wholeOf = (text: string): string | null => {
  if (/^\d+$/.test(text)) return text
  const groups = text.split(BLANKS.test(text) ? BLANKS : marks.group)
  const [first = '', ...more] = groups
  const sound = /^\d{1,3}$/.test(first) && more.every((each) => /^\d{2,3}$/.test(each))
  return sound && more.at(-1)?.length === 3 ? groups.join('') : null
}

/**
 * Reads an amount as the reader writes it, exactly. A mark that the reader's own way of writing would put elsewhere is
 * refused, for `1000.50` and `1000,50` each mean something else to somebody.
 */
export const parseMoney = (text: string, currency: Fiat): Parsed => {
  const exponent = exponentOf(currency)
  const [before = '', fraction = '', ...rest] = text.trim().split(marks.decimal)
  const whole = wholeOf(before)
  if (whole === null || rest.length > 0 || !/^\d*$/.test(fraction))
    return { problem: `Write an amount such as ${money(100_050, currency)}` }
  if (fraction.length > exponent)
    return {
      problem:
        exponent === 0 ? `${currency} has no decimals` : `${currency} has at most ${exponent} decimals`,
    }
  const minor = Number(whole + fraction.padEnd(exponent, '0'))
  if (!Number.isSafeInteger(minor)) return { problem: 'That is more than can be sent' }
  return minor === 0 ? { problem: 'The amount must be more than zero' } : { minor }
}
