import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { stepKey } from '../../src/providers/keys.ts'
import { refusedUnsent } from '../../src/providers/refusal.ts'
import { createWire, WireError, type WireFault, type WireRequest } from '../../src/providers/wire.ts'
import { operationWith } from './sandbox-fixtures.ts'
import { type Reply, startWireServer, type WireServer, type WireTrouble } from './wire-server.ts'

const SECRET = 'sk-live-SECRET'
const never = new AbortController().signal
const ANY = () => true

let server: WireServer
let reply: Reply = { status: 200, body: {} }
beforeAll(async () => {
  server = await startWireServer(() => reply)
})
afterAll(() => server.stop())

const wireTo = (baseUrl: string) =>
  createWire({
    provider: 'acme',
    baseUrl,
    headers: () => ({ authorization: `Bearer ${SECRET}` }),
    now: () => Date.parse('2026-11-25T12:00:00Z'),
  })
const get: WireRequest = { method: 'GET', path: `/things?token=${SECRET}` }
const faultOf = async (call: Promise<unknown>): Promise<WireError> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof WireError)) throw new Error(`expected a WireError, got ${error}`)
  return error
}

describe('an answer of the API', () => {
  test.each([200, 201, 202, 400, 403, 404, 409, 422])(
    'HTTP %i in JSON is handed over, numbers as text',
    async (status) => {
      reply = { status, body: '{"rate":0.10,"big":12345678901234567890}' }
      expect(await wireTo(server.url)(get, never)).toEqual({
        status,
        body: { rate: '0.10', big: '12345678901234567890' },
      })
    },
  )

  test('without a body is null', async () => {
    reply = { status: 200, body: '' }
    expect((await wireTo(server.url)(get, never)).body).toBeNull()
  })

  test('gets what was sent: method, JSON body, the headers of every request and its own', async () => {
    reply = { status: 200, body: {} }
    const headers = { 'idempotency-key': 'k' }
    await wireTo(server.url)({ method: 'POST', path: '/x', body: { amount: '1.00' }, headers }, never)
    expect(server.received.at(-1)).toMatchObject({
      method: 'POST',
      path: '/x',
      body: { amount: '1.00' },
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}`, ...headers },
    })
  })
})

describe('a request without a usable answer says whether it may have acted', () => {
  const TROUBLES: Partial<Record<WireTrouble, WireFault>> = {
    denied: 'turned_away',
    rate_limited: 'turned_away',
    gate_html: 'turned_away',
    server_error: 'server_failed',
    server_error_after: 'server_failed',
    html: 'unreadable',
    html_after: 'unreadable',
    truncated_after: 'unreadable',
    reset: 'lost',
    reset_after: 'lost',
  }
  test.each(Object.entries(TROUBLES) as [WireTrouble, WireFault][])('%s is %s', async (trouble, fault) => {
    reply = { status: 200, body: { some: 'thing' } }
    void server.arm(trouble, ANY)
    expect((await faultOf(wireTo(server.url)(get, never))).fault).toBe(fault)
  })

  test.each([
    [301, 'unreadable'],
    [302, 'unreadable'],
    [307, 'unreadable'],
    [408, 'server_failed'],
    [425, 'server_failed'],
    [500, 'server_failed'],
    [502, 'server_failed'],
    [504, 'server_failed'],
  ] as const)('HTTP %i is %s', async (status, fault) => {
    reply = { status, body: {}, headers: { location: 'http://127.0.0.1:1/elsewhere' } }
    expect((await faultOf(wireTo(server.url)(get, never))).fault).toBe(fault)
  })

  test('an answer of more than a megabyte is unreadable', async () => {
    reply = { status: 200, body: JSON.stringify('x'.repeat(2 ** 20)) }
    expect((await faultOf(wireTo(server.url)(get, never))).fault).toBe('unreadable')
  })

  test('nobody there, no such host and no trusted certificate are unsent', async () => {
    expect((await faultOf(wireTo('http://127.0.0.1:1')(get, never))).fault).toBe('unsent')
    expect((await faultOf(wireTo('http://nowhere.invalid')(get, never))).fault).toBe('unsent')
  })

  test('the server’s own pause is passed on', async () => {
    reply = { status: 503, body: {}, headers: { 'retry-after': '7' } }
    expect((await faultOf(wireTo(server.url)(get, never))).retryAfterMs).toBe(7_000)
  })

  test('a set signal ends it with the signal’s own reason, before and during the call', async () => {
    const [before, during] = [new AbortController(), new AbortController()]
    before.abort(new Error('before'))
    const count = server.received.length
    await expect(wireTo(server.url)(get, before.signal)).rejects.toThrow('before')
    expect(server.received.length).toBe(count)
    void server.arm('hang', ANY).then(() => during.abort(new Error('during')))
    await expect(wireTo(server.url)(get, during.signal)).rejects.toThrow('during')
  })

  test('no message holds the key, the URL or what was answered', async () => {
    const messages: string[] = []
    reply = { status: 200, body: `not json ${SECRET}` }
    messages.push((await faultOf(wireTo(server.url)(get, never))).message)
    for (const trouble of Object.keys(TROUBLES) as WireTrouble[]) {
      void server.arm(trouble, ANY)
      messages.push(String(await faultOf(wireTo(server.url)(get, never))))
    }
    messages.push((await faultOf(wireTo('http://127.0.0.1:1')(get, never))).message)
    for (const message of messages) {
      expect(message).toContain('acme')
      expect(message).not.toMatch(/SECRET|127\.0\.0\.1|things/)
    }
  })
})

describe('a request that did nothing', () => {
  const errors = (['unsent', 'turned_away'] as const).map((fault) => new WireError(fault, 'why'))

  test('is a refusal for now while nothing else was sent under the key', () => {
    for (const error of errors)
      expect(refusedUnsent(error, 'acme', operationWith())).toEqual({
        kind: 'refused',
        reason: 'temporary',
        message: 'acme is not available right now',
      })
  })

  test('says nothing about an earlier one, and any other trouble says nothing at all', () => {
    for (const error of errors)
      expect(() => refusedUnsent(error, 'acme', operationWith({ sentBefore: true }))).toThrow(error)
    for (const fault of ['lost', 'server_failed', 'unreadable'] as const) {
      const error = new WireError(fault, 'why')
      expect(() => refusedUnsent(error, 'acme', operationWith())).toThrow(error)
    }
    expect(() => refusedUnsent(new Error('bug'), 'acme', operationWith())).toThrow('bug')
  })
})

test('the key of a step is a UUID of version 4, the same for good, and another for each step and operation', () => {
  const keys = ['quote', 'trade', 'quote#2'].flatMap((step) =>
    ['fe4251d3-96f9-510e-97ea-3ad664cc8cfc', 'fe4251d3-96f9-510e-97ea-3ad664cc8cfd'].map((key) =>
      stepKey(key, step),
    ),
  )
  expect(new Set(keys).size).toBe(6)
  for (const key of keys)
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(stepKey('fe4251d3-96f9-510e-97ea-3ad664cc8cfc', 'quote')).toBe(keys[0] ?? '')
})
