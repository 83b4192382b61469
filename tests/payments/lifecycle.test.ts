import { describe, expect, test } from 'bun:test'
import { decide, operationOf, type PaymentState, settle } from '../../src/payments/lifecycle.ts'
import type { Outcome } from '../../src/providers/port.ts'
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

describe('choosing a provider', () => {
  const provider = (payment: PaymentState, choice = AB) => {
    const move = decide(payment, choice)
    return move.kind === 'submit' ? move.provider : move.kind
  }

  test('off-ramps are tried in order of rank, each provider once', () => {
    const refusals = ['b', 'c'].map((name, index) =>
      offramp({ attempt: index + 1, provider: name, status: 'refused' }),
    )
    const ranked = choiceOf(['b', 'c', 'a'])
    expect(provider(at('ONRAMP_COMPLETE', 0, ONRAMPED), ranked)).toBe('b')
    expect(provider(at('ONRAMP_COMPLETE', 1, ONRAMPED, ...refusals.slice(0, 1)), ranked)).toBe('c')
    expect(provider(at('ONRAMP_COMPLETE', 2, ONRAMPED, ...refusals), ranked)).toBe('a')
  })

  test('a refusal of the on-ramp does not count against the off-ramp', () => {
    const journal = [
      entryOf({ provider: 'b', status: 'refused' }),
      entryOf({ attempt: 2, provider: 'a', status: 'done' }),
    ]
    expect(provider(at('ONRAMP_COMPLETE', 0, ...journal), choiceOf(['b', 'a']))).toBe('b')
  })

  test('a provider that rests is passed over, and when all rest the payment waits instead of failing', () => {
    expect(provider(at('PENDING', 0), choiceOf(['a', 'b'], ['a']))).toBe('b')
    expect(provider(at('PENDING', 0), choiceOf(['a', 'b'], ['a', 'b']))).toBe('wait')
    const all = choiceOf(['a'], ['a'])
    const waiting = settle(at('PENDING', 0), { kind: 'wait' }, null, all, { ...TIMING, restMs: 7_000 })
    expect(waiting).toMatchObject({ changed: false, to: 'PENDING', nextMs: 7_000 })
  })

  test('a refund goes to the provider of the on-ramp and names its reference, whoever ranks first', () => {
    const onramped = entryOf({ provider: 'b', status: 'done', reference: 'ref_b' })
    const move = decide(at('REFUND_PENDING', 0, onramped), choiceOf(['a', 'c']))
    expect(move).toMatchObject({
      kind: 'submit',
      provider: 'b',
      operation: { leg: 'refund', amount: 95_275n, currency: 'USD', undoes: 'ref_b' },
    })
    expect(provider(at('REFUND_PENDING', 0, onramped), choiceOf(['a'], ['b']))).toBe('wait')
  })

  test('a leg that no provider serves fails the payment before, and refunds it after the on-ramp', () => {
    const nobody = choiceOf([])
    expect(run(at('PENDING', 0), null, nobody)).toMatchObject({ to: 'FAILED', nextMs: null })
    expect(run(at('ONRAMP_COMPLETE', 0, ONRAMPED), null, nobody).to).toBe('REFUND_PENDING')
  })
})

describe('an operation', () => {
  test('asks for the net amount, the guaranteed payout, or the net amount back', () => {
    const payment = at('PENDING', 0)
    expect(operationOf(payment, 'onramp', 1)).toMatchObject({ amount: 95_275n, currency: 'USD' })
    expect(operationOf(payment, 'offramp', 1)).toMatchObject({ amount: 87_699n, currency: 'EUR' })
    expect(operationOf(payment, 'refund', 1)).toMatchObject({ amount: 95_275n, currency: 'USD' })
  })

  test('may cost a tenth more than was quoted, or than the on-ramp brought, and not a unit more', () => {
    const payment = at('PENDING', 0)
    expect(operationOf(payment, 'offramp', 1).mostUsdc).toBe((payment.usdcAmount * 11n) / 10n)
    const brought = { ...payment, usdcReceived: 1_000_000_001n }
    expect(operationOf(brought, 'refund', 1).mostUsdc).toBe(1_100_000_001n)
  })

  test('keeps its key over versions, exceptions and restarts; these keys are for good', () => {
    const payment = at('PENDING', 0)
    const later = { ...payment, version: 9, exception: 'overdue' as const, status: 'ONRAMP_PENDING' as const }
    expect(operationOf(later, 'onramp', 1).key).toBe(operationOf(payment, 'onramp', 1).key)
    expect(operationOf(payment, 'onramp', 1).key).toBe('fe4251d3-96f9-510e-97ea-3ad664cc8cfc')
  })
})

describe('the exception', () => {
  const pending = at('ONRAMP_PENDING', 1, entryOf({ status: 'accepted' }))

  test('is overdue past settle_by while the provider still answers', () => {
    expect(run({ ...pending, pastSettleBy: true }, OUTCOMES.accepted).exception).toBe('overdue')
  })

  for (const exception of ['provider_unknown', 'overdue', 'needs_review'] as const)
    test(`${exception} clears when the provider answers in time again, and says so`, () => {
      const effect = run({ ...pending, exception }, OUTCOMES.accepted)
      expect(effect).toMatchObject({ changed: true, exception: 'none' })
    })

  test('needs_review stays while the outcome is unknown and while nobody can be asked', () => {
    const review = { ...pending, exception: 'needs_review' as const }
    expect(run(review, OUTCOMES.unknown)).toMatchObject({ changed: false, exception: 'needs_review' })
    const refused = at('REFUND_PENDING', 1, ONRAMPED, refund({ status: 'refused' }))
    const waiting = run({ ...refused, exception: 'needs_review' }, null, choiceOf(['a'], ['a']))
    expect(waiting).toMatchObject({ changed: false, exception: 'needs_review' })
  })

  describe('after a call that was not sent', () => {
    const notSent = (payment: PaymentState) => run(payment, { kind: 'not_sent' })

    for (const exception of ['provider_unknown', 'needs_review'] as const)
      test(`stays ${exception}: the call that was stopped cleared nothing up`, () =>
        expect(notSent({ ...pending, exception })).toMatchObject({ changed: false, exception }))

    test('is needs_review past settle_by when an outcome is unknown, and overdue when none is', () => {
      const late = { ...pending, pastSettleBy: true }
      expect(notSent({ ...late, exception: 'provider_unknown' }).exception).toBe('needs_review')
      expect(notSent(late).exception).toBe('overdue')
    })
  })

  test('ends with the payment', () => {
    const late = { ...pending, pastSettleBy: true, exception: 'overdue' as const }
    expect(run(late, OUTCOMES.refused)).toMatchObject({ to: 'FAILED', exception: 'none' })
  })

  test('an unchanged answer writes nothing', () => {
    expect(run(pending, OUTCOMES.accepted)).toMatchObject({ changed: false, patch: null })
  })
})

describe('an unknown outcome', () => {
  test('is told to customers in constant words, whatever its cause', () => {
    const pending = at('ONRAMP_PENDING', 1, entryOf({ status: 'accepted' }))
    const unknown: Outcome = { kind: 'unknown', message: 'fetch https://api?api_key=sk_live_SECRET failed' }
    for (const outcome of [unknown, OUTCOMES.not_found, null])
      expect(run(pending, outcome).message).toBe('Outcome at a is not known yet; asking again')
  })
})

describe('the pause', () => {
  const waiting = (waitedMs: number, outcome: Outcome) =>
    run(at('ONRAMP_PENDING', 1, entryOf({ status: 'accepted', waitedMs })), outcome).nextMs

  test('before the next poll grows with the wait, within bounds, unless the provider names one', () => {
    expect([0, 100_000, 10_000_000].map((ms) => waiting(ms, OUTCOMES.accepted))).toEqual([
      5_000, 10_000, 300_000,
    ])
    expect(waiting(0, { ...OUTCOMES.accepted, checkAfterMs: 77 })).toBe(77)
  })

  test('before asking again about an unknown outcome grows with the wait, within bounds', () => {
    expect([0, 30_000, 10_000_000].map((ms) => waiting(ms, OUTCOMES.unknown))).toEqual([
      1_000, 15_000, 60_000,
    ])
  })

  test('before a provider that said “not now” is asked again doubles with every refusal, within bounds', () => {
    const refusedTimes = (times: number): PaymentState => {
      const refusals = Array.from({ length: times }, (_, index) =>
        offramp({ attempt: index + 1, status: 'refused', refusal: 'temporary' }),
      )
      return at('ONRAMP_COMPLETE', times, ONRAMPED, ...refusals)
    }
    const busy: Outcome = { kind: 'refused', reason: 'temporary', message: 'not now' }
    const pause = (times: number) => run(refusedTimes(times), busy, choiceOf(['a'])).nextMs
    expect([0, 1, 2, 10].map(pause)).toEqual([2_000, 4_000, 8_000, 60_000])
  })

  test('before the first poll is the configured one, unless the provider names one', () => {
    expect(run(at('PENDING', 0), OUTCOMES.accepted).nextMs).toBe(30_000)
    expect(run(at('PENDING', 0), { ...OUTCOMES.accepted, checkAfterMs: 90_000 }).nextMs).toBe(90_000)
  })
})
