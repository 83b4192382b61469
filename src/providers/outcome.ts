import type { Outcome, Settled } from './port.ts'

const MOST_TEXT = 500
const MOST_REFERENCE = 255
const LONGEST_PAUSE_MS = 86_400_000

/** Bounds of a bigint column and of a rate's numeric(24, 10). */
const MOST_AMOUNT = 2n ** 63n - 1n
const MOST_RATE = 10n ** 24n - 1n

/** A provider's words as PostgreSQL can store them: no NUL, no half characters, not endless. */
const storable = (text: unknown): string =>
  typeof text === 'string' ? text.slice(0, MOST_TEXT).toWellFormed().replaceAll('\0', '') : 'no reason given'

const isReference = (text: unknown): text is string =>
  typeof text === 'string' && text !== '' && text.length <= MOST_REFERENCE && text === storable(text)

const within = (value: unknown, most: bigint): boolean =>
  typeof value === 'bigint' && value > 0n && value <= most

const isSettled = (settled: Settled | undefined): boolean =>
  within(settled?.amount, MOST_AMOUNT) && within(settled?.rate, MOST_RATE)

const isPause = (ms: unknown): ms is number => typeof ms === 'number' && ms >= 0

const unusable = (message: string): Outcome => ({ kind: 'unknown', message })

/**
 * An outcome that can be acted on and written down. Whatever a provider's adapter lets through that is neither
 * becomes unknown, because one payment's bad answer must not keep the others of its batch from being committed.
 */
export const soundOutcome = (answer: Outcome): Outcome => {
  switch (answer?.kind) {
    case 'accepted': {
      const { kind, reference, checkAfterMs } = answer
      if (!isReference(reference)) return unusable('it accepted without a usable reference')
      const pause = isPause(checkAfterMs) ? { checkAfterMs: Math.min(checkAfterMs, LONGEST_PAUSE_MS) } : {}
      return { kind, reference, ...pause }
    }
    case 'done':
      if (!isReference(answer.reference)) return unusable('it was done without a usable reference')
      return isSettled(answer.settled) ? answer : unusable('it was done without usable amounts')
    case 'refused': {
      const { reference, ...refusal } = answer
      const named = isReference(reference) ? { reference } : {}
      return { ...refusal, message: storable(refusal.message), ...named }
    }
    case 'not_found':
      return answer
    case 'unknown':
      return unusable(storable(answer.message))
    default:
      return unusable('its answer makes no sense')
  }
}
