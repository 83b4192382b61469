import { isBadEnd, type Row } from './board.ts'
import { money, seconds, signedMoney } from './format.ts'
import type { Outcome } from './outcome.ts'
import type { Paint } from './paint.ts'
import type { Quote, WebhookEvent } from './wire.ts'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const BAR = 20

/** The first lines of every demo. */
export const TITLE = 'Ratelock demo: one payment from the quote to the payout. No real money moves.'
export const STARTING = 'Starting Ratelock with a PostgreSQL of its own in'

const AMOUNT = 16

/** The picture that a turning sign has in a frame. */
export const spinner = (frame: number): string => SPINNER[frame % SPINNER.length] ?? ''

const line = (label: string, value: string, note = '') =>
  `  ${label.padEnd(16)} ${value}${note && `   ${note}`}`
const amount = (value: bigint | number, currency: Quote['currency']) =>
  money(value, currency).padStart(AMOUNT)

const bar = (share: number): string => {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * BAR)
  return '█'.repeat(full) + '░'.repeat(BAR - full)
}

const RATE_SOURCES: Record<Quote['rate_source'], string> = {
  live: 'live market rates',
  cached: 'the last market rates that are known',
  fallback: 'sample rates, not market data',
}

/** A quote as a table. */
export const quoteLines = (quote: Quote, paint: Paint): string[] => {
  const { currency, fees, route } = quote
  const rate = `${quote.exchange_rate} ${quote.payout_currency} for 1 ${currency}`
  const fee = (label: string, value: number) => paint.dim(line(label, amount(-value, currency)))
  return [
    line('You pay', amount(quote.amount, currency)),
    fee('Platform fee', fees.platform_fee),
    fee('On-ramp fee', fees.onramp_fee),
    fee('Off-ramp fee', fees.offramp_fee),
    line('Converted', amount(quote.amount - fees.total_fees, currency), `at ${rate}`),
    paint.bold(
      line('Payee gets', amount(quote.guaranteed_payout, quote.payout_currency), 'guaranteed payout'),
    ),
    line('Route', `provider ${quote.provider}; ${route.onramp} > ${route.chain} > ${route.offramp}`),
    line('Rate source', RATE_SOURCES[quote.rate_source]),
  ]
}

/** How much longer the quote can be paid. */
export const countdownLine = (quote: Quote, now: number, paint: Paint): string => {
  const left = Math.max(Date.parse(quote.expires_at) - now, 0)
  const share = left / (quote.valid_for_seconds * 1000)
  return line('Locked for', `${paint.accent(bar(share))} ${seconds(left)}`)
}

/** The states with their times; a leg that runs has a bar that is drawn by its usual duration. */
export const boardLines = (
  rows: readonly Row[],
  at: { now: number; frame: number; usualLegMs: number },
  paint: Paint,
): string[] =>
  rows.map(({ status, phase, since, until, message }) => {
    const name = status.padEnd(16)
    if (since === null) return paint.dim(`  · ${name}`)
    const elapsed = (until ?? at.now) - since
    const time = seconds(elapsed).padStart(7)
    if (phase === 'now') {
      const spin = paint.accent(spinner(at.frame))
      const waits = /^(ON|OFF)RAMP_PENDING$/.test(status)
      // Full only when the provider says so.
      const share = at.usualLegMs > 0 ? Math.min(elapsed / at.usualLegMs, 0.95) : 0.95
      return `  ${spin} ${paint.bold(name)} ${time}  ${waits ? paint.accent(bar(share)) : message}`
    }
    const mark = isBadEnd(status) ? paint.bad('✗') : paint.good('✓')
    // The end has no duration.
    return `  ${mark} ${name} ${elapsed > 0 ? time : ' '.repeat(7)}  ${paint.dim(message)}`
  })

/** A webhook whose signature is good. Its number is the payment's sequence, for webhooks may overtake each other. */
export const webhookLine = ({ type, data }: WebhookEvent, paint: Paint): string => {
  const name = `#${data.sequence} ${type.padEnd(18)} ${data.status.padEnd(16)}`
  return `  ${paint.good('✓')} ${name} ${paint.good('signature verified')}`
}

const inWords = (carried: bigint): string => {
  if (carried === 0n) return 'neither gain nor loss'
  return carried > 0n ? 'a gain, kept by the platform' : 'a loss, carried by the platform'
}

/** What everybody got in the end. */
export const outcomeLines = (outcome: Outcome, scale: number, paint: Paint): string[] => {
  const { quote, payment, carried } = outcome
  const pair = `${quote.payout_currency} for 1 ${quote.currency}`
  const tint = carried < 0n ? paint.bad : paint.good
  // The number ends where those of the amounts end.
  const rate = (value: number) => `${String(value).padStart(AMOUNT - ' USD'.length)} ${pair}`
  return [
    line('Payer gave', amount(payment.amount, payment.currency)),
    paint.bold(line('Payee got', amount(outcome.paidOut, quote.payout_currency), 'exactly what was quoted')),
    line('Locked rate', rate(payment.exchange_rate)),
    line('Executed rate', rate(outcome.executedRate)),
    line('Difference', tint(signedMoney(carried, 'USDC').padStart(AMOUNT + 1)), inWords(carried)),
    line('Webhooks', `${outcome.webhooks} received, every signature verified`),
    line('Time taken', `${seconds(outcome.tookMs)}, with sandbox settlement times x ${scale}`),
  ]
}

/** Where to go from here. */
export const NEXT_LINES = [
  'Next: `npx bun@1.4 start` serves the API at http://127.0.0.1:3000; try all of',
  'this by hand in its Swagger UI at http://127.0.0.1:3000/swagger.',
]
