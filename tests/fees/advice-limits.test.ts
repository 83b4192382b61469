import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Advice, FallbackReason } from '../../src/fees/advice/adviser.ts'
import { createBreaker } from '../../src/fees/advice/breaker.ts'
import { createBudget } from '../../src/fees/advice/budget.ts'
import { createMemory } from '../../src/fees/advice/memory.ts'
import { callCost, NO_TOKENS } from '../../src/fees/advice/price.ts'

const clockAt = (nowMs = 1_795_418_400_000) => {
  const clock = { nowMs, now: () => clock.nowMs }
  return clock
}

describe('the budget', () => {
  const steps = fc.array(
    fc.record({ wait: fc.integer({ min: 0, max: 20_000 }), by: fc.constantFrom('a', 'b', 'c', 'd') }),
    { minLength: 20, maxLength: 80 },
  )

  test('allows so many calls in any 60 seconds, whenever they begin and whoever makes them', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 5 }), (calls, perMinute) => {
        const clock = clockAt()
        const budget = createBudget(perMinute, clock)
        const taken: number[] = []
        for (const { wait, by } of calls) {
          clock.nowMs += wait
          const inWindow = taken.filter((at) => at > clock.nowMs - 60_000).length
          const answer = budget.take(by)
          if (inWindow >= perMinute) expect(answer).toBe('budget_spent')
          if (answer === null) taken.push(clock.nowMs)
        }
      }),
    )
  })

  test('whatever one account asks, half of it is left, and an account that comes finds its share', () => {
    const clock = clockAt()
    const budget = createBudget(30, clock)
    const granted = (by: string) =>
      Array.from({ length: 100 }, () => budget.take(by)).filter((each) => each === null)
    expect(granted('greedy')).toHaveLength(15)
    expect(granted('second')).toHaveLength(10)
    expect(granted('greedy')).toHaveLength(0)
    expect(granted('third')).toHaveLength(5)
    clock.nowMs += 60_000
    expect(granted('third')).toHaveLength(15)
  })

  test('lets one account ask as long as it stays within its share, and gives that back after a minute', () => {
    fc.assert(
      fc.property(steps, (calls) => {
        const clock = clockAt()
        const budget = createBudget(8, clock)
        const taken: { at: number; by: string }[] = []
        for (const { wait, by } of calls) {
          clock.nowMs += wait
          const recent = taken.filter(({ at }) => at > clock.nowMs - 60_000)
          const others = new Set(recent.map((each) => each.by).filter((each) => each !== by)).size
          const own = recent.filter((each) => each.by === by).length
          const free = recent.length < 8 && own < Math.ceil(8 / (others + 2))
          expect(budget.take(by)).toBe(free ? null : 'budget_spent')
          if (free) taken.push({ at: clock.nowMs, by })
        }
      }),
    )
  })

  test('of one call a minute, whoever asks first has it', () => {
    const budget = createBudget(1, clockAt())
    expect([budget.take('a'), budget.take('a'), budget.take('b')]).toEqual([
      null,
      'budget_spent',
      'budget_spent',
    ])
  })

  test('a Retry-After blocks all calls until then, and its reason is told', () => {
    const clock = clockAt()
    const budget = createBudget(30, clock)
    budget.block('rate_limited', 17_000)
    clock.nowMs += 16_999
    expect(budget.take('a')).toBe('rate_limited')
    clock.nowMs += 1
    expect(budget.take('a')).toBeNull()
  })

  test('no Retry-After blocks for more than an hour', () => {
    const clock = clockAt()
    const budget = createBudget(30, clock)
    budget.block('rate_limited', Number.MAX_SAFE_INTEGER)
    clock.nowMs += 3_600_000
    expect(budget.take('a')).toBeNull()
  })

  test('a clock that is set back does not block it', () => {
    const clock = clockAt()
    const budget = createBudget(1, clock)
    expect([budget.take('a'), budget.take('a')]).toEqual([null, 'budget_spent'])
    clock.nowMs -= 86_400_000
    expect(budget.take('a')).toBeNull()
  })
})

describe('the breaker', () => {
  const opened = () => {
    const clock = clockAt()
    const breaker = createBreaker(clock)
    const call = (usable: boolean) => {
      breaker.begins()
      breaker.ends(usable)
    }
    for (let i = 0; i < 5; i++) call(false)
    return { clock, breaker, call }
  }

  test('opens at the fifth failure in a row, not before', () => {
    const breaker = createBreaker(clockAt())
    const rests = Array.from({ length: 5 }, () => {
      breaker.begins()
      breaker.ends(false)
      return breaker.resting()
    })
    expect(rests).toEqual([false, false, false, false, true])
  })

  test('a success in between starts the count anew', () => {
    const breaker = createBreaker(clockAt())
    for (const usable of [false, false, false, false, true, false, false, false, false]) {
      breaker.begins()
      breaker.ends(usable)
    }
    expect(breaker.resting()).toBe(false)
  })

  test('after 30 seconds one call tries and the others go on waiting', () => {
    const { clock, breaker } = opened()
    clock.nowMs += 29_999
    expect(breaker.resting()).toBe(true)
    clock.nowMs += 1
    expect(breaker.resting()).toBe(false)
    breaker.begins()
    expect(breaker.resting()).toBe(true)
  })

  test('a try that works closes it, one that fails opens it for another 30 seconds', () => {
    const { clock, breaker, call } = opened()
    clock.nowMs += 30_000
    call(false)
    clock.nowMs += 29_999
    expect(breaker.resting()).toBe(true)
    clock.nowMs += 1
    call(true)
    expect(breaker.resting()).toBe(false)
    call(false)
    expect(breaker.resting()).toBe(false)
  })
})

describe('what was answered is remembered', () => {
  const choice: Advice = {
    kind: 'choice',
    choice: {
      chain: 'base',
      onramp: 'alpha',
      offramp: 'alpha',
      riskPremiumBps: 0,
      confidence: 0.9,
      reasoning: '',
      riskFactors: [],
    },
    adviceId: null,
    shared: false,
  }
  const none = (reason: FallbackReason): Advice => ({ kind: 'none', reason, adviceId: null, shared: false })

  const keptMs = (advice: Advice): number => {
    const clock = clockAt()
    const memory = createMemory(clock, 120_000)
    memory.keep('key', advice)
    while (memory.recall('key')) clock.nowMs += 500
    return clock.nowMs - clockAt().nowMs - 500
  }

  test('a choice for two minutes, an outage for five seconds, nonsense for thirty', () => {
    expect(keptMs(choice)).toBe(120_000)
    for (const reason of [
      'deadline',
      'http_error',
      'connection_lost',
      'unauthorized',
      'rate_limited',
    ] as const)
      expect(keptMs(none(reason))).toBe(5_000)
    for (const reason of ['refusal', 'truncated', 'invalid_json', 'premium_out_of_bounds'] as const)
      expect(keptMs(none(reason))).toBe(30_000)
  })

  test('and is marked as shared when it is recalled', () => {
    const memory = createMemory(clockAt(), 120_000)
    memory.keep('key', choice)
    expect(memory.recall('key')).toEqual({ ...choice, shared: true })
  })

  test('of a thousand questions at most; the one not asked for longest goes first', () => {
    const memory = createMemory(clockAt(), 120_000)
    for (let i = 0; i < 1_000; i++) memory.keep(`key ${i}`, choice)
    memory.recall('key 0')
    memory.keep('one more', choice)
    expect(memory.recall('key 1')).toBeNull()
    expect(memory.recall('key 0')).not.toBeNull()
    expect(memory.recall('key 2')).not.toBeNull()
  })

  test('nothing is when choices are to be kept for no time', () => {
    const memory = createMemory(clockAt(), 0)
    memory.keep('key', choice)
    expect(memory.recall('key')).toBeNull()
  })
})

describe('what a call costs', () => {
  const USAGE = { input: 420, output: 96, cacheRead: 1_130, cacheWrite: 0 }

  test.each([
    // 420 x 0.10 + 96 x 0.50 + 1130 x 0.01 dollars for a million
    ['claude-haiku-5-5', USAGE, 101_300_000n],
    // 1130 written to the cache at 0.125 instead
    ['claude-haiku-5-5', { ...USAGE, cacheRead: 0, cacheWrite: 1_130 }, 231_250_000n],
    ['claude-haiku-4-5', USAGE, 1_013_000_000n],
    // 420 x 2 + 96 x 10 + 1130 x 0.10
    ['claude-sonnet-5-5', USAGE, 1_913_000_000n],
    ['claude-haiku-5-5', NO_TOKENS, 0n],
  ])('%s with %j is %d pico dollars', (model, usage, cost) => {
    expect(callCost(model, usage)).toBe(cost)
  })

  test('a million tokens cost exactly the list price, which no float is needed for', () => {
    const million = { ...NO_TOKENS, input: 1_000_000, output: 1_000_000 }
    expect(callCost('claude-haiku-5-5', million)).toBe(600_000_000_000n)
  })

  test('of a model without a known price is not known, rather than nothing', () => {
    expect(callCost('claude-haiku-9', USAGE)).toBeNull()
    expect(callCost('constructor', USAGE)).toBeNull()
  })
})
