import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRate } from '../../src/core/rate.ts'
import { formatUsd, gasCost, gasUsd } from '../../src/fees/gas.ts'
import { CHAINS } from '../../src/providers/port.ts'
import { factsWith, mids, sampleFacts } from './facts.ts'

describe('gas is exact: the price of each chain’s own coin, and nothing rounded away', () => {
  test.each([
    // 65000 x 0.006 gwei x 2486.47
    ['base', '0.0009697233'],
    // 65000 x 369.9 gwei x 0.100652: in POL, which the original priced as ether
    ['polygon', '0.00242002636200'],
    // 65000 x 0.01 gwei x 2486.47
    ['arbitrum', '0.0016162055'],
    // (5000 + ceil(2000 x 1000 / 1e6)) lamports x 131.2
    ['solana', '0.0006562624'],
    // 65000 x 0.9 gwei x 2486.47
    ['ethereum', '0.145458495'],
  ] as const)('%s', (chain, usd) => {
    expect(formatUsd(gasUsd(sampleFacts(), chain))).toBe(usd.replace(/0+$/, ''))
  })

  test('no chain is free: the zero of the original was a misread answer', () => {
    for (const chain of CHAINS) expect(gasUsd(sampleFacts(), chain).units).toBeGreaterThan(0n)
  })

  test('twice the price is twice the cost, on every chain that has no fixed part', () => {
    for (const chain of ['base', 'polygon', 'arbitrum', 'ethereum'] as const) {
      const [once, twice] = [sampleFacts(), factsWith({ [chain]: { times: 2n } })]
      expect(gasUsd(twice, chain).units).toBe(2n * gasUsd(once, chain).units)
    }
  })
})

describe('in minor units gas is rounded to the nearest', () => {
  const cost = (usd: string, currency: keyof typeof mids = 'USD') =>
    gasCost({ units: parseRate(usd), scale: 10 }, currency, mids[currency])

  test.each([
    ['0.0049999999', 0n],
    ['0.005', 1n],
    ['0.0149999999', 1n],
    ['0.145458495', 15n],
    ['12.345', 1235n],
  ])('%s USD cost %d cents', (usd, cents) => {
    expect(cost(usd)).toBe(cents)
  })

  test('and yen have no minor unit', () => {
    // 0.145458495 x 155.2 = 22.575
    expect(cost('0.145458495', 'JPY')).toBe(23n)
    expect(cost('0.003', 'JPY')).toBe(0n)
  })

  test('never more than half a minor unit off, for any amount and currency', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 14n }),
        fc.constantFrom(...(Object.keys(mids) as (keyof typeof mids)[])),
        (units, currency) => {
          const minor = currency === 'JPY' ? 1n : 100n
          // Both sides times 10^20: the exact cost, and the rounded one.
          const exact = units * mids[currency] * minor
          const rounded = gasCost({ units, scale: 10 }, currency, mids[currency]) * 10n ** 20n
          const off = exact > rounded ? exact - rounded : rounded - exact
          expect(2n * off <= 10n ** 20n).toBe(true)
        },
      ),
    )
  })
})
