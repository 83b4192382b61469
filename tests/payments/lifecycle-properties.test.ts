import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Choice,
  decide,
  type JournalEntry,
  type PaymentState,
  settle,
} from '../../src/payments/lifecycle.ts'
import { isTerminal, STATUSES, TRANSITIONS } from '../../src/payments/transitions.ts'
import { type Outcome, REFUSAL_CLASSES, type RefusalClass } from '../../src/providers/port.ts'
import { OUTCOMES, paymentOf, TIMING } from './lifecycle-fixtures.ts'

const NAMES = ['a', 'b', 'c'] as const

/** What happens in one step: what the provider answers, and where the process dies, if it does. */
interface Draw {
  answer: Outcome['kind'] | 'none'
  refusal: RefusalClass
  crash: 'journalled' | 'called' | null
  resting: readonly string[]
  ranked: readonly string[]
  late: boolean
  waitedMs: number
}

const drawn: fc.Arbitrary<Draw> = fc.record({
  answer: fc.constantFrom(...(Object.keys(OUTCOMES) as Outcome['kind'][]), 'none' as const),
  refusal: fc.constantFrom(...REFUSAL_CLASSES),
  crash: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    fc.constantFrom('journalled' as const, 'called' as const),
  ),
  resting: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray([...NAMES])),
  // Configuration may change between two steps: a new release drops a provider or ranks them otherwise.
  ranked: fc.oneof({ weight: 3, arbitrary: fc.constant([...NAMES]) }, fc.shuffledSubarray([...NAMES])),
  late: fc.boolean(),
  waitedMs: fc.integer({ min: 0, max: 1_000_000 }),
})

const life = fc.array(drawn, { minLength: 1, maxLength: 25 })

interface Step {
  before: PaymentState
  after: PaymentState
  choice: Choice
  move: ReturnType<typeof decide>
  /** Null when the process died before it could commit. */
  effect: ReturnType<typeof settle> | null
  draw: Draw
}

const outcomeOf = ({ answer, refusal }: Draw, reference: string): Outcome | null => {
  if (answer === 'none') return null
  if (answer === 'refused') return { ...OUTCOMES.refused, reason: refusal }
  const outcome = OUTCOMES[answer]
  return 'reference' in outcome ? { ...outcome, reference } : outcome
}

/** Plays a life as the statements in sql/ would write it. */
const play = (draws: readonly Draw[]): Step[] => {
  let payment = paymentOf()
  let late = false
  return draws.map((draw) => {
    late ||= draw.late && draw.waitedMs > 500_000
    const before: PaymentState = {
      ...payment,
      pastSettleBy: late,
      journal: payment.journal.map((entry) => ({ ...entry, waitedMs: draw.waitedMs })),
    }
    const choice: Choice = { ranked: draw.ranked, resting: new Set(draw.resting) }
    const move = decide(before, choice)
    payment = before
    if (move.kind === 'submit') {
      const { leg, attempt } = move.operation
      const entry: JournalEntry = {
        leg,
        attempt,
        provider: move.provider,
        status: 'submitted',
        refusal: null,
        reference: null,
        waitedMs: 0,
        ageMs: 0,
      }
      payment = { ...payment, attempt, journal: [...payment.journal, entry] }
    }
    if (draw.crash) return { before, after: payment, choice, move, effect: null, draw }
    const key = 'operation' in move ? move.operation.key : ''
    const effect = settle(before, move, outcomeOf(draw, `ref_${key}`), choice, TIMING)
    const { patch } = effect
    if (effect.changed)
      payment = {
        ...payment,
        status: effect.to,
        exception: effect.exception,
        returned: payment.returned || effect.returned,
        version: payment.version + 1,
        attempt: entersNewLeg(before.status, effect.to) ? 0 : payment.attempt,
        journal: payment.journal.map((entry) =>
          patch && entry.leg === patch.leg && entry.attempt === patch.attempt
            ? {
                ...entry,
                status: patch.status,
                refusal: patch.refusal,
                reference: patch.reference ?? entry.reference,
              }
            : entry,
        ),
      }
    return { before, after: payment, choice, move, effect, draw }
  })
}

const entersNewLeg = (from: string, to: string): boolean =>
  (from === 'ONRAMP_PENDING' && to === 'ONRAMP_COMPLETE') ||
  (from !== 'REFUND_PENDING' && to === 'REFUND_PENDING')

const holds = (check: (step: Step, past: readonly Step[]) => void) =>
  fc.assert(
    fc.property(life, (draws) => {
      const steps = play(draws)
      for (const [index, step] of steps.entries()) check(step, steps.slice(0, index))
    }),
    { numRuns: 400 },
  )

const live = (payment: PaymentState) =>
  payment.journal.filter(({ status }) => status === 'submitted' || status === 'accepted')

test('the lives that are drawn reach every state that a provider can bring about', () => {
  const reached = new Set(
    fc
      .sample(life, { numRuns: 3000, seed: 1 })
      .flatMap((draws) => play(draws).map(({ after }) => after.status)),
  )
  expect([...reached].sort()).toEqual(STATUSES.filter((status) => status !== 'CANCELLED').sort())
})

describe('in every life, whatever providers answer and wherever the process dies', () => {
  test('the same state decides the same move', () =>
    holds(({ before, choice, move }) => expect(decide(before, choice)).toEqual(move)))

  test('there are never two live operations', () =>
    holds(({ after }) => expect(live(after).length).toBeLessThan(2)))

  test('an operation is sent only when none is live and every earlier attempt of its leg was refused', () =>
    holds(({ before, move }) => {
      if (move.kind !== 'submit') return
      const { leg, attempt } = move.operation
      const earlier = before.journal.filter((entry) => entry.leg === leg)
      expect(live(before)).toEqual([])
      expect(earlier.every(({ status }) => status === 'refused')).toBe(true)
      expect(attempt).toBe(earlier.length + 1)
    }))

  test('every submission has a key of its own, and questions are asked of the same provider under that key', () =>
    holds(({ move }, past) => {
      if (!('operation' in move)) return
      const sent = past.flatMap((step) => (step.move.kind === 'submit' ? [step.move] : []))
      const same = sent.filter(({ operation }) => operation.key === move.operation.key)
      if (move.kind === 'submit') expect(same).toEqual([])
      else {
        // What is known of it grows; what is asked for stays.
        const { reference, sentBefore, ageMs, ...asked } = move.operation
        expect(same).toMatchObject([{ provider: move.provider, operation: asked }])
        expect({ sentBefore, young: ageMs >= 0 }).toEqual({ sentBefore: true, young: true })
        expect(reference === null || reference === `ref_${asked.key}`).toBe(true)
      }
    }))

  test('after an unknown outcome the next move asks, at the same provider, and sends nothing', () =>
    holds(({ before, move, effect, draw, after }) => {
      if (!effect || !('operation' in move)) return
      if (draw.answer === 'accepted' || draw.answer === 'done' || draw.answer === 'refused') return
      if (move.kind === 'recheck') return
      expect(effect).toMatchObject({ patch: null, to: before.status })
      expect(effect.nextMs).toBeGreaterThanOrEqual(TIMING.retryMinMs)
      const anyone: Choice = { ranked: ['c', 'b', 'a'], resting: new Set() }
      const next = decide(after, anyone)
      expect(['inquire', 'poll']).toContain(next.kind)
      expect(next).toMatchObject({ provider: move.provider, operation: { key: move.operation.key } })
    }))

  test('a call that was not sent announces nothing, but that time has passed, and is made again under its key', () =>
    holds(({ before, move, effect, draw, after }) => {
      if (!effect || !('operation' in move) || draw.answer !== 'not_sent') return
      // Whether a payout still stands is asked once, whenever somebody has reason to.
      if (move.kind === 'recheck') return
      expect(effect).toMatchObject({ patch: null, to: before.status, nextMs: TIMING.restMs })
      if (!before.pastSettleBy && before.exception !== 'overdue') expect(effect.changed).toBe(false)
      const next = decide(after, { ranked: ['c', 'b', 'a'], resting: new Set() })
      expect(next).toMatchObject({ provider: move.provider, operation: { key: move.operation.key } })
    }))

  test('a payment that can still move always has a next step, and one that ended never', () =>
    holds(({ effect, after, choice }) => {
      if (!effect) return
      expect(effect.nextMs === null).toBe(isTerminal(effect.to))
      if (effect.nextMs === null) expect(['rest', 'recheck']).toContain(decide(after, choice).kind)
      else expect(effect.nextMs).toBeGreaterThanOrEqual(0)
    }))

  test('every change of state is in the table, and an ended payment keeps no exception but that its payout came back', () =>
    holds(({ before, effect }) => {
      if (!effect) return
      if (effect.to !== before.status)
        expect(TRANSITIONS.map(({ from, to }) => `${from} ${to}`)).toContain(`${before.status} ${effect.to}`)
      if (isTerminal(effect.to))
        expect(effect.exception).toBe(before.returned || effect.returned ? 'needs_review' : 'none')
    }))

  test('no provider is asked twice for an on-ramp or off-ramp, unless it said no for now and nobody new is left', () =>
    holds(({ before, move, choice }) => {
      if (move.kind !== 'submit' || move.operation.leg === 'refund') return
      const refused = before.journal.filter((entry) => entry.leg === move.operation.leg)
      const own = refused.filter(({ provider }) => provider === move.provider)
      if (own.length === 0) return
      expect(own.at(-1)?.refusal).toBe('temporary')
      const tried = refused.map(({ provider }) => provider)
      expect(choice.ranked.filter((name) => !tried.includes(name))).toEqual([])
      expect(before.pastSettleBy).toBe(false)
    }))

  test('what the law forbids one provider is asked of no other', () =>
    holds(({ before, move }) => {
      if (move.kind !== 'submit' || move.operation.leg === 'refund') return
      const refused = before.journal.filter((entry) => entry.leg === move.operation.leg)
      expect(refused.map(({ refusal }) => refusal)).not.toContain('compliance')
    }))

  test('a submission goes to the first in rank that has not refused and does not rest', () =>
    holds(({ before, move, choice }) => {
      if (move.kind !== 'submit' || move.operation.leg === 'refund') return
      const tried = new Set(
        before.journal.filter(({ leg }) => leg === move.operation.leg).map(({ provider }) => provider),
      )
      const free = choice.ranked.filter((name) => !tried.has(name) && !choice.resting.has(name))
      if (!tried.has(move.provider)) expect(move.provider).toBe(free[0] ?? '')
      else expect(free).toEqual([])
    }))

  test('once a provider took the on-ramp, its failure never sends another', () =>
    holds(({ before, move }) => {
      if (move.kind === 'submit' && move.operation.leg === 'onramp') expect(before.status).toBe('PENDING')
    }))

  test('a refund is asked only of the provider that carried out the on-ramp, by its reference', () =>
    holds(({ before, move }) => {
      if (!('operation' in move) || move.operation.leg !== 'refund') return
      const done = before.journal.filter(({ leg, status }) => leg === 'onramp' && status === 'done')
      expect(done).toMatchObject([{ provider: move.provider, reference: move.operation.undoes }])
      expect(move.operation.undoes).not.toBeNull()
    }))

  test('a payment fails only when no on-ramp was carried out', () =>
    holds(({ after }) => {
      const onramped = after.journal.some(({ leg, status }) => leg === 'onramp' && status === 'done')
      if (after.status === 'FAILED') expect(onramped).toBe(false)
      if (after.status === 'COMPLETED' || after.status === 'REFUNDED') expect(onramped).toBe(true)
    }))

  test('a definite answer clears trouble: what stays is overdue, or a refund that was refused', () =>
    holds(({ before, effect, draw, move }) => {
      if (!effect || !('operation' in move) || isTerminal(effect.to)) return
      const refused = move.operation.leg === 'refund' && draw.answer === 'refused'
      if (draw.answer === 'accepted' || draw.answer === 'done' || draw.answer === 'refused')
        expect(effect.exception).toBe(refused ? 'needs_review' : before.pastSettleBy ? 'overdue' : 'none')
    }))

  test('from anywhere, providers that work again bring it to an end within ten steps', () =>
    fc.assert(
      fc.property(life, (draws) => {
        const calm: Draw = {
          answer: 'done',
          refusal: 'route',
          crash: null,
          resting: [],
          ranked: NAMES,
          late: false,
          waitedMs: 0,
        }
        const last = play([...draws, ...Array.from({ length: 10 }, () => calm)]).at(-1)
        expect(isTerminal(last?.after.status ?? 'PENDING')).toBe(true)
      }),
    ))
})
