import type { Transition } from './wire.ts'

/** A state that the payment is in, was in or should come to. Times are epoch milliseconds. */
export interface Row {
  status: string
  phase: 'past' | 'now' | 'ahead'
  /** When it was entered; null ahead. */
  since: number | null
  /** When it was left; null before that. */
  until: number | null
  message: string
}

const GOOD_WAY = ['PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED']
const REFUND_WAY = ['REFUND_PENDING', 'REFUNDED']
const BAD_ENDS = ['FAILED', 'CANCELLED', 'REFUNDED']

/** Whether a payment in this state has ended badly. */
export const isBadEnd = (status: string): boolean => BAD_ENDS.includes(status)

const aheadOf = (status: string): string[] => {
  const way = [GOOD_WAY, REFUND_WAY].find((states) => states.includes(status)) ?? []
  return way.slice(way.indexOf(status) + 1)
}

/** The rows of a payment that has had these changes: each state that it entered, then those of the way ahead. */
export const boardOf = (changes: readonly Transition[]): Row[] => {
  const entered: Row[] = []
  for (const { from_status, to_status, message, timestamp } of changes) {
    const present = entered.at(-1)
    const time = Date.parse(timestamp)
    if (present && from_status === to_status) present.message = message
    else {
      if (present) Object.assign(present, { phase: 'past', until: time })
      entered.push({ status: to_status, phase: 'now', since: time, until: null, message })
    }
  }
  const last = entered.at(-1)
  const ahead = last ? aheadOf(last.status) : GOOD_WAY
  if (last && ahead.length === 0) Object.assign(last, { phase: 'past', until: last.since })
  return [
    ...entered,
    ...ahead.map((status): Row => ({ status, phase: 'ahead', since: null, until: null, message: '' })),
  ]
}
