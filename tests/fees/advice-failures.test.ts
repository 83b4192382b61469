import { afterEach, describe, expect, jest, spyOn, test } from 'bun:test'
import { APIError } from '@anthropic-ai/sdk'
import type { FallbackReason } from '../../src/fees/advice/adviser.ts'
import { createClaude } from '../../src/fees/advice/claude.ts'
import { failureOf } from '../../src/fees/advice/failure.ts'
import { NO_TOKENS } from '../../src/fees/advice/price.ts'
import { type Reply, replyOf } from '../../src/fees/advice/reply.ts'
import { createEngine, type FeeQuestion } from '../../src/fees/engine.ts'
import { CLAUDE_FAULTS, CLAUDE_RETRY_AFTER, type ClaudeFault } from '../support/claude-faults.ts'
import { type Advised, questionWith, startAdvised } from './advised.ts'
import { offersExcept, sampleFacts } from './facts.ts'

const SOON_MS = 100

const started: Advised[] = []
const start = (...args: Parameters<typeof startAdvised>): Advised => {
  const advised = startAdvised(...args)
  started.push(advised)
  return advised
}
afterEach(async () => {
  await Promise.all(started.splice(0).map(({ server }) => server.stop()))
})

const REASONS: Record<ClaudeFault, FallbackReason> = {
  unauthorized: 'unauthorized',
  forbidden: 'unauthorized',
  rate_limited: 'rate_limited',
  rate_limited_with_retry_after: 'rate_limited',
  server_error: 'http_error',
  overloaded: 'overloaded',
  bad_request: 'http_error',
  silent: 'deadline',
  stalled: 'deadline',
  dropped: 'connection_lost',
  html: 'unexpected_shape',
  broken_envelope: 'invalid_json',
  oversized: 'unexpected_shape',
  redirect: 'http_error',
  no_text: 'unexpected_shape',
  refusal: 'refusal',
  truncated: 'truncated',
  invalid_json: 'invalid_json',
  fenced_json: 'invalid_json',
  missing_field: 'unexpected_shape',
  extra_field: 'unexpected_shape',
  unknown_chain: 'unknown_chain',
  ineligible_chain: 'ineligible_chain',
  unknown_onramp: 'unknown_provider',
  unknown_offramp: 'unknown_provider',
  greedy: 'premium_out_of_bounds',
  negative_premium: 'premium_out_of_bounds',
  negative_confidence: 'confidence_out_of_bounds',
  overconfident: 'confidence_out_of_bounds',
}

/** An amount for which one chain is eligible and four are not. */
const QUESTION: FeeQuestion = {
  from: 'USD',
  to: 'EUR',
  amount: 100_000_000n,
  priority: 'standard',
  tier: 'enterprise',
  country: 'Germany',
}

const engineOn = ({ adviser }: Pick<Advised, 'adviser'>) =>
  createEngine({
    market: { facts: sampleFacts, refreshDue: async () => {} },
    router: offersExcept(),
    adviser,
  })

describe.each([...CLAUDE_FAULTS])('%s', (fault) => {
  // Only a call that nothing else ends may run into the deadline.
  const deadline = REASONS[fault] === 'deadline' ? { deadlineMs: SOON_MS } : {}

  test('gives the answer of the rules, with its reason told, counted, logged and stored', async () => {
    const advised = start(deadline)
    advised.server.fault(fault)
    const decision = await engineOn(advised).decide(QUESTION, 'acc')
    const alone = await engineOn(start({ claude: null })).decide(QUESTION, 'acc')
    const reason = REASONS[fault]
    expect(decision).toMatchObject({ source: 'rules', reason })
    expect([decision.choice, decision.fees]).toEqual([alone.choice, alone.fees])
    expect(advised.server.calls).toHaveLength(1)
    expect(advised.adviser.stats()).toMatchObject({ calls: 1, choices: 0, fallbacks: { [reason]: 1 } })
    expect(advised.lines).toMatchObject([{ level: 40, model: 'claude-haiku-5-5', outcome: reason }])
    expect(advised.records).toMatchObject([{ outcome: reason }])
  })

  test('costs no further call for the same question, and none is needed to know it', async () => {
    const advised = start(deadline)
    advised.server.fault(fault)
    await advised.ask('key', questionWith({}, { dollars: 1_000_000n }))
    advised.server.fault(null)
    expect(await advised.ask()).toMatchObject({ kind: 'none', reason: REASONS[fault], shared: true })
    expect(advised.adviser.known('key')).toMatchObject({ reason: REASONS[fault], shared: true })
    expect(advised.server.calls).toHaveLength(1)
  })

  test('lets no key out: not into the log, the store or the answer', async () => {
    const advised = start(deadline)
    const { server, lines, records } = advised
    server.fault(fault)
    const advice = await advised.ask('key', questionWith({}, { dollars: 1_000_000n }))
    const all = JSON.stringify(
      [advice, lines, records, Object.values(advised.adviser.stats())],
      (_key, value) => (typeof value === 'bigint' ? value.toString() : value),
    )
    expect(all).not.toContain(server.key)
    expect(server.calls[0]?.headers.authorization).toBe(`Bearer ${server.key}`)
  })
})

describe('the deadline is over all of a call', () => {
  test.each(['silent', 'stalled'] as const)('a %s server is left when it passes', async (fault) => {
    const { server, ask } = start({ deadlineMs: SOON_MS })
    server.fault(fault)
    expect(await ask()).toMatchObject({ kind: 'none', reason: 'deadline' })
    await server.calls[0]?.left
  })

  test.each(['silent', 'stalled'] as const)('a call that is ended while %s says so', async (fault) => {
    const { server, clock } = start()
    server.fault(fault)
    const claude = createClaude({ apiKey: server.key, baseUrl: server.url, model: 'claude-haiku-5-5', clock })
    const ending = new AbortController()
    const calling = claude.call(questionWith(), ending.signal)
    await server.arrived(1)
    ending.abort()
    expect(await calling).toMatchObject({ kind: 'none', reason: 'deadline', usage: NO_TOKENS })
  })

  test('what breaks in the body at the deadline is the deadline, whatever the runtime throws there', () => {
    const thrown = [
      new DOMException('aborted', 'AbortError'),
      new TypeError('ECONNRESET'),
      new SyntaxError(''),
    ]
    for (const error of thrown)
      expect(failureOf(error, AbortSignal.abort(), 0, 'key')).toMatchObject({ reason: 'deadline' })
  })

  test('the key is taken out of an error before it is cut, wherever the cut falls', () => {
    const key = 'sk-ant-0123456789abcdef'
    for (let padding = 240; padding < 300; padding++) {
      const said = `${'x'.repeat(padding)}Bearer ${key}`
      const error = APIError.generate(
        400,
        { type: 'error', error: { type: 'x', message: said } },
        said,
        new Headers(),
      )
      const { detail } = failureOf(error, new AbortController().signal, 0, key)
      expect(detail).not.toContain('sk-ant-')
    }
  })

  test('so is one that takes the connection and never answers the TLS handshake', async () => {
    const closed = Promise.withResolvers<void>()
    const silent = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: () => {}, close: () => closed.resolve() },
    })
    const { ask } = start({ deadlineMs: SOON_MS, baseUrl: `https://127.0.0.1:${silent.port}` })
    expect(await ask()).toMatchObject({ kind: 'none', reason: 'deadline' })
    await closed.promise
    silent.stop(true)
  })

  test('and the storing: a choice that came in time is answered in time, without its row’s id', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { ask } = start({ deadlineMs: SOON_MS, store: { insert: () => promise } })
    expect(await ask()).toMatchObject({ kind: 'choice', adviceId: null })
    resolve()
  })

  test('even one that hangs in a place where no signal reaches it', async () => {
    const claude = { model: 'claude-haiku-5-5', call: () => new Promise<Reply>(() => {}) }
    const { ask } = start({ deadlineMs: SOON_MS, claude })
    expect(await ask()).toMatchObject({ kind: 'none', reason: 'deadline' })
  })

  test('a call that ended leaves no timer behind', async () => {
    jest.useFakeTimers()
    try {
      const { ask } = start({ claude: { model: 'claude-haiku-5-5', call: async () => replyOf({}) } })
      await ask()
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })

  test('nobody listening is told as a lost connection', async () => {
    const port = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
    port.stop(true)
    const { ask } = start({ baseUrl: `http://127.0.0.1:${port.port}` })
    expect(await ask()).toMatchObject({ kind: 'none', reason: 'connection_lost' })
  })
})

describe('trouble that lasts', () => {
  test('five failures in a row spare the model, and after 30 seconds one call tries it', async () => {
    const { fresh, server, tick, adviser } = start()
    server.fault('server_error')
    for (let i = 0; i < 5; i++) expect(await fresh()).toBe('http_error')
    expect(await fresh()).toBe('breaker_open')
    expect(server.calls).toHaveLength(5)

    tick(30_000)
    const release = server.hold()
    const trying = fresh()
    await server.arrived(6)
    expect(await fresh()).toBe('breaker_open')
    server.fault(null)
    release()
    expect(await trying).toBe('choice')
    expect(await fresh()).toBe('choice')
    expect(adviser.stats().fallbacks).toEqual({ http_error: 5, breaker_open: 2 })
  })

  test('a model that only talks nonsense is spared likewise', async () => {
    const { fresh, server } = start()
    for (const fault of ['refusal', 'invalid_json', 'greedy', 'unknown_chain', 'truncated'] as const) {
      server.fault(fault)
      await fresh()
    }
    expect(await fresh()).toBe('breaker_open')
  })

  test('a Retry-After keeps every question from being asked until then', async () => {
    const { fresh, server, tick } = start()
    server.fault('rate_limited_with_retry_after')
    expect(await fresh()).toBe('rate_limited')
    server.fault(null)
    tick(CLAUDE_RETRY_AFTER * 1000 - 1)
    expect(await fresh()).toBe('rate_limited')
    expect(server.calls).toHaveLength(1)
    tick(1)
    expect(await fresh()).toBe('choice')
  })

  test('an outage is over for a question five seconds after it failed', async () => {
    const { ask, server, tick } = start()
    server.fault('dropped')
    await ask()
    server.fault(null)
    tick(5_000)
    expect(await ask()).toMatchObject({ shared: true })
    tick(1)
    expect(await ask()).toMatchObject({ kind: 'choice', shared: false })
  })

  test('a spent budget asks nobody, and a minute later there is a new one', async () => {
    const { fresh, server, tick } = start({ budgetPerMinute: 2 })
    expect([await fresh(), await fresh(), await fresh()]).toEqual(['choice', 'choice', 'budget_spent'])
    expect(server.calls).toHaveLength(2)
    tick(60_000)
    expect(await fresh()).toBe('choice')
  })

  test('an account that asks for ever new things leaves the model to the others', async () => {
    const { ask, server } = start({ budgetPerMinute: 10 })
    const reasons = []
    for (let i = 0; i < 12; i++) {
      const advice = await ask(`greedy ${i}`, questionWith(), 'greedy')
      reasons.push(advice.kind === 'none' ? advice.reason : 'choice')
    }
    expect(reasons).toEqual([...Array(5).fill('choice'), ...Array(7).fill('budget_spent')])
    expect(await ask('other', questionWith(), 'other')).toMatchObject({ kind: 'choice' })
    // What one account's call has answered, all may read.
    expect(await ask('other', questionWith(), 'greedy')).toMatchObject({ kind: 'choice', shared: true })
    expect(server.calls).toHaveLength(6)
  })

  test('a bug of ours is an answer of the rules too', async () => {
    const { ask, lines, adviser } = start()
    const broken = questionWith()
    Reflect.deleteProperty(broken, 'facts')
    expect(await ask('key', broken)).toMatchObject({ kind: 'none', reason: 'internal_error' })
    expect(adviser.stats().fallbacks).toEqual({ internal_error: 1 })
    expect(lines).toMatchObject([{ level: 50, err: { type: 'TypeError' } }])
  })
})

test('the SDK prints nothing by itself, even when its own variable asks for it', async () => {
  process.env.ANTHROPIC_LOG = 'debug'
  const spies = (['debug', 'log', 'info', 'warn', 'error'] as const).map((level) => spyOn(console, level))
  try {
    const { ask, server } = start()
    server.fault('unauthorized')
    await ask()
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([])
  } finally {
    for (const spy of spies) spy.mockRestore()
    delete process.env.ANTHROPIC_LOG
  }
})
