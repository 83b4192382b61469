import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRate } from '../../src/core/rate.ts'
import { candidatesFor } from '../../src/fees/candidates.ts'
import { PRIORITIES, type Priority } from '../../src/fees/model.ts'
import { bestOf, chooseByRules } from '../../src/fees/rules.ts'
import type { MarketFacts } from '../../src/market/facts.ts'
import { CHAINS, type Chain } from '../../src/providers/port.ts'
import { factsWith, offersExcept, sampleFacts } from './facts.ts'

const usd = (
  dollars: number,
  priority: Priority = 'standard',
  facts: MarketFacts = sampleFacts(),
  without: Chain[] = [],
) =>
  candidatesFor(
    { from: 'USD', to: 'EUR', amount: BigInt(Math.round(dollars * 100)), priority },
    facts,
    offersExcept(without),
  )

const chosen = (...args: Parameters<typeof usd>) => bestOf(usd(...args))?.chain
const eligible = (...args: Parameters<typeof usd>) =>
  usd(...args)
    .filter(({ ineligible }) => ineligible === null)
    .map(({ chain }) => chain)

describe('which chain carries which amount', () => {
  test('Base alone from the smallest amount to 500 USD, at any priority', () => {
    for (const priority of PRIORITIES)
      for (const dollars of [0.01, 1, 50, 100, 250, 499.99, 500])
        expect(eligible(dollars, priority)).toEqual(['base'])
  })

  test('and Ethereum alone from 500,000 USD, whatever its gas', () => {
    for (const times of [1n, 50n, 1000n])
      for (const dollars of [500_000, 1_000_000, 10_000_000])
        expect(eligible(dollars, 'economy', factsWith({ ethereum: { times } }))).toEqual(['ethereum'])
  })

  test('all five between the two limits, to the cent', () => {
    expect(eligible(500.01)).toEqual([...CHAINS])
    expect(eligible(499_999.99)).toEqual([...CHAINS])
  })

  test('the limits are in US dollars, whatever the currency: 77,600,000 yen are 500,000 USD', () => {
    const yen = (amount: bigint) =>
      candidatesFor({ from: 'JPY', to: 'EUR', amount, priority: 'standard' }, sampleFacts(), offersExcept())
        .filter(({ ineligible }) => ineligible === null)
        .map(({ chain }) => chain)
    expect(yen(77_600_000n)).toEqual(['ethereum'])
    expect(yen(77_598_000n)).toEqual([...CHAINS])
  })

  test.each([
    ['its issuer reports an outage', factsWith({ base: { health: 'outage' } }), []],
    ['its issuer calls it degraded', factsWith({ base: { health: 'degraded' } }), []],
    ['its gas is at ten times the usual', factsWith({ base: { times: 10n } }), []],
    ['no provider serves it', sampleFacts(), ['base' as const]],
  ])('small amounts leave Base when %s', (_when, facts, without) => {
    expect(chosen(50, 'standard', facts, [...without])).not.toBe('base')
    expect(chosen(50, 'standard', facts, [...without])).toBeDefined()
  })

  test('a chain in outage, and one that nobody serves, is never eligible, and says why', () => {
    const candidates = usd(5_000, 'standard', factsWith({ solana: { health: 'outage' } }), ['polygon'])
    const whyNot = Object.fromEntries(candidates.map(({ chain, ineligible }) => [chain, ineligible]))
    expect(whyNot).toEqual({
      base: null,
      arbitrum: null,
      ethereum: null,
      solana: 'its issuer reports an outage of USDC on this chain',
      polygon: 'no on-ramp serves it right now',
    })
  })

  test('none is left when the only one for a large amount is out', () => {
    expect(chosen(1_000_000, 'standard', factsWith({ ethereum: { health: 'outage' } }))).toBeUndefined()
  })
})

describe('a score weighs what its policy says', () => {
  const scoreOf = (chain: Chain, ...args: Parameters<typeof usd>) =>
    usd(...args).find((candidate) => candidate.chain === chain)?.score ?? Number.NaN

  test('more gas never scores better, and more of it in the end worse', () => {
    for (const chain of CHAINS) {
      const scores = [1n, 2n, 5n, 100n, 10_000n].map((times) =>
        scoreOf(chain, 1_000, 'standard', factsWith({ [chain]: { times } })),
      )
      expect(scores).toEqual(scores.toSorted((a, b) => b - a))
      expect(scores[4]).toBeLessThan(scores[0] ?? 0)
    }
  })

  test('waiting costs most when it is wanted soon', () => {
    const ethereum = (priority: Priority) => scoreOf('ethereum', 1_000, priority)
    expect(ethereum('express')).toBeLessThan(ethereum('standard'))
    expect(ethereum('standard')).toBeLessThan(ethereum('economy'))
  })

  test('the more is at stake, the more Ethereum’s security is worth', () => {
    expect(chosen(5_000)).toBe('base')
    expect(chosen(250_000)).toBe('ethereum')
  })

  test('a degraded chain gives way to a healthy one', () => {
    expect(chosen(5_000, 'standard', factsWith({ base: { health: 'degraded' } }))).not.toBe('base')
  })

  test('always a whole number from 0 to 1000, for any market', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        fc.constantFrom(...PRIORITIES),
        fc.bigInt({ min: 1n, max: 10n ** 6n }),
        (amount, priority, times) => {
          const facts = factsWith(Object.fromEntries(CHAINS.map((chain) => [chain, { times }])))
          for (const { score } of candidatesFor(
            { from: 'USD', to: 'JPY', amount, priority },
            facts,
            offersExcept(),
          )) {
            expect(Number.isInteger(score)).toBe(true)
            expect(score >= 0 && score <= 1000).toBe(true)
          }
        },
      ),
    )
  })
})

describe('the rules’ own choice', () => {
  const rules = (facts: MarketFacts) => {
    const candidates = usd(5_000, 'standard', facts)
    const best = bestOf(candidates)
    if (!best) throw new Error('no chain is eligible')
    return chooseByRules(best, candidates, facts)
  }

  test('takes the providers with the best rates, no premium, and says 0.75', () => {
    expect(rules(sampleFacts())).toMatchObject({
      chain: 'base',
      onramp: 'alpha',
      offramp: 'alpha',
      riskPremiumBps: 0,
      confidence: 0.75,
      riskFactors: [],
    })
  })

  test('is the same for the same market, whenever it is asked', () => {
    expect(rules(sampleFacts())).toEqual(rules(sampleFacts()))
  })

  test('names what is doubtful about the market', () => {
    const facts = factsWith({ base: { fallback: true, health: 'unknown' } })
    facts.fx.doubts = ['fx_disagreement', 'usdc_off_peg']
    facts.fx.source = 'fallback'
    expect(rules(facts).riskFactors).toEqual([
      'Exchange rate sources disagree',
      'USDC trades away from one US dollar',
      'No live exchange rate: sample values',
      'No live gas price for Base: sample value',
      'The state of the issuer is unknown',
    ])
  })

  test('a provider that the router prefers for other reasons than its rate is told as far behind as it is', () => {
    const [worse, better] = [parseRate('0.9195'), parseRate('0.92')]
    const offers = () => [
      { provider: 'steady', rate: worse, sandbox: true },
      { provider: 'shaky', rate: better, sandbox: true },
    ]
    const conversion = { from: 'USD', to: 'EUR', amount: 5_000n, priority: 'standard' } as const
    expect(candidatesFor(conversion, sampleFacts(), { offers })[0]?.offramps).toEqual([
      { provider: 'steady', behindBps: 5 },
      { provider: 'shaky', behindBps: 0 },
    ])
  })

  test('tells how far each provider is behind the best, in hundredths of a percent', () => {
    expect(usd(5_000)[0]?.offramps).toEqual([
      { provider: 'alpha', behindBps: 0 },
      { provider: 'beta', behindBps: 5 },
    ])
  })
})
