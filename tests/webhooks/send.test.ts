import { afterEach, describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '../../src/core/clock.ts'
import { randomIds } from '../../src/core/ids.ts'
import { sendWebhook } from '../../src/webhooks/sending/send.ts'
import { newSecret } from '../../src/webhooks/signing.ts'
import { fixedClock, receiver } from './support.ts'

const servers: ReturnType<typeof receiver>[] = []
const serve = (...args: Parameters<typeof receiver>) => {
  const server = receiver(...args)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

const secret = newSecret()
const message = { eventId: randomIds.uuid(), body: '{"type":"payment.created","data":{"name":"Zoë"}}' }
const options = {
  clock: systemClock,
  deadlineMs: 5_000,
  resolve: () => Promise.reject(new Error('no names in this test')),
  allowPrivate: true,
}
const send = (url: string, deadlineMs = options.deadlineMs) =>
  sendWebhook(message, { url, secret }, { ...options, deadlineMs })

const seen = { latencyMs: expect.any(Number), excerpt: null }
const delivered = (status: number, excerpt: string | null = null) => ({
  ...seen,
  kind: 'delivered' as const,
  status,
  excerpt,
})
const failed = (status: number | null, error: string, retryAfterMs?: number) => ({
  ...seen,
  kind: 'failed' as const,
  status,
  error,
  retryAfterMs,
})

/** A body that sends one chunk and then nothing more. */
const stalled = () => new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) })

describe('what arrives', () => {
  test('verifies with the Standard Webhooks library, byte for byte', async () => {
    const server = serve()
    expect(await send(server.url)).toEqual(delivered(200, 'ok'))
    const [got] = server.requests
    if (!got) throw new Error('nothing arrived')
    expect(got.body).toBe(message.body)
    expect(new Webhook(secret).verify(got.body, got.headers)).toEqual(JSON.parse(message.body))
    expect(() => new Webhook(newSecret()).verify(got.body, got.headers)).toThrow('No matching signature')
    expect(() => new Webhook(secret).verify(`${got.body} `, got.headers)).toThrow('No matching signature')
    expect(got.headers).toMatchObject({
      'webhook-id': `evt_${message.eventId}`,
      'content-type': 'application/json',
      'user-agent': 'ratelock-webhooks/1',
    })
  })

  test('carries the second of the attempt that was signed', async () => {
    const server = serve()
    const now = Date.now() - 60_000 + 999
    await sendWebhook(message, { url: server.url, secret }, { ...options, clock: fixedClock(now) })
    const { headers = {}, body = '' } = server.requests[0] ?? {}
    expect(headers['webhook-timestamp']).toBe(String(Math.floor(now / 1000)))
    expect(new Webhook(secret).verify(body, headers)).toBeTruthy()
  })

  test('secrets have 32 random bytes', () => {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(newSecret()).not.toBe(secret)
  })
})

describe('answers', () => {
  test.each([200, 201, 204, 299])('%d is delivered', async (status) => {
    const server = serve(() => new Response(null, { status }))
    expect(await send(server.url)).toEqual(delivered(status))
  })

  test.each([400, 404, 429, 500, 503])('%d is a failure', async (status) => {
    const server = serve(() => new Response('whsec_echo', { status }))
    const result = await send(server.url)
    expect(result).toEqual({ ...failed(status, `HTTP ${status}`), excerpt: 'whsec_echo' })
  })

  test.each([301, 302, 303, 307, 308])('a redirect (%d) is a failure and is not followed', async (status) => {
    const elsewhere = serve()
    const server = serve(() => new Response(null, { status, headers: { location: elsewhere.url } }))
    expect(await send(server.url)).toEqual(failed(status, `HTTP ${status}: redirects are not followed`))
    expect(elsewhere.requests).toHaveLength(0)
  })

  test('410 says that the endpoint is gone', async () => {
    const server = serve(() => new Response(null, { status: 410 }))
    expect(await send(server.url)).toEqual({ ...seen, kind: 'gone', status: 410, error: 'HTTP 410' })
  })

  test('Retry-After is read', async () => {
    const server = serve(() => new Response(null, { status: 503, headers: { 'retry-after': '120' } }))
    expect(await send(server.url)).toEqual(failed(503, 'HTTP 503', 120_000))
  })
})

describe('what is kept of an answer', () => {
  const excerptOf = async (body: BodyInit, headers: Record<string, string> = {}, status = 500) => {
    const server = serve(() => new Response(body, { status, headers }))
    return (await send(server.url)).excerpt
  }
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

  test.each([
    ['text', 'no such order: Zoë', 'no such order: Zoë'],
    ['lines', '{\r\n  "a": 1\n}\n', '{ "a": 1 }'],
    ['a tab and a line separator', 'a\tb\u2028c', 'a b c'],
    ['controls', 'a\x07\x1b[31mb\x7f\x9b', 'a[31mb'],
    ['a change of direction, hidden letters', 'a\u202eb\u200bc\ufeff', 'abc'],
    ['a long text', 'é'.repeat(300), 'é'.repeat(256)],
    ['a long text of astral characters', `a${'😀'.repeat(300)}`, `a${'😀'.repeat(127)}`],
    [
      'text of another encoding',
      bytes('Donn\xe9es refus\xe9es, commande inconnue'),
      'Donn�es refus�es, commande inconnue',
    ],
    ['nothing', '', null],
    ['blanks', ' \r\n\t', null],
    ['a null character', 'a\0b', null],
    ['other bytes', bytes('\x89PNG\xff\xfe\x9c\xfa\xd0'), null],
  ])('%s', async (_, body, expected) => {
    const excerpt = await excerptOf(body)
    expect(excerpt).toBe(expected)
    expect(excerpt?.isWellFormed()).not.toBe(false)
  })

  test('it is kept of a success, and of a body that breaks off', async () => {
    expect(await excerptOf('thanks', {}, 202)).toBe('thanks')
    const partial = new ReadableStream({ start: (controller) => controller.enqueue('part') })
    const server = serve(() => new Response(partial))
    expect(await send(server.url, 200)).toEqual(delivered(200, 'part'))
  })

  test('a compressed answer is not unpacked', async () => {
    const bomb = Bun.gzipSync(new Uint8Array(64 * 1024 * 1024))
    expect(await excerptOf(bomb, { 'content-encoding': 'gzip' })).toBeNull()
    expect(await excerptOf('plain', { 'content-encoding': 'identity' })).toBe('plain')
    expect(await excerptOf('said so', { 'content-encoding': 'br' })).toBeNull()
  })

  test('a character that the bound cuts is left out', async () => {
    expect(await excerptOf(`${' '.repeat(1022)}a😀`)).toBe('a')
  })

  test('the latency ends with the head, and is there when there is no answer', async () => {
    const late = serve(() => new Response(stalled()))
    const result = await send(late.url, 400)
    expect(result.latencyMs).toBeInteger()
    expect(result.latencyMs).toBeLessThan(390)
    const silent = serve(() => new Promise<Response>(() => {}))
    expect((await send(silent.url, 200)).latencyMs).toBeGreaterThanOrEqual(199)
    expect((await send('no url')).latencyMs).toBeLessThan(100)
  })
})

describe('the deadline', () => {
  test('ends an attempt that gets no answer', async () => {
    const server = serve(() => new Promise<Response>(() => {}))
    expect(await send(server.url, 150)).toEqual(failed(null, 'no answer within 150 ms'))
  })

  test('covers a name that does not resolve in time', async () => {
    const never = {
      ...options,
      allowPrivate: false,
      deadlineMs: 100,
      resolve: () => new Promise<string[]>(() => {}),
    }
    const result = await sendWebhook(message, { url: 'https://example.com/', secret }, never)
    expect(result).toEqual(failed(null, 'no answer within 100 ms'))
  })

  test.each([
    [200, delivered(200)],
    [500, failed(500, 'HTTP 500')],
  ])('covers the body, and keeps the status %d that came before it', async (status, expected) => {
    const server = serve(() => new Response(stalled(), { status }))
    const startedAt = performance.now()
    expect(await send(server.url, 200)).toEqual(expected)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  test('an endless answer is abandoned after a kilobyte, long before the deadline', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    let sent = 0
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536))
      },
      cancel: () => resolve(sent),
    })
    const server = serve(() => new Response(endless))
    expect(await send(server.url, 5_000)).toEqual(delivered(200))
    expect(await promise).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('trouble', () => {
  test('a refused connection is a failure that names neither URL nor secret', async () => {
    const server = serve()
    await server.stop()
    const result = await send(`${server.url}?token=hunter2`)
    expect(result).toMatchObject({ kind: 'failed', status: null, retryAfterMs: undefined })
    expect(JSON.stringify(result)).not.toMatch(/hunter2|127\.0\.0\.1|whsec/)
  })

  test('an answer that is not HTTP is a failure', async () => {
    const listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: (socket) => void socket.end('garbage\r\n\r\n') },
    })
    expect(await send(`http://127.0.0.1:${listener.port}/`)).toMatchObject({ kind: 'failed', status: null })
    listener.stop(true)
  })

  test('a target that became private is not called', async () => {
    const server = serve()
    const guarded = { ...options, allowPrivate: false }
    const result = await sendWebhook(message, { url: server.url.replace('http:', 'https:'), secret }, guarded)
    expect(result).toEqual(failed(null, 'not sent: the URL must not lead to a private or reserved address'))
    expect(server.requests).toHaveLength(0)
  })
})
