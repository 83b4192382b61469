import { describe, expect, test } from 'bun:test'
import {
  type Event,
  isTerminal,
  STATUSES,
  type Status,
  TRANSITIONS,
  transition,
} from '../../src/payments/transitions.ts'

/** Section 5 of the design, copied by hand: the table must be changed in both places. */
const DESIGN: Record<Status, Partial<Record<Event, Status>>> = {
  PENDING: { onramp_accepted: 'ONRAMP_PENDING', cancelled: 'CANCELLED', onramp_refused: 'FAILED' },
  ONRAMP_PENDING: { onramp_settled: 'ONRAMP_COMPLETE', onramp_failed: 'FAILED' },
  ONRAMP_COMPLETE: { offramp_accepted: 'OFFRAMP_PENDING', offramp_refused: 'REFUND_PENDING' },
  OFFRAMP_PENDING: {
    offramp_settled: 'COMPLETED',
    offramp_failed: 'ONRAMP_COMPLETE',
    offramp_exhausted: 'REFUND_PENDING',
  },
  REFUND_PENDING: { refund_settled: 'REFUNDED' },
  COMPLETED: {},
  FAILED: {},
  CANCELLED: {},
  REFUNDED: {},
}

const EVENTS = [...new Set(TRANSITIONS.map(({ event }) => event))]

describe('the state machine', () => {
  for (const from of STATUSES)
    for (const event of EVENTS) {
      const to = DESIGN[from][event]
      test(`${from} on ${event} ${to ? `becomes ${to}` : 'is refused'}`, () => {
        if (to) expect(transition(from, event)).toMatchObject({ from, event, to })
        else expect(() => transition(from, event)).toThrow(`no transition from ${from} on ${event}`)
      })
    }

  test('lists nothing that the design does not', () => {
    const designed = Object.entries(DESIGN).flatMap(([from, moves]) =>
      Object.entries(moves).map(([event, to]) => `${from} ${event} ${to}`),
    )
    expect(TRANSITIONS.map(({ from, event, to }) => `${from} ${event} ${to}`).sort()).toEqual(designed.sort())
  })

  test('ends in exactly the four states of the design', () => {
    expect(STATUSES.filter(isTerminal)).toEqual(['COMPLETED', 'FAILED', 'CANCELLED', 'REFUNDED'])
  })

  test('reaches every state from PENDING', () => {
    const reached = new Set<Status>(['PENDING'])
    for (const from of reached) for (const move of TRANSITIONS) if (move.from === from) reached.add(move.to)
    expect([...reached].sort()).toEqual([...STATUSES].sort())
  })

  test('tells every transition in words of its own', () => {
    const messages = new Set<string>(TRANSITIONS.map(({ message }) => message))
    expect(messages.size).toBe(TRANSITIONS.length)
    expect(messages.has('')).toBe(false)
  })
})
