import { afterEach, describe, expect, setSystemTime, test } from 'bun:test'
import pino from 'pino'
import { createGuard } from '../../src/providers/guard.ts'
import type { Outcome, Provider } from '../../src/providers/port.ts'
import { createRouter } from '../../src/providers/router.ts'
import { operationWith, testClock } from './sandbox-fixtures.ts'

const SECRET = 'fetch https://api.internal/v1?api_key=sk_live_SECRET failed'
const ACCEPTED: Outcome = { kind: 'accepted', reference: 'ref' }
const FAILURES_TO_OPEN = 10

const logged = () => {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace', base: null }, { write: (line) => void lines.push(JSON.parse(line)) })
  return { lines, log }
}
const make = (deadlineMs = 1_000) => {
  const { lines, log } = logged()
  const clock = testClock()
  return { lines, clock, guard: createGuard('sandbox_a', clock, deadlineMs, log) }
}
const failing = async (): Promise<Outcome> => {
  throw new Error(SECRET)
}
const answering = (answer: unknown) => async () => answer as Outcome
const hostile = (property: PropertyKey, from: object = {}) =>
  Object.defineProperty(from, property, {
    get: () => {
      throw new Error('no')
    },
  })

describe('the cause of an unknown outcome', () => {
  const operation = operationWith({ leg: 'offramp' })
  const about = {
    level: 40,
    provider: 'sandbox_a',
    leg: 'offramp',
    payment_id: operation.paymentId,
    key: operation.key,
  }

  test('that was thrown is logged once, with what it takes to find the operation', async () => {
    const { guard, lines } = make()
    expect((await guard.run(operation, failing)).kind).toBe('unknown')
    expect(lines).toMatchObject([{ ...about, err: { name: 'Error', message: SECRET } }])
  })

  test('that the adapter told is logged likewise, and so is an answer that does not match', async () => {
    const { guard, lines } = make()
    await guard.run(operation, answering({ kind: 'unknown', message: SECRET }))
    await guard.run(operation, answering({ kind: 'accepted', reference: 7 }))
    expect(lines).toMatchObject([
      { ...about, err: { message: SECRET } },
      { ...about, err: { message: 'it accepted without a usable reference' } },
    ])
  })

  test('is logged without the fields of the error and in bounds, for they may hold a whole request', async () => {
    const { guard, lines } = make()
    await guard.run(operation, async () => {
      throw Object.assign(new Error('x'.repeat(1_000_000)), { config: { headers: { cookie: 'session' } } })
    })
    expect(JSON.stringify(lines)).not.toContain('session')
    expect(JSON.stringify(lines).length).toBeLessThan(10_000)
  })

  test('is logged for a provider that is not configured', async () => {
    const { lines, log } = logged()
    const router = createRouter([], testClock(), 1_000, log)
    expect((await router.perform({ kind: 'poll', provider: 'sandbox_a', operation })).kind).toBe('unknown')
    expect(lines).toMatchObject([about])
  })

  test('is nothing that a definite answer leaves in the log', async () => {
    const { guard, lines } = make()
    await guard.run(operation, answering(ACCEPTED))
    await guard.run(operation, answering({ kind: 'refused', reason: 'route', message: 'no' }))
    await guard.run(operation, answering({ kind: 'not_found' }))
    expect(lines).toEqual([])
  })

  test('from a router’s provider carries that provider’s name', async () => {
    const { lines, log } = logged()
    const provider = { name: 'sandbox_a', initiate: failing, status: failing } as unknown as Provider
    const router = createRouter([provider], testClock(), 1_000, log)
    await router.perform({ kind: 'submit', provider: 'sandbox_a', operation })
    expect(lines).toMatchObject([about])
  })
})

describe('a guard never throws', () => {
  const THROWN: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    'a symbol': Symbol('no'),
    'an object without text': Object.create(null),
    'an object whose text throws': { toString: () => Reflect.get(hostile('x'), 'x') },
    'an error whose message throws': hostile('message', new Error('x')),
    'an error whose name is no text': Object.assign(new Error('x'), { name: Object.create(null) }),
    'a proxy that hides its prototype': new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no')
        },
      },
    ),
  }
  for (const [name, thrown] of Object.entries(THROWN))
    test(`when the call throws ${name}`, async () => {
      const { guard, lines } = make()
      const thrower = async (): Promise<Outcome> => {
        throw thrown
      }
      expect(await guard.run(operationWith(), thrower)).toMatchObject({ kind: 'unknown' })
      expect(lines).toHaveLength(1)
    })

  for (const property of ['kind', 'reference', 'settled'])
    test(`when reading the answer's ${property} throws`, async () => {
      const { guard } = make()
      const answer = hostile(property, { kind: 'done', reference: 'ref' })
      expect(await guard.run(operationWith(), answering(answer))).toMatchObject({ kind: 'unknown' })
    })

  test('when the deadline passes, which leaves the outcome unknown', async () => {
    const { guard } = make(5)
    const outcome = await guard.run(operationWith(), () => new Promise<never>(() => {}))
    expect(outcome.kind).toBe('unknown')
  })
})

describe('a call that is refused by an open breaker', () => {
  const open = async (made: ReturnType<typeof make>) => {
    for (let n = 0; n < FAILURES_TO_OPEN; n++)
      expect((await made.guard.run(operationWith(), failing)).kind).toBe('unknown')
    expect(made.guard.resting()).toBe(true)
    made.lines.length = 0
  }

  test('was not sent, says so, and leaves nothing in the log', async () => {
    const made = make()
    await open(made)
    let calls = 0
    const outcome = await made.guard.run(operationWith(), async () => {
      calls++
      return ACCEPTED
    })
    expect([outcome, calls, made.lines.length]).toEqual([{ kind: 'not_sent' }, 0, 0])
  })

  test('is told from one in which the adapter’s own breaker refused, which may have sent something', async () => {
    const { guard } = make()
    const own = async (): Promise<Outcome> => {
      throw Object.assign(new Error('Execution prevented'), { isBrokenCircuitError: true })
    }
    expect((await guard.run(operationWith(), own)).kind).toBe('unknown')
  })
})

describe('what a breaker says of itself', () => {
  afterEach(() => setSystemTime())
  // The library goes by the time of the system.
  const pass = (ms: number) => setSystemTime(new Date(Date.now() + ms))
  const opened = async () => {
    const guard = createGuard('sandbox_a', { now: () => Date.now() }, 1_000, logged().log)
    expect(guard.breaker()).toBe('closed')
    for (let n = 0; n < FAILURES_TO_OPEN; n++) await guard.run(operationWith(), failing)
    expect([guard.breaker(), guard.resting()]).toEqual(['open', true])
    return guard
  }

  test('is that it is half open once its rest is over and until the next call has told', async () => {
    const guard = await opened()
    pass(4_900)
    expect(guard.breaker()).toBe('open')
    pass(200)
    expect([guard.breaker(), guard.resting()]).toEqual(['half_open', false])
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const trial = guard.run(operationWith(), () => promise)
    expect(guard.breaker()).toBe('half_open')
    resolve(ACCEPTED)
    await trial
    expect(guard.breaker()).toBe('closed')
  })

  test('is that it is open again when that call fails', async () => {
    const guard = await opened()
    pass(5_100)
    expect((await guard.run(operationWith(), failing)).kind).toBe('unknown')
    expect([guard.breaker(), guard.resting()]).toEqual(['open', true])
  })
})

test('the calls of four loops with 200 jobs each are in flight together: none waits beyond its deadline', async () => {
  const { guard } = make(2_000)
  const all = 4 * 200
  const { promise: everyone, resolve } = Promise.withResolvers<void>()
  let begun = 0
  const together = async (): Promise<Outcome> => {
    if (++begun === all) resolve()
    await everyone
    return ACCEPTED
  }
  const outcomes = await Promise.all(Array.from({ length: all }, () => guard.run(operationWith(), together)))
  expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(all)
})
