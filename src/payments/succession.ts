import type { Leg } from '../providers/port.ts'
import type { Choice, JournalEntry, PaymentState, Timing } from './lifecycle.ts'

/** More attempts at one leg than that help nobody, however temporary the refusals are. */
const MOST_ATTEMPTS = 20

/** What refusals mean for whoever could serve the leg next. */
export type Successor =
  | { kind: 'next'; names: readonly string[] }
  /** Nobody new is left, but some said no for now only. */
  | { kind: 'again'; names: readonly string[] }
  | { kind: 'nobody' }

/** A leg's refusals, in order of attempts. */
export const refusalsOf = (payment: PaymentState, leg: Leg): Refusal[] =>
  payment.journal
    .filter((entry) => entry.leg === leg && entry.status === 'refused')
    .map(({ provider, refusal }) => ({ provider, refusal }))

type Refusal = Pick<JournalEntry, 'provider' | 'refusal'>

/** Who is asked after these refusals. What the law forbids one provider is asked of no other. */
export const successorOf = (
  { ranked }: Choice,
  refusals: readonly Refusal[],
  { pastSettleBy }: PaymentState,
): Successor => {
  if (refusals.some(({ refusal }) => refusal === 'compliance')) return { kind: 'nobody' }
  const last = new Map(refusals.map(({ provider, refusal }) => [provider, refusal]))
  const names = ranked.filter((name) => !last.has(name))
  if (names.length > 0) return { kind: 'next', names }
  const later = ranked.filter((name) => last.get(name) === 'temporary')
  const over = pastSettleBy || refusals.length >= MOST_ATTEMPTS
  return later.length > 0 && !over ? { kind: 'again', names: later } : { kind: 'nobody' }
}

/** Before a provider that was not available is asked again: twice as long each time, within bounds. */
export const pauseAfter = (refusals: number, { retryMinMs, retryMaxMs }: Timing): number =>
  Math.min(retryMinMs * 2 ** refusals, retryMaxMs)
