import { describe, expect, test } from 'bun:test'
import { decide, type Move, type PaymentState, settle } from '../../src/payments/lifecycle.ts'
import { type Exception, isTerminal, STATUSES, type Status } from '../../src/payments/transitions.ts'
import {
  AB,
  at,
  choiceOf,
  entryOf,
  ONRAMPED,
  OUTCOMES,
  offramp,
  refund,
  run,
  TIMING,
} from './lifecycle-fixtures.ts'

const ONLY_A = choiceOf(['a'])

interface Situation {
  name: string
  payment: PaymentState
  choice?: ReturnType<typeof choiceOf>
  move: Move['kind']
  /** State and exception after each definite answer. */
  after: Record<'accepted' | 'done' | 'refused', [Status, Exception]>
}

/** Every state with every journal that it can meet. */
const SITUATIONS: Situation[] = [
  {
    name: 'PENDING, nothing sent',
    payment: at('PENDING', 0),
    move: 'submit',
    after: {
      accepted: ['ONRAMP_PENDING', 'none'],
      done: ['ONRAMP_PENDING', 'none'],
      refused: ['PENDING', 'none'],
    },
  },
  {
    name: 'PENDING, nothing sent, one provider',
    payment: at('PENDING', 0),
    choice: ONLY_A,
    move: 'submit',
    after: {
      accepted: ['ONRAMP_PENDING', 'none'],
      done: ['ONRAMP_PENDING', 'none'],
      refused: ['FAILED', 'none'],
    },
  },
  {
    name: 'PENDING, sent without an answer',
    payment: at('PENDING', 1, entryOf()),
    move: 'inquire',
    after: {
      accepted: ['ONRAMP_PENDING', 'none'],
      done: ['ONRAMP_PENDING', 'none'],
      refused: ['PENDING', 'none'],
    },
  },
  {
    name: 'PENDING, refused by one',
    payment: at('PENDING', 1, entryOf({ status: 'refused' })),
    move: 'submit',
    after: {
      accepted: ['ONRAMP_PENDING', 'none'],
      done: ['ONRAMP_PENDING', 'none'],
      refused: ['FAILED', 'none'],
    },
  },
  {
    name: 'ONRAMP_PENDING',
    payment: at('ONRAMP_PENDING', 1, entryOf({ status: 'accepted' })),
    move: 'poll',
    after: {
      accepted: ['ONRAMP_PENDING', 'none'],
      done: ['ONRAMP_COMPLETE', 'none'],
      refused: ['FAILED', 'none'],
    },
  },
  {
    name: 'ONRAMP_COMPLETE, nothing sent',
    payment: at('ONRAMP_COMPLETE', 0, ONRAMPED),
    move: 'submit',
    after: {
      accepted: ['OFFRAMP_PENDING', 'none'],
      done: ['OFFRAMP_PENDING', 'none'],
      refused: ['ONRAMP_COMPLETE', 'none'],
    },
  },
  {
    name: 'ONRAMP_COMPLETE, sent without an answer',
    payment: at('ONRAMP_COMPLETE', 1, ONRAMPED, offramp({})),
    choice: ONLY_A,
    move: 'inquire',
    after: {
      accepted: ['OFFRAMP_PENDING', 'none'],
      done: ['OFFRAMP_PENDING', 'none'],
      refused: ['REFUND_PENDING', 'none'],
    },
  },
  {
    name: 'OFFRAMP_PENDING, another provider left',
    payment: at('OFFRAMP_PENDING', 1, ONRAMPED, offramp({ status: 'accepted' })),
    move: 'poll',
    after: {
      accepted: ['OFFRAMP_PENDING', 'none'],
      done: ['COMPLETED', 'none'],
      refused: ['ONRAMP_COMPLETE', 'none'],
    },
  },
  {
    name: 'OFFRAMP_PENDING, none left',
    payment: at(
      'OFFRAMP_PENDING',
      2,
      ONRAMPED,
      offramp({ status: 'refused' }),
      offramp({ attempt: 2, provider: 'b', status: 'accepted' }),
    ),
    move: 'poll',
    after: {
      accepted: ['OFFRAMP_PENDING', 'none'],
      done: ['COMPLETED', 'none'],
      refused: ['REFUND_PENDING', 'none'],
    },
  },
  {
    name: 'REFUND_PENDING, nothing sent',
    payment: at('REFUND_PENDING', 0, ONRAMPED),
    move: 'submit',
    after: {
      accepted: ['REFUND_PENDING', 'none'],
      done: ['REFUND_PENDING', 'none'],
      refused: ['REFUND_PENDING', 'needs_review'],
    },
  },
  {
    name: 'REFUND_PENDING, accepted',
    payment: at('REFUND_PENDING', 1, ONRAMPED, refund({ status: 'accepted' })),
    move: 'poll',
    after: {
      accepted: ['REFUND_PENDING', 'none'],
      done: ['REFUNDED', 'none'],
      refused: ['REFUND_PENDING', 'needs_review'],
    },
  },
]

describe('every situation', () => {
  for (const { name, payment, choice = AB, move, after } of SITUATIONS) {
    test(`${name}: the next move is to ${move}`, () => expect(decide(payment, choice).kind).toBe(move))

    for (const kind of ['accepted', 'done', 'refused'] as const)
      test(`${name}: ${kind} gives ${after[kind].join(', ')}`, () => {
        const effect = run(payment, OUTCOMES[kind], choice)
        expect([effect.to, effect.exception]).toEqual(after[kind])
        expect(effect.nextMs === null).toBe(isTerminal(effect.to))
      })
    test(`${name}: a call that was not sent changes nothing, and is tried again when the breaker has rested`, () => {
      const timing = { ...TIMING, restMs: 7_000 }
      const effect = settle(payment, decide(payment, choice), { kind: 'not_sent' }, choice, timing)
      expect(effect).toMatchObject({ changed: false, to: payment.status, exception: 'none', nextMs: 7_000 })
    })

    for (const outcome of [OUTCOMES.not_found, OUTCOMES.unknown, null])
      test(`${name}: ${outcome?.kind ?? 'no answer'} changes nothing but the exception, and asks again`, () => {
        const effect = run(payment, outcome, choice)
        expect(effect).toMatchObject({ to: payment.status, exception: 'provider_unknown', patch: null })
        expect(effect.nextMs).toBeGreaterThanOrEqual(TIMING.retryMinMs)
        const late = run({ ...payment, pastSettleBy: true }, outcome, choice)
        expect(late).toMatchObject({ to: payment.status, exception: 'needs_review', patch: null })
      })
  }

  test('covers every state that can still move', () => {
    const covered = new Set(SITUATIONS.map(({ payment }) => payment.status))
    expect([...covered].sort()).toEqual(STATUSES.filter((status) => !isTerminal(status)).sort())
  })

  for (const status of STATUSES.filter((each) => isTerminal(each) && each !== 'COMPLETED'))
    test(`${status} rests, whatever its journal says`, () => {
      for (const entry of ['submitted', 'accepted', 'done', 'refused'] as const) {
        const payment = at(status, 1, entryOf({ status: entry }), offramp({ status: entry }))
        expect(decide(payment, AB)).toEqual({ kind: 'rest' })
        expect(run(payment, null)).toMatchObject({ changed: false, to: status, nextMs: null })
      }
    })

  describe('a completed payment that somebody has reason to look at', () => {
    const paid = at('COMPLETED', 1, ONRAMPED, offramp({ status: 'done', reference: 'ref_offramp' }))

    test('asks whether the payout still stands, by its reference, and sends nothing', () => {
      const move = decide(paid, AB)
      expect(move).toMatchObject({ kind: 'recheck', provider: 'a', operation: { reference: 'ref_offramp' } })
    })

    for (const kind of ['accepted', 'done', 'not_found', 'not_sent', 'unknown'] as const)
      test(`rests as it was when the answer is ${kind}`, () =>
        expect(run(paid, OUTCOMES[kind])).toMatchObject({ changed: false, returned: false, nextMs: null }))

    test('needs a person once the payout has come back, and is then left alone', () => {
      const effect = run(paid, { ...OUTCOMES.refused, message: 'account closed' })
      expect(effect).toMatchObject({
        changed: true,
        returned: true,
        to: 'COMPLETED',
        exception: 'needs_review',
        failureReason: 'The payout came back from a: account closed',
        patch: null,
        nextMs: null,
      })
      expect(decide({ ...paid, returned: true, exception: 'needs_review' }, AB)).toEqual({ kind: 'rest' })
    })
  })
})
