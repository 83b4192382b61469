import { LOCALE } from './locale.ts'

const TIME = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DATE_TIME = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' })
const DAY_TIME = new Intl.DateTimeFormat(LOCALE, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
})
const DAY = new Intl.DateTimeFormat(LOCALE, { month: 'short', day: 'numeric', timeZone: 'UTC' })
const NUMBER = new Intl.NumberFormat(LOCALE)
const RATE = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 21 })
const PERCENT = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 })
const USD = new Intl.NumberFormat(LOCALE, {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 6,
})

/** Times are ISO 8601 text or epoch milliseconds. */
export type Instant = string | number

export const clockTime = (at: Instant): string => TIME.format(new Date(at))
export const dateTime = (at: Instant): string => DATE_TIME.format(new Date(at))
export const dayTime = (at: Instant): string => DAY_TIME.format(new Date(at))
/** A calendar day in UTC. */
export const day = (at: Instant): string => DAY.format(new Date(at))

export const count = (value: number): string => NUMBER.format(value)
/** Every digit that the API has given: the payout is computed with exactly this. */
export const rate = (value: number): string => RATE.format(String(value) as `${number}`)
export const percent = (share: number): string => PERCENT.format(share)
/** US dollars given as decimal text, exact. */
export const usd = (decimal: string): string => USD.format(decimal as `${number}`)
/** Hundredths of a percent. */
export const bps = (value: number): string => `${NUMBER.format(value)} bps`

/** A length of time in milliseconds, in its two largest units. */
export const duration = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d`
}

/** How long ago, from now. */
export const ago = (at: Instant, now: number): string => {
  const ms = now - new Date(at).getTime()
  return ms < 1_000 ? 'just now' : `${duration(ms)} ago`
}

/** `ONRAMP_PENDING` and `micro_lamports` as words. */
export const words = (name: string): string => {
  const text = name
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/\b(on|off)ramp\b/g, '$1-ramp')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
