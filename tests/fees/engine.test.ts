import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/core/errors.ts'
import type { Advice, Adviser, Choice, Question } from '../../src/fees/advice/adviser.ts'
import { candidatesFor } from '../../src/fees/candidates.ts'
import { applyChoice, createEngine, type FeeQuestion } from '../../src/fees/engine.ts'
import { CUSTOMER_TIERS, PRIORITIES } from '../../src/fees/model.ts'
import { inputOf, replay } from '../../src/fees/replay.ts'
import type { MarketFacts } from '../../src/market/facts.ts'
import { CHAINS } from '../../src/providers/port.ts'
import { factsWith, offersExcept, sampleFacts } from './facts.ts'

const QUESTION: FeeQuestion = {
  from: 'USD',
  to: 'EUR',
  amount: 500_000n,
  priority: 'standard',
  tier: 'business',
  country: 'Germany',
}

const CHOICE: Choice = {
  chain: 'arbitrum',
  onramp: 'beta',
  offramp: 'alpha',
  riskPremiumBps: 10,
  confidence: 0.95,
  reasoning: 'A model said so.',
  riskFactors: ['none'],
}

const choice = (changes: Partial<Choice> = {}): Advice => ({
  kind: 'choice',
  choice: { ...CHOICE, ...changes },
  adviceId: null,
  shared: false,
})

/** An engine over markets that follow one another at each refresh, asking an adviser that says what `say` says. */
const engineWith = (
  say: (question: Question) => Advice | Promise<Advice>,
  options: { markets?: MarketFacts[]; known?: Advice } = {},
) => {
  const markets = options.markets ?? [sampleFacts()]
  const asked: { key: string; question: Question }[] = []
  const events: string[] = []
  const adviser: Adviser = {
    known: () => options.known ?? null,
    ask: async (key, question) => {
      events.push('asked')
      asked.push({ key, question })
      return say(question)
    },
  }
  const market = {
    facts: () => markets[0] ?? sampleFacts(),
    refreshDue: async () => {
      events.push('refreshed')
      if (markets.length > 1) markets.shift()
    },
  }
  return { engine: createEngine({ market, router: offersExcept(), adviser }), asked, events }
}

const none = (): Advice => ({ kind: 'none', reason: 'no_key', adviceId: null, shared: false })

describe('the model advises, the arithmetic decides', () => {
  test('a choice among the eligible candidates is taken, and priced by code', async () => {
    const { engine } = engineWith(() => choice())
    const { fees, ...decision } = await engine.decide(QUESTION, 'acc')
    expect(decision).toMatchObject({ choice: CHOICE, source: 'claude', reason: null })
    // 2 %, 0.7 % and 0.5 % of 5,000.00 USD, no gas worth a cent, and 10 bps of premium.
    expect(fees).toEqual({
      platform: 10_000n,
      onramp: 3_500n,
      offramp: 2_500n,
      gas: 0n,
      riskPremium: 500n,
      total: 16_500n,
    })
  })

  test.each([
    ['a chain that may not carry the amount', { chain: 'base' as const }, 100_000_000n],
    ['a small amount on another chain than Base', { chain: 'solana' as const }, 5_000n],
    ['an on-ramp that is not offered', { onramp: 'mallory' }, 500_000n],
    ['an off-ramp that is not offered', { offramp: 'mallory' }, 500_000n],
  ])('%s is replaced by the rules’ choice, and told', async (_what, changes, amount) => {
    const { engine } = engineWith(() => choice(changes))
    const told = await engine.decide({ ...QUESTION, amount }, 'acc')
    const alone = await engineWith(none).engine.decide({ ...QUESTION, amount }, 'acc')
    expect(told).toMatchObject({ source: 'rules', reason: 'no_longer_eligible' })
    expect(told.choice).toEqual(alone.choice)
    expect(told.fees).toEqual(alone.fees)
  })

  test('without the model the rules decide, and say why', async () => {
    const { engine } = engineWith(none)
    expect(await engine.decide(QUESTION, 'acc')).toMatchObject({
      source: 'rules',
      reason: 'no_key',
      choice: { chain: 'base', confidence: 0.75, riskPremiumBps: 0 },
    })
  })

  test('what was said a moment ago is not asked again', async () => {
    const { engine, asked } = engineWith(none, { known: { ...choice(), shared: true } as Advice })
    expect(await engine.decide(QUESTION, 'acc')).toMatchObject({
      source: 'cache',
      choice: { chain: 'arbitrum' },
    })
    expect(asked).toEqual([])
  })

  test('on sample data the model is no surer than the rules', async () => {
    const markets = [factsWith({ arbitrum: { fallback: true } })]
    const { engine } = engineWith(() => choice(), { markets })
    expect((await engine.decide(QUESTION, 'acc')).choice.confidence).toBe(0.75)
    const unsure = engineWith(() => choice({ confidence: 0.3 }), { markets })
    expect((await unsure.engine.decide(QUESTION, 'acc')).choice.confidence).toBe(0.3)
  })

  test('when no chain is eligible the answer is that, and not a guess', async () => {
    const markets = [factsWith({ ethereum: { health: 'outage' } })]
    const { engine } = engineWith(() => choice({ chain: 'ethereum' }), { markets })
    const refused = await engine
      .decide({ ...QUESTION, amount: 100_000_000n }, 'acc')
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AppError)
    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 30 })
  })
})

describe('question and market refresh begin in the same moment', () => {
  test('before either has ended', async () => {
    const { engine, events } = engineWith(none)
    const deciding = engine.decide(QUESTION, 'acc')
    expect(events).toEqual(['asked', 'refreshed'])
    await deciding
  })

  test('the choice is priced on what the refresh brought: gas is the new gas', async () => {
    const markets = [sampleFacts(), factsWith({ arbitrum: { times: 9n } })]
    const { engine } = engineWith(() => choice(), { markets })
    const { facts, candidates } = await engine.decide(QUESTION, 'acc')
    expect(facts.gas.arbitrum.price).toBe('90000000')
    // 65000 x 0.09 gwei x 2486.47
    expect(candidates.find(({ chain }) => chain === 'arbitrum')?.gasUsd).toBe('0.0145458495')
  })

  test('a chain that went out while the model was thinking is replaced', async () => {
    const markets = [sampleFacts(), factsWith({ arbitrum: { health: 'outage' } })]
    const { engine } = engineWith(() => choice(), { markets })
    expect(await engine.decide(QUESTION, 'acc')).toMatchObject({
      source: 'rules',
      reason: 'no_longer_eligible',
      choice: { chain: 'base' },
    })
  })
})

describe('questions that are alike are one question', () => {
  const keyFor = async (changes: Partial<FeeQuestion>, facts = sampleFacts()) => {
    const { engine, asked } = engineWith(none, { markets: [facts] })
    await engine.decide({ ...QUESTION, ...changes }, 'acc')
    return asked[0]?.key
  }

  test('amounts of one band share a key, and the model sees the band’s amount instead of the caller’s', async () => {
    expect(await keyFor({ amount: 123_456n })).toBe(await keyFor({ amount: 654_321n }))
    const { engine, asked } = engineWith(none)
    await engine.decide({ ...QUESTION, amount: 123_456n }, 'acc')
    expect(asked[0]?.question).toMatchObject({ amount: 300_000n, band: '500 to 10,000 USD' })
  })

  test.each([
    ['amount band', { amount: 5_000_000n }],
    ['corridor', { to: 'GBP' as const }],
    ['priority', { priority: 'express' as const }],
    ['tier', { tier: 'premium' as const }],
    ['country', { country: 'France' }],
  ])('another %s is another question', async (_what, changes) => {
    expect(await keyFor(changes)).not.toBe(await keyFor({}))
  })

  test('so is another kind of market, but not a slightly other price', async () => {
    expect(await keyFor({}, factsWith({ base: { times: 3n } }))).not.toBe(await keyFor({}))
    expect(await keyFor({}, factsWith({ base: { health: 'degraded' } }))).not.toBe(await keyFor({}))
    expect(await keyFor({}, factsWith({ base: { times: 2n } }))).toBe(await keyFor({}))
  })

  test('every limit on amounts is the edge of a band, so that one answer fits the whole band', () => {
    const eligible = (amount: bigint) =>
      candidatesFor({ ...QUESTION, amount }, sampleFacts(), offersExcept()).map(
        ({ ineligible }) => ineligible,
      )
    return fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 1n, max: 1_000_000_000n }),
        fc.bigInt({ min: 1n, max: 1_000_000_000n }),
        async (one, other) => {
          if ((await keyFor({ amount: one })) !== (await keyFor({ amount: other }))) return
          expect(eligible(one)).toEqual(eligible(other))
        },
      ),
    )
  })
})

describe('fees add up and can be computed again', () => {
  const questions = fc.record({
    from: fc.constantFrom('USD' as const, 'GBP' as const, 'JPY' as const),
    to: fc.constantFrom('EUR' as const, 'MXN' as const),
    amount: fc.bigInt({ min: 1n, max: 1_000_000_000n }),
    priority: fc.constantFrom(...PRIORITIES),
    tier: fc.constantFrom(...CUSTOMER_TIERS),
    country: fc.constantFrom(null, 'Germany'),
  })
  const choices = fc.record({
    chain: fc.constantFrom(...CHAINS),
    onramp: fc.constantFrom('alpha', 'beta', 'mallory'),
    offramp: fc.constantFrom('alpha', 'beta', 'mallory'),
    riskPremiumBps: fc.integer({ min: 0, max: 25 }),
  })

  test('for any question, market and choice the parts sum to the total, and a replay gives the same', () =>
    fc.assert(
      fc.asyncProperty(questions, choices, fc.bigInt({ min: 1n, max: 9n }), async (question, made, times) => {
        const markets = [factsWith({ ethereum: { times } })]
        const { engine } = engineWith(() => choice(made), { markets })
        const decision = await engine.decide(question, 'acc')
        const { fees } = decision
        expect(fees.total).toBe(fees.platform + fees.onramp + fees.offramp + fees.gas + fees.riskPremium)
        const stored = JSON.parse(JSON.stringify(inputOf(question, decision)))
        expect(replay(stored)).toEqual(fees)
      }),
    ))

  test('a choice that is not eligible has no fees', () => {
    const candidates = candidatesFor({ ...QUESTION, amount: 100_000_000n }, sampleFacts(), offersExcept())
    expect(applyChoice(100_000_000n, { ...CHOICE, chain: 'base' }, candidates)).toBeNull()
  })
})
