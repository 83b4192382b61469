import { describe, expect, test } from 'bun:test'
import { ACCOUNT_STREAM } from '../../src/payments/feed/examples.ts'
import { createReader, MOST_PAYMENTS } from '../../src/payments/feed/reader.ts'
import type { PaymentSummary } from '../../src/payments/model.ts'

const [line = ''] = /\{"payment_id.*$/m.exec(ACCOUNT_STREAM) ?? []
const EXAMPLE: PaymentSummary = JSON.parse(line)

const payment = (name: string, sequence = 1): PaymentSummary => ({ ...EXAMPLE, payment_id: name, sequence })
const many = (count: number, prefix = 'p') =>
  Array.from({ length: count }, (_, index) => payment(`${prefix}${index}`))

const reading = (since: number | null = null) => {
  const nudges = { count: 0 }
  const reader = createReader(since, () => {
    nudges.count++
  })
  /** What waits, each event as its name or its payment, and its id. */
  const said = () =>
    reader
      .take()
      ?.map(({ id, event, data }) => [
        event === 'payment' ? `${data.payment_id} ${data.sequence}` : event,
        id,
      ])
  return { ...reader, nudges, said }
}

describe('what a stream says', () => {
  test('begins with ready at the newest seal, and then of each payment the newest state alone', () => {
    const { begin, push, said } = reading()
    expect(said()).toBeUndefined()
    begin(7, [])
    expect(said()).toEqual([['ready', 7]])
    push(8, [payment('a'), payment('b')])
    push(9, [payment('a', 2)])
    expect(said()).toEqual([
      ['a 2', 7],
      ['b 1', 9],
    ])
    expect(said()).toBeUndefined()
  })

  test('goes on from where its client was, and claims to be further only with the last of what was missed', () => {
    const { begin, said } = reading(3)
    begin(9, [payment('a'), payment('b')])
    expect(said()).toEqual([
      ['ready', 3],
      ['a 1', 3],
      ['b 1', 9],
    ])
  })

  test('moves on in silence as what was said is sealed, which the next event or heartbeat shows', () => {
    const { begin, push, heartbeat, said, nudges } = reading(3)
    begin(3, [])
    said()
    const before = nudges.count
    push(5, [])
    expect([said(), nudges.count]).toEqual([undefined, before])
    expect(heartbeat(false)).toEqual([{ id: 5, event: 'heartbeat', data: {} }])
    push(6, [payment('a'), payment('b')])
    expect(said()?.map(([, id]) => id)).toEqual([5, 6])
  })

  test('is reload in place of too many payments, whether they come at once or while nobody reads', () => {
    for (const parts of [[many(MOST_PAYMENTS + 1)], [many(MOST_PAYMENTS), many(1, 'one more')]]) {
      const { begin, push, said } = reading()
      begin(1, [])
      said()
      for (const part of parts) push(2, part)
      // The list that the client loads after it shows this too.
      push(3, [payment('later')])
      expect(said()).toEqual([['reload', 3]])
      push(4, [payment('live')])
      expect(said()).toEqual([['live 1', 4]])
    }
  })

  test('is no reload for as many as may wait, of which some change again', () => {
    const { begin, push, said } = reading()
    begin(1, many(MOST_PAYMENTS))
    push(2, many(MOST_PAYMENTS))
    expect(said()).toHaveLength(1 + MOST_PAYMENTS)
  })

  test('is ready and reload for a client of which nobody can tell what it missed', () => {
    const { begin, said } = reading(99)
    begin(5, null)
    expect(said()).toEqual([
      ['ready', 99],
      ['reload', 5],
    ])
  })

  test('is reload in place of each heartbeat while nobody can tell what changes', () => {
    const { begin, push, heartbeat, said } = reading()
    expect(heartbeat(false)).toEqual([{ event: 'heartbeat', data: {} }])
    begin(5, [])
    said()
    push(6, [])
    expect(heartbeat(true)).toEqual([{ id: 6, event: 'reload', data: {} }])
  })
})
