import { describe, expect, test } from 'bun:test'
import { boardOf } from '../../src/demo/board.ts'
import { money, signedMoney } from '../../src/demo/format.ts'
import { outcomeOf } from '../../src/demo/outcome.ts'
import { COLOURS, NO_COLOURS } from '../../src/demo/paint.ts'
import { createRegion } from '../../src/demo/region.ts'
import {
  boardLines,
  countdownLine,
  NEXT_LINES,
  outcomeLines,
  quoteLines,
  TITLE,
  webhookLine,
} from '../../src/demo/screen.ts'
import { CHANGES, EVENTS, NOW, PAYMENT, QUOTE, REFUND } from './samples.ts'

const outcome = outcomeOf(QUOTE, PAYMENT, CHANGES, EVENTS)
const at = { now: NOW + 5100, frame: 3, usualLegMs: 10_000 }

test('amounts have the places of their currency and groups of three digits', () => {
  expect(money(87_699, 'EUR')).toBe('876.99 EUR')
  expect(money(123_456_789_012n, 'USD')).toBe('1,234,567,890.12 USD')
  expect(money(-1234, 'JPY')).toBe('-1,234 JPY')
  expect(money(5, 'EUR')).toBe('0.05 EUR')
  expect(signedMoney(257_563n, 'USDC')).toBe('+0.257563 USDC')
  expect(signedMoney(-1_088_158n, 'USDC')).toBe('-1.088158 USDC')
})

test('a quote names every figure and says plainly that its rates are samples', () => {
  expect(quoteLines(QUOTE, NO_COLOURS)).toEqual([
    '  You pay              1,000.00 USD',
    '  Platform fee           -21.00 USD',
    '  On-ramp fee            -10.50 USD',
    '  Off-ramp fee           -15.75 USD',
    '  Converted              952.75 USD   at 0.92049 EUR for 1 USD',
    '  Payee gets             876.99 EUR   guaranteed payout',
    '  Route            provider sandbox_a; sandbox_a > base > sandbox_a',
    '  Rate source      sample rates, not market data',
  ])
})

test('the countdown goes down to zero and not below', () => {
  expect(countdownLine(QUOTE, NOW + 3000, NO_COLOURS)).toBe('  Locked for       ███████████████████░ 57.0 s')
  expect(countdownLine(QUOTE, NOW + 61_000, NO_COLOURS)).toEndWith('░░ 0.0 s')
})

describe('the board', () => {
  const draw = (changes: typeof CHANGES) => boardLines(boardOf(changes), at, NO_COLOURS)

  test('has all five states before anything happened', () => {
    expect(draw([]).map((line) => line.trim())).toEqual([
      '· PENDING',
      '· ONRAMP_PENDING',
      '· ONRAMP_COMPLETE',
      '· OFFRAMP_PENDING',
      '· COMPLETED',
    ])
  })

  test('fills in, with a bar for the leg that runs', () => {
    expect(draw(CHANGES.slice(0, 2)).slice(0, 3)).toEqual([
      '  ✓ PENDING            0.1 s  Now PENDING',
      '  ⠸ ONRAMP_PENDING     5.0 s  ██████████░░░░░░░░░░',
      '  · ONRAMP_COMPLETE ',
    ])
  })

  test('never shows a leg as done before it is', () => {
    const late = { ...at, now: NOW + 60_000 }
    expect(boardLines(boardOf(CHANGES.slice(0, 2)), late, NO_COLOURS)[1]).toEndWith('█░')
  })

  test('is complete in the end', () => {
    expect(draw(CHANGES).every((line) => line.startsWith('  ✓ '))).toBe(true)
  })

  test('follows a payment off the good way', () => {
    const rows = boardOf(REFUND.slice(0, 6))
    expect(rows.map(({ status, phase }) => `${status} ${phase}`).slice(3)).toEqual([
      'OFFRAMP_PENDING past',
      'REFUND_PENDING now',
      'REFUNDED ahead',
    ])
    expect(draw(REFUND).at(-1)).toStartWith('  ✗ REFUNDED')
  })
})

test('the outcome tells who got what, and the platform’s difference in words', () => {
  expect(outcomeLines(outcome, 0.1, NO_COLOURS)).toEqual([
    '  Payer gave           1,000.00 USD',
    '  Payee got              876.99 EUR   exactly what was quoted',
    '  Locked rate           0.92049 EUR for 1 USD',
    '  Executed rate    0.9194327082 EUR for 1 USD',
    '  Difference          -1.088158 USDC   a loss, carried by the platform',
    '  Webhooks         5 received, every signature verified',
    '  Time taken       20.2 s, with sandbox settlement times x 0.1',
  ])
  expect(outcomeLines({ ...outcome, carried: 1n }, 0.1, NO_COLOURS)[4]).toEndWith(
    '+0.000001 USDC   a gain, kept by the platform',
  )
})

test('everything fits 80 columns, and colours change nothing but colour', () => {
  const all = (paint: typeof COLOURS) => [
    TITLE,
    ...quoteLines(QUOTE, paint),
    countdownLine(QUOTE, NOW, paint),
    ...boardLines(boardOf(CHANGES.slice(0, 4)), at, paint),
    ...EVENTS.map((event) => webhookLine(event, paint)),
    ...outcomeLines(outcome, 0.1, paint),
    ...NEXT_LINES,
  ]
  expect(Math.max(...all(COLOURS).map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(80)
  expect(all(COLOURS).map((line) => Bun.stripANSI(line))).toEqual(all(NO_COLOURS))
})

test('a region is drawn over its last picture, unless that is kept', () => {
  const written: string[] = []
  const region = createRegion((text) => written.push(text))
  region.draw(['a', 'b'])
  region.draw(['c'])
  region.keep()
  region.draw(['d'])
  region.close()
  expect(written).toEqual([
    '\x1b[?25l',
    '\ra\x1b[K\nb\x1b[K\n\x1b[J',
    '\r\x1b[2Ac\x1b[K\n\x1b[J',
    '\rd\x1b[K\n\x1b[J',
    '\x1b[?25h',
  ])
})
