import { describe, expect, test } from 'bun:test'
import { parseRate } from '../../src/core/rate.ts'
import type { Ask, LegCapability, Outcome, Provider, ProviderHealth } from '../../src/providers/port.ts'
import { type Charge, chargedRate } from '../../src/providers/price.ts'
import { createRouter } from '../../src/providers/router.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { EVERYTHING, fakeProvider } from '../payments/fake-provider.ts'
import { operationWith, testClock } from './sandbox-fixtures.ts'

const ASK: Ask = {
  leg: 'offramp',
  currency: 'EUR',
  chain: 'base',
  fiatPerUsd: parseRate('0.92'),
  usdCents: 100_000n,
}
const TEMPORARY: Outcome = { kind: 'refused', reason: 'temporary', message: 'not now' }
const ACCEPTED: Outcome = { kind: 'accepted', reference: 'ref' }

interface Wanted {
  rate?: string | null
  charge?: Charge
  health?: ProviderHealth
  can?: Partial<LegCapability> | null
}

/** A provider whose price, health and reach a test chooses; `answer` is what it says to every call. */
const provider = (name: string, { rate = '0.92', charge, health = 'operational', can = {} }: Wanted = {}) => {
  const state = { health, answer: ACCEPTED as Outcome | Error }
  const made: Provider = {
    ...fakeProvider(name).provider,
    capabilities: { onramp: EVERYTHING, offramp: can && { ...EVERYTHING, ...can } },
    quote: ({ usdCents }) =>
      rate === null ? null : chargedRate(parseRate(rate), charge ?? { bps: 0n, flatUsdCents: 0n }, usdCents),
    health: () => state.health,
    initiate: async () => {
      if (state.answer instanceof Error) throw state.answer
      return state.answer
    },
  }
  return { provider: made, state }
}

const routing = (...made: ReturnType<typeof provider>[]) => {
  const clock = testClock()
  const log = createLogger({ level: 'silent', pretty: false })
  const router = createRouter(
    made.map((each) => each.provider),
    clock,
    1_000,
    log,
  )
  const call = (name: string) =>
    router.perform({ kind: 'submit', provider: name, operation: operationWith({ leg: 'offramp' }) })
  const offered = (change: Partial<Ask> = {}) =>
    router.offers({ ...ASK, ...change }).map((each) => each.provider)
  return { router, clock, call, offered }
}

describe('the best offer', () => {
  test('is the best rate once fees are in it: a flat fee weighs on small amounts, a share on large ones', () => {
    const { offered, router } = routing(
      provider('flat', { charge: { bps: 0n, flatUsdCents: 100n } }),
      provider('share', { charge: { bps: 30n, flatUsdCents: 0n } }),
    )
    expect(offered({ usdCents: 10_000n })).toEqual(['share', 'flat'])
    expect(offered({ usdCents: 1_000_000n })).toEqual(['flat', 'share'])
    expect(router.offers({ ...ASK, usdCents: 10_000n })[0]?.rate).toBe(parseRate('0.91724'))
  })

  test('is never of a provider whose fee takes all, that has no price, or that cannot do it', () => {
    const { offered } = routing(
      provider('greedy', { charge: { bps: 10_000n, flatUsdCents: 0n } }),
      provider('silent', { rate: null }),
      provider('elsewhere', { can: { chains: ['solana'] } }),
      provider('other_money', { can: { currencies: ['USD'] } }),
      provider('one_way', { can: null }),
      provider('able'),
    )
    expect(offered()).toEqual(['able'])
  })

  test('keeps to each provider’s limits, both of them included', () => {
    const { offered } = routing(provider('small', { can: { leastUsdCents: 100n, mostUsdCents: 5_000n } }))
    expect([99n, 100n, 5_000n, 5_001n].map((usdCents) => offered({ usdCents }).length)).toEqual([0, 1, 1, 0])
  })

  test('comes from the healthy before the degraded, and never from one that reports an outage', () => {
    const [best, plain] = [provider('best', { rate: '0.95' }), provider('plain')]
    const { offered } = routing(best, plain)
    expect(offered()).toEqual(['best', 'plain'])
    best.state.health = 'degraded'
    expect(offered()).toEqual(['plain', 'best'])
    best.state.health = 'outage'
    expect(offered()).toEqual(['plain'])
    best.state.health = 'unknown'
    expect(offered()).toEqual(['best', 'plain'])
  })

  test('moves away from a provider whose calls fail, before its breaker opens, and back when that is over', async () => {
    const shaky = provider('shaky', { rate: '0.95' })
    const { offered, call, clock } = routing(shaky, provider('steady'))
    for (let n = 0; n < 12; n++) {
      shaky.state.answer = n % 2 === 0 ? new Error('reset') : ACCEPTED
      await call('shaky')
    }
    expect(offered()).toEqual(['steady', 'shaky'])
    clock.nowMs += 61_000
    expect(offered()).toEqual(['shaky', 'steady'])
  })
})

describe('who is asked to carry out a leg', () => {
  test('is the one that the quote names, then the best rate', () => {
    const { router } = routing(
      provider('a', { rate: '0.93' }),
      provider('b', { rate: '0.94' }),
      provider('locked', { rate: '0.90' }),
    )
    expect(router.ranked(ASK, 'locked')).toEqual(['locked', 'b', 'a'])
    expect(router.ranked(ASK, 'gone')).toEqual(['b', 'a', 'locked'])
  })

  test('may have no price at the moment, but comes last then', () => {
    const { router } = routing(provider('silent', { rate: null }), provider('priced'))
    expect(router.ranked(ASK, 'other')).toEqual(['priced', 'silent'])
  })

  test('is another one than the quote names while that is degraded', () => {
    const locked = provider('locked', { health: 'degraded' })
    const { router } = routing(locked, provider('b'))
    expect(router.ranked(ASK, 'locked')).toEqual(['b', 'locked'])
  })

  test('is nobody that reports an outage, or whose breaker is open after saying “not now” all the time', async () => {
    const [down, busy] = [provider('down', { health: 'outage' }), provider('busy')]
    const { router, call } = routing(down, busy)
    busy.state.answer = TEMPORARY
    expect([...router.resting()]).toEqual(['down'])
    for (let n = 0; n < 10; n++) expect((await call('busy')).kind).toBe('refused')
    expect([...router.resting()].sort()).toEqual(['busy', 'down'])
    expect(await call('busy')).toEqual({ kind: 'not_sent' })
  })

  test('is still a provider that refuses for reasons of the payment’s own, however often', async () => {
    const strict = provider('strict')
    const { router, call, offered } = routing(strict)
    strict.state.answer = { kind: 'refused', reason: 'compliance', message: 'no' }
    for (let n = 0; n < 30; n++) await call('strict')
    expect([...router.resting()]).toEqual([])
    expect(offered()).toEqual(['strict'])
  })
})
