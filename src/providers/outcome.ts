import { type Rate, rateToNumber } from '../core/rate.ts'
import { type Instructions, type Operation, type Outcome, REFUSAL_CLASSES, type Settled } from './port.ts'

const MOST_TEXT = 500
const MOST_REFERENCE = 255
const MOST_INSTRUCTIONS = 30
const LONGEST_PAUSE_MS = 86_400_000

/** The API shows amounts as JSON numbers. */
const MOST_AMOUNT = BigInt(Number.MAX_SAFE_INTEGER)
/** Bound of a rate's numeric(24, 10). */
const MOST_RATE = 10n ** 24n - 1n

/** A provider's words as PostgreSQL can store them: no NUL, no half characters, not endless. */
const storable = (text: unknown): string =>
  typeof text === 'string' ? text.slice(0, MOST_TEXT).toWellFormed().replaceAll('\0', '') : 'no reason given'

const isReference = (text: unknown): text is string =>
  typeof text === 'string' && text !== '' && text.length <= MOST_REFERENCE && text === storable(text)

const within = (value: unknown, most: bigint): value is bigint =>
  typeof value === 'bigint' && value > 0n && value <= most

const isRate = (rate: unknown): rate is Rate => {
  if (!within(rate, MOST_RATE)) return false
  try {
    // It throws for a rate that the API could not show exactly.
    rateToNumber(rate as Rate)
    return true
  } catch {
    return false
  }
}

const isPause = (ms: unknown): ms is number => typeof ms === 'number' && ms >= 0

const unusable = (message: string): Outcome => ({ kind: 'unknown', message })

/** Text fields alone, a bounded number of them: they are stored, and shown to whoever has to pay. */
const instructionsOf = (given: unknown): Instructions | null => {
  if (typeof given !== 'object' || given === null) return null
  const fields = Object.entries(given)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .slice(0, MOST_INSTRUCTIONS)
  return fields.length === 0
    ? null
    : Object.fromEntries(fields.map(([name, value]) => [storable(name), storable(value)]))
}

const done = (reference: string, settled: Settled | undefined, asked: Operation): Outcome => {
  const { amount, currency, fiat, rate } = settled ?? {}
  const refund = asked.leg === 'refund'
  if (!within(amount, MOST_AMOUNT) || !isRate(rate)) return unusable('it was done without usable amounts')
  if (currency !== (refund ? asked.currency : 'USDC')) return unusable('it was done in another currency')
  if ((refund && amount !== asked.amount) || fiat !== asked.amount)
    return unusable('it was done for another amount than it was asked for')
  return {
    kind: 'done',
    reference,
    settled: { amount, currency, fiat, rate },
  }
}

/**
 * An outcome that can be acted on and written down, and that answers what was asked. Whatever a provider's adapter
 * lets through that does not becomes unknown: one payment's bad answer must not keep the others of its batch from
 * being committed, and no payment ends on money that did not move as asked.
 */
export const soundOutcome = (answer: Outcome, asked: Operation): Outcome => {
  switch (answer?.kind) {
    case 'accepted': {
      const { kind, reference, checkAfterMs, instructions } = answer
      if (!isReference(reference)) return unusable('it accepted without a usable reference')
      const pause = isPause(checkAfterMs) ? { checkAfterMs: Math.min(checkAfterMs, LONGEST_PAUSE_MS) } : {}
      const shown = instructionsOf(instructions)
      return { kind, reference, ...pause, ...(shown ? { instructions: shown } : {}) }
    }
    case 'done': {
      const { reference, settled } = answer
      if (!isReference(reference)) return unusable('it was done without a usable reference')
      return done(reference, settled, asked)
    }
    case 'refused': {
      const { kind, reason, message, reference } = answer
      const named = isReference(reference) ? { reference } : {}
      // A no is a no, whatever its class; one that nobody has heard of is asked of the next provider.
      const known = REFUSAL_CLASSES.includes(reason) ? reason : 'route'
      return { kind, reason: known, message: storable(message), ...named }
    }
    case 'not_found':
      return { kind: 'not_found' }
    case 'unknown':
      return unusable(storable(answer.message))
    default:
      // `not_sent` too: only the guard can know that a call never left, an adapter has begun already.
      return unusable('its answer makes no sense')
  }
}
