import { afterAll, describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors.ts'
import type { Authenticate } from '../../src/core/principal.ts'
import { type AddressRange, parseRanges } from '../../src/http/address.ts'
import { createRateLimits } from '../../src/http/rate-limits.ts'
import { createBoard } from '../../src/limits/board.ts'
import { createLimiter } from '../../src/limits/limiter.ts'
import { virtualClock } from '../limits/support.ts'
import { byKey, sampleApp, TRANSFER } from './sample.ts'

const stops: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

interface Wanted {
  account?: number
  key?: number
  address?: number
  trusted?: readonly AddressRange[]
  authenticate?: Authenticate
}

/** The sample on a real port, with limits of its own process. */
const limited = ({ account, key, address, trusted = [], authenticate = byKey }: Wanted) => {
  const clock = virtualClock()
  const exchange = { now: () => Promise.resolve(), works: () => false }
  const limiter = (limit: number | undefined) =>
    limit === undefined ? null : createLimiter({ limit, board: createBoard(), exchange, clock })
  const limits = createRateLimits({
    account: limiter(account),
    key: limiter(key),
    address: limiter(address),
    trusted,
  })
  const { app, send } = sampleApp({ limits, authenticate })
  app.listen({ port: 0, hostname: '127.0.0.1' })
  stops.push(() => app.stop(true))
  const ask = async (path: string, init: RequestInit & { key?: string } = {}) => {
    const headers = { authorization: init.key ?? 'Bearer all', ...init.headers }
    const response = await fetch(`http://127.0.0.1:${app.server?.port}${path}`, { ...init, headers })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    }
  }
  const transfer = () => ask('/transfers', { method: 'POST', body: JSON.stringify(TRANSFER) })
  return { clock, ask, transfer, send }
}

const limitsOf = ({ headers }: { headers: Headers }) => [
  headers.get('ratelimit-policy'),
  headers.get('ratelimit'),
]

describe('an account', () => {
  test('is told with every answer what it may use and what is left, a costly route taking more', async () => {
    const { ask, transfer } = limited({ account: 10 })
    expect(limitsOf(await ask('/transfers'))).toEqual(['"account";q=10;w=60', '"account";r=9;t=60'])
    expect(limitsOf(await transfer())).toEqual(['"account";q=10;w=60', '"account";r=6;t=60'])
    const bad = await ask('/transfers', { method: 'POST', body: '{"x":1}' })
    expect([bad.status, ...limitsOf(bad)]).toEqual([400, '"account";q=10;w=60', '"account";r=3;t=60'])
    expect(limitsOf(await ask('/transfers/fault'))).toEqual([null, null])
  })

  test('that asks too much is told when to come again, in the documented shape, and then may', async () => {
    const { ask, transfer, clock } = limited({ account: 4 })
    clock.nowMs += 20_000
    expect([(await transfer()).status, (await ask('/transfers')).status]).toEqual([202, 200])
    const answer = await transfer()
    expect(answer.status).toBe(429)
    const wait = Number(answer.headers.get('retry-after'))
    expect(answer.body).toEqual({
      error: 'RATE_LIMITED',
      message: `too many requests from this account, try again in ${wait} s`,
      request_id: answer.headers.get('x-request-id'),
    })
    expect(limitsOf(answer)).toEqual(['"account";q=4;w=60', '"account";r=0;t=40'])
    clock.nowMs += (wait - 1) * 1000
    expect((await transfer()).status).toBe(429)
    clock.nowMs += 1000
    expect((await transfer()).status).toBe(202)
  })

  test('has its own, and its neighbour has what it has not', async () => {
    const authenticate: Authenticate = (request) => ({
      accountId: request.headers.get('authorization') ?? '',
      scopes: new Set(['read']),
    })
    const { ask } = limited({ account: 1, authenticate })
    const statuses = []
    for (const key of ['a', 'a', 'b', 'b']) statuses.push((await ask('/transfers', { key })).status)
    expect(statuses).toEqual([200, 429, 200, 429])
  })
})

describe('a key', () => {
  const scopes = new Set(['read'] as const)
  const authenticate: Authenticate = (request) => {
    const keyId = request.headers.get('authorization') ?? ''
    return keyId === 'none' ? { accountId: 'acme', scopes } : { accountId: 'acme', keyId, scopes }
  }

  test('of a program that asks too much leaves the other keys of its account what they need', async () => {
    const { ask } = limited({ account: 5, key: 2, authenticate })
    const statuses = []
    for (const key of ['a', 'a', 'a', 'a', 'b', 'b', 'c', 'c'])
      statuses.push((await ask('/transfers', { key })).status)
    // The third and fourth of `a` cost the account nothing, which has five for all of them.
    expect(statuses).toEqual([200, 200, 429, 429, 200, 200, 200, 429])
  })

  test('is told its limit before its account’s, and which of the two is used up', async () => {
    const { ask } = limited({ account: 3, key: 2, authenticate })
    expect(limitsOf(await ask('/transfers', { key: 'a' }))).toEqual([
      '"key";q=2;w=60, "account";q=3;w=60',
      '"key";r=1;t=60, "account";r=2;t=60',
    ])
    await ask('/transfers', { key: 'a' })
    const ofKey = await ask('/transfers', { key: 'a' })
    expect([ofKey.status, ofKey.body.message]).toEqual([
      429,
      expect.stringContaining('too many requests from this key'),
    ])
    expect(Number(ofKey.headers.get('retry-after'))).toBeGreaterThan(0)
    await ask('/transfers', { key: 'b' })
    const ofAccount = await ask('/transfers', { key: 'b' })
    expect(ofAccount.body.message).toContain('too many requests from this account')
  })

  test('pays what the route weighs', async () => {
    const { transfer } = limited({
      key: 10,
      authenticate: () => ({ accountId: 'acme', keyId: 'a', scopes: new Set(['write']) }),
    })
    expect(limitsOf(await transfer())[1]).toBe('"key";r=7;t=60')
  })

  test('pays once for a request, however often it is asked whether it is still good', async () => {
    const clock = virtualClock()
    const exchange = { now: () => Promise.resolve(), works: () => false }
    const limiter = (limit: number) => createLimiter({ limit, board: createBoard(), exchange, clock })
    const { plugin, guard } = createRateLimits({
      account: limiter(1),
      key: limiter(1),
      address: null,
      trusted: [],
    })
    const check = guard(() => ({ accountId: 'acme', keyId: 'a', scopes }))
    const app = plugin.get('/', async ({ request }) => {
      for (let i = 0; i < 3; i++) await check(request)
      return 'still good'
    })
    const answer = await app.handle(new Request('http://localhost/'))
    expect([answer.status, await answer.text()]).toEqual([200, 'still good'])
  })

  test('is not counted where none is needed', async () => {
    const { ask } = limited({ key: 1, authenticate })
    for (let i = 0; i < 3; i++) expect((await ask('/transfers', { key: 'none' })).status).toBe(200)
  })
})

describe('an address', () => {
  test('is counted before anything of the request is read, also where no key is needed', async () => {
    const { ask } = limited({ address: 3 })
    const statuses = []
    for (const path of ['/nope', '/swagger', '/transfers']) statuses.push((await ask(path)).status)
    expect(statuses).toEqual([404, 200, 200])
    const answer = await ask('/transfers', { method: 'POST', body: '{' })
    expect([answer.status, answer.body.error]).toEqual([429, 'RATE_LIMITED'])
    expect(answer.body.message).toContain('this address')
    expect(limitsOf(answer)).toEqual(['"address";q=3;w=60', '"address";r=0;t=60'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('is told beside the account’s', async () => {
    const { ask } = limited({ address: 200, account: 10 })
    expect(limitsOf(await ask('/transfers'))).toEqual([
      '"address";q=200;w=60, "account";q=10;w=60',
      '"address";r=199;t=60, "account";r=9;t=60',
    ])
  })

  test('cannot try keys at speed: each that is wrong costs a hundredth, whatever the limit', async () => {
    for (const address of [100, 5_000]) {
      const { ask, clock } = limited({ address })
      let tried = 0
      while ((await ask('/transfers', { key: `Bearer guess ${tried}` })).status === 401) tried++
      expect(tried).toBeWithin(49, 100)
      // The right key does not get through either, or the guesser would learn that it is.
      expect((await ask('/transfers')).status).toBe(429)
      clock.nowMs += 120_000
      expect((await ask('/transfers')).status).toBe(200)
    }
  })

  test('pays nothing extra for a scope that is missing', async () => {
    const { ask } = limited({ address: 1_000 })
    const answer = await ask('/transfers', { method: 'POST', body: '{}', key: 'Bearer reader' })
    expect([answer.status, answer.headers.get('ratelimit')]).toEqual([403, '"address";r=999;t=60'])
  })

  test('is the connection’s, whatever X-Forwarded-For says, unless a proxy is trusted', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const bare = limited({ address: 1 })
    expect((await bare.ask('/transfers', from('203.0.113.1'))).status).toBe(200)
    expect((await bare.ask('/transfers', from('203.0.113.2'))).status).toBe(429)
    const behind = limited({ address: 1, trusted: parseRanges('127.0.0.0/8') ?? [] })
    expect((await behind.ask('/transfers', from('203.0.113.1'))).status).toBe(200)
    expect((await behind.ask('/transfers', from('203.0.113.2'))).status).toBe(200)
    expect((await behind.ask('/transfers', from('9.9.9.9, 203.0.113.2'))).status).toBe(429)
  })

  test('that probes is never limited', async () => {
    const { ask } = limited({ address: 1 })
    for (let i = 0; i < 5; i++) expect((await ask('/readyz')).status).toBe(200)
    expect(limitsOf(await ask('/healthz'))).toEqual([null, null])
  })
})

test('without limits nobody is told of any', async () => {
  const { ask } = limited({})
  expect(limitsOf(await ask('/transfers'))).toEqual([null, null])
})

test('a refusal of the limits is no wrong key', async () => {
  const refuse = () => Promise.reject(new AppError('UNAUTHORIZED', 'no'))
  const { ask } = limited({ address: 200, account: 1, authenticate: refuse })
  // What it costs is not told, for every refused key is answered alike; the next request shows it.
  expect((await ask('/transfers')).headers.get('ratelimit')).toBe('"address";r=199;t=60')
  expect((await ask('/transfers')).headers.get('ratelimit')).toBe('"address";r=196;t=60')
  const known = limited({ address: 200, account: 1 })
  await known.ask('/transfers')
  expect((await known.ask('/transfers')).headers.get('ratelimit')).toBe(
    '"address";r=198;t=60, "account";r=0;t=60',
  )
})
