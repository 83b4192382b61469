import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { systemClock } from '../../../src/core/clock.ts'
import { MAX_BODY_BYTES } from '../../../src/http/body.ts'
import { createCoinbaseInbound } from '../../../src/providers/coinbase/inbound.ts'
import type { Inbound } from '../../../src/providers/port.ts'
import { expectRefused } from '../../api/support.ts'
import { fakeProvider } from '../../payments/fake-provider.ts'
import { pay, turn } from '../../payments/support.ts'
import { type Harness, startHarness } from '../../support/harness.ts'
import { liveJobs, referencesOf, send, sendingProvider } from './support.ts'

const SECRET = 'the secret of the subscription'

/** What the sender that cannot be checked does; a test sets it. */
let unchecked: Inbound['read'] = async () => null

const withInbound = (name: string, read: Inbound['read']) => ({
  ...fakeProvider(name).provider,
  inbound: { read },
})

const sending = sendingProvider()
let harness: Harness
beforeAll(async () => {
  harness = await startHarness({
    providers: [
      sending.provider,
      withInbound('coinbase', createCoinbaseInbound({ secret: SECRET, clock: systemClock }).read),
      withInbound('unchecked', (message, signal) => unchecked(message, signal)),
      fakeProvider('silent').provider,
    ],
  })
})
afterAll(() => harness.stop())

const at = (provider: string) => `/providers/${provider}/events`

/** Sends what does not come through the harness's own call, and reads the answer as text too. */
const raw = async (method: string, path: string, init: RequestInit = {}) => {
  const response = await harness.app.handle(new Request(`http://localhost${path}`, { method, ...init }))
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : null }
}

/** A message as Coinbase signs it. */
const coinbaseMessage = (body: string): RequestInit => {
  const text = `${Math.floor(Date.now() / 1000)}.content-type.application/json.${body}`
  const [time] = text.split('.')
  const code = createHmac('sha256', SECRET).update(text).digest('hex')
  return {
    headers: {
      'content-type': 'application/json',
      'x-hook0-signature': `t=${time},h=content-type,v1=${code}`,
    },
    body,
  }
}

describe('POST /providers/:provider/events', () => {
  test('takes a signed message without a key, wherever it comes from, and the body exactly as it was sent', async () => {
    const body = '{ "eventId" : "evt_1",\n\t"data":{"transferId":"größe €","n":1.0e+2} }\r\n'
    const elsewhere = await harness.app.handle(
      new Request(`http://api.example.com${at('coinbase')}`, {
        method: 'POST',
        ...coinbaseMessage(body),
      }),
    )
    expect([elsewhere.status, await elsewhere.json()]).toEqual([200, { received: true }])
  })

  test('answers every message that is not signed with the same 401', async () => {
    const good = coinbaseMessage('{"eventId":"evt_1"}')
    const forged: RequestInit[] = [
      {},
      { body: '' },
      { body: '{' },
      { body: 'null' },
      { body: '{"eventId":"evt_1"}' },
      { ...good, body: '{"eventId":"evt_2"}' },
      {
        ...good,
        headers: { ...good.headers, authorization: 'Bearer rl_live_anything' } as HeadersInit,
        body: '{}',
      },
    ]
    const messages = new Set<string>()
    for (const init of forged) {
      const answer = await raw('POST', at('coinbase'), init)
      expectRefused(answer, 'UNAUTHORIZED')
      messages.add(answer.body.message)
    }
    expect(messages.size).toBe(1)
  })

  test('answers 404 for a provider that does not exist, and for one that sends nothing', async () => {
    for (const name of ['nobody', 'silent', 'constructor', 'x'.repeat(100)])
      expectRefused(await raw('POST', at(name), coinbaseMessage('{"eventId":"evt_1"}')), 'NOT_FOUND')
  })

  test('answers 503 when the signature cannot be checked now, so that it is sent again, and says no more', async () => {
    const failures: Inbound['read'][] = [
      async () => {
        throw new Error('secret: the key server said no')
      },
      (_message, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]
    for (const failure of failures) {
      unchecked = failure
      const answer = await raw('POST', at('unchecked'), { body: '{}' })
      expect([answer.status, answer.body.error]).toEqual([503, 'SERVICE_UNAVAILABLE'])
      expect(answer.headers.get('retry-after')).toBe('5')
      expect(answer.text).not.toContain('secret')
    }
  })

  test('reads no more than any other route does', async () => {
    const body = 'x'.repeat(MAX_BODY_BYTES + 1)
    expectRefused(await raw('POST', at('coinbase'), coinbaseMessage(body)), 'PAYLOAD_TOO_LARGE')
    expectRefused(await raw('POST', `${at('coinbase')}?key=1`, { body: '{}' }), 'VALIDATION_ERROR')
  })

  test('does its work in one statement, and without one for what is not signed or names nothing', async () => {
    const id = await pay(harness)
    await turn(harness)
    const names = await referencesOf(harness, id)
    const { sql } = harness.database
    let statements = 0
    const { unsafe } = sql
    sql.unsafe = ((...args: Parameters<typeof unsafe>) => {
      statements++
      return unsafe(...args)
    }) as typeof unsafe
    await send(harness, { names }, { headers: {} })
    await send(harness, { names: [] })
    const forNothing = statements
    await send(harness, { names })
    sql.unsafe = unsafe
    expect([forNothing, statements]).toEqual([0, 1])
    expect((await liveJobs(harness, id))[0]?.seconds).toBeLessThanOrEqual(0)
  })
})

describe('GET and HEAD /providers/:provider/events', () => {
  test('show that the provider may send there, which Circle looks at before it accepts the address', async () => {
    expect((await raw('GET', at('coinbase'))).body).toEqual({ received: true })
    const head = await raw('HEAD', at('coinbase'))
    expect([head.status, head.text]).toEqual([200, ''])
    for (const method of ['GET', 'HEAD'])
      for (const name of ['nobody', 'silent']) expect((await raw(method, at(name))).status).toBe(404)
  })
})
