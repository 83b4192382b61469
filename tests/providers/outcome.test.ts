import { describe, expect, test } from 'bun:test'
import { RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import { soundOutcome } from '../../src/providers/outcome.ts'
import {
  type Instructions,
  LEGS,
  type Leg,
  type Outcome,
  type RefusalClass,
} from '../../src/providers/port.ts'
import { operationWith } from './sandbox-fixtures.ts'

const asked = (leg: Leg) => operationWith({ leg, amount: 95_275n, currency: 'EUR' })

const doneFor = (leg: Leg, change: object = {}): Outcome => {
  const usual = leg === 'refund' ? { amount: 95_275n, currency: 'EUR' } : { amount: 1_000n, currency: 'USDC' }
  const settled = { ...usual, fiat: 95_275n, rate: RATE_UNITS as Rate, ...change }
  return { kind: 'done', reference: 'ref', settled } as Outcome
}
const kindOf = (leg: Leg, change: object) => soundOutcome(doneFor(leg, change), asked(leg)).kind

describe.each([...LEGS])('what a done %s settled', (leg) => {
  test('is taken as it is when it matches what was asked', () =>
    expect(soundOutcome(doneFor(leg), asked(leg))).toEqual(doneFor(leg)))

  test('is unknown in any currency but the one that was asked for', () => {
    const right = leg === 'refund' ? 'EUR' : 'USDC'
    const kinds = ['EUR', 'USD', 'USDC', 'XXX', undefined]
      .filter((currency) => currency !== right)
      .map((currency) => kindOf(leg, { currency }))
    expect(kinds).toEqual(kinds.map(() => 'unknown' as const))
  })

  test('is unknown when other fiat moved than was asked for, by a single minor unit or as a number', () =>
    expect(
      [95_274n, 95_276n, 0n, -95_275n, 95_275, null, undefined].map((fiat) => kindOf(leg, { fiat })),
    ).toEqual(Array.from({ length: 7 }, () => 'unknown' as const)))

  test('is unknown at a rate that the API cannot show exactly, or no column holds', () => {
    const kinds = [
      ['exact', 1551234567890n],
      ['15 digits', 123451234567890n],
      ['17 digits', 12345671234567891n],
      ['exact in JSON, but too wide for its column', 10n ** 24n],
      ['too wide', 10n ** 30n],
    ].map(([, rate]) => kindOf(leg, { rate }))
    expect(kinds).toEqual(['done', 'done', 'unknown', 'unknown', 'unknown'])
  })
})

test('a refund that gives back another amount is unknown', () =>
  expect([95_274n, 95_276n].map((amount) => kindOf('refund', { amount }))).toEqual(['unknown', 'unknown']))

test('an amount of USDC is done up to 2^53 - 1, which JSON shows exactly, and unknown from there', () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  for (const leg of ['onramp', 'offramp'] as const)
    expect([most, most + 1n].map((amount) => kindOf(leg, { amount }))).toEqual(['done', 'unknown'])
})

test('an adapter cannot claim that its call was not sent: it has begun already', () =>
  expect(soundOutcome({ kind: 'not_sent' }, asked('onramp')).kind).toBe('unknown'))

test('a refusal of a class that nobody knows is asked of the next provider', () =>
  expect(
    soundOutcome({ kind: 'refused', reason: 'whim' as RefusalClass, message: 'no' }, asked('onramp')),
  ).toMatchObject({ kind: 'refused', reason: 'route' }))

test('instructions are text fields, bounded and storable; what is none of that is left out', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, 'x'.repeat(10_000)]))
  const given = { memo: 'a\u0000b', amount: 7, nested: {}, empty: '', ...many } as unknown as Instructions
  const outcome = soundOutcome({ kind: 'accepted', reference: 'ref', instructions: given }, asked('onramp'))
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  const shown = Object.entries(outcome.instructions ?? {})
  expect(shown.length).toBe(30)
  expect(shown[0]).toEqual(['memo', 'ab'])
  expect(shown.every(([, value]) => value.length <= 500)).toBe(true)
  for (const nothing of [null, 'text', 7, {}, []] as unknown as Instructions[])
    expect(
      soundOutcome({ kind: 'accepted', reference: 'ref', instructions: nothing }, asked('onramp')),
    ).toEqual({
      kind: 'accepted',
      reference: 'ref',
    })
})

test('a refusal keeps the provider’s words, bounded and storable', () => {
  const message = `no\u0000\ud800${'x'.repeat(10_000)}`
  const outcome = soundOutcome({ kind: 'refused', reason: 'limits', message }, asked('onramp'))
  if (outcome.kind !== 'refused') throw new Error(`expected refused, got ${outcome.kind}`)
  expect(outcome.reason).toBe('limits')
  expect(outcome.message).toStartWith('no')
  expect(outcome.message.isWellFormed() && !outcome.message.includes('\0')).toBe(true)
  expect(outcome.message.length).toBeLessThanOrEqual(500)
})
