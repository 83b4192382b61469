import { afterAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import type { Edge } from '../../src/app.ts'
import { parseOrigins } from '../../src/http/cors.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const stops: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

const listening = (edge: Partial<Edge> = {}): number => {
  const { app } = sampleApp({ edge })
  app.listen({ port: 0, hostname: '127.0.0.1' })
  stops.push(() => app.stop(true))
  return app.server?.port ?? 0
}

/**
 * Writes the start of a request, and then piece by piece more for as long as it is let; resolves with what came back
 * once the server has closed the connection.
 */
const trickle = (port: number, start: string, more?: string): Promise<string> =>
  new Promise((resolve) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(start))
    const timer = more === undefined ? undefined : setInterval(() => socket.write(more), 20)
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(timer)
      resolve(received)
    })
  })

const head = (...lines: string[]) =>
  ['POST /transfers HTTP/1.1', 'host: localhost', 'authorization: Bearer all', ...lines, '', ''].join('\r\n')

describe('a body that does not come', () => {
  test.each([
    ['stops', 'content-length: 1000', '{"amount":1', undefined],
    ['trickles', 'content-length: 1000', '{"amount":1', '0'],
    ['trickles in chunks', 'transfer-encoding: chunked', '1\r\n{\r\n', '1\r\n \r\n'],
  ])('and %s is answered in our shape, and the connection closed', async (_how, length, start, more) => {
    const answer = await trickle(listening({ bodyDeadlineMs: 100 }), head(length) + start, more)
    expect(answer).toStartWith('HTTP/1.1 408 ')
    expect(answer.toLowerCase()).toContain('\r\nx-request-id: ')
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: 'REQUEST_TIMEOUT',
      message: 'the request body did not arrive within 100 ms',
    })
  })

  test('while one that is in time is served, on a connection that stays', async () => {
    const port = listening({ bodyDeadlineMs: 5_000 })
    const body = JSON.stringify(TRANSFER)
    const request = head(`content-length: ${body.length}`) + body
    const last = request.replace('host:', 'connection: close\r\nhost:')
    expect((await trickle(port, request + last)).match(/HTTP\/1\.1 202 /g)).toHaveLength(2)
  })
})

test('a head that does not come to its end is cut off by Bun after some ten seconds, without an answer', async () => {
  const port = listening()
  const heads = [trickle(port, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ', 'a'), trickle(port, '')]
  expect(await Promise.all(heads)).toEqual(['', ''])
})

describe('what Bun refuses before it is ours has a status and no body', () => {
  const close = 'connection: close'
  const get = (path: string, ...lines: string[]) =>
    [`GET ${path} HTTP/1.1`, 'host: localhost', close, ...lines, '', ''].join('\r\n')

  test.each([
    ['headers of more than 16 KiB', get('/healthz', `x: ${'a'.repeat(20_000)}`), 431],
    [
      'more than some 200 headers',
      get('/healthz', ...Array.from({ length: 250 }, (_, i) => `x${i}: a`)),
      431,
    ],
    ['a URL of more than 16 KiB', get(`/${'a'.repeat(17_000)}`), 431],
    ['two lengths', head('content-length: 5', 'content-length: 6', close), 400],
    ['a length and chunks', head('content-length: 5', 'transfer-encoding: chunked', close), 400],
    ['a negative length', head('content-length: -1', close), 400],
    ['a length that is no number', head('content-length: 1e2', close), 400],
    ['a header over two lines', get('/healthz', 'x: a', ' b'), 400],
    ['a request without a host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
  ])('%s', async (_what, request, status) => {
    const answer = await trickle(listening(), request)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^\\r]*\\r\\n`))
    expect(answer.slice(answer.indexOf('\r\n\r\n'))).toBe('\r\n\r\n')
  })

  test('a body that is longer than it says is the start of the next request, which is none', async () => {
    const answer = await trickle(listening(), `${head('content-length: 2')}{}GARBAGE\r\n\r\n`)
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['400', '400'])
    expect(answer).toContain('/amount is required')
  })
})

describe('our own bounds are told in our shape', () => {
  test('a URL of more than 8192 characters', async () => {
    const { send } = sampleApp()
    const long = (length: number) =>
      `/nope?x=${'a'.repeat(length - '/nope?x='.length - 'http://localhost'.length)}`
    expect((await send('GET', long(8_192))).status).toBe(404)
    const answer = await send('GET', long(8_193))
    expect([answer.status, answer.body.error]).toEqual([400, 'VALIDATION_ERROR'])
  })

  test('a body of more than a thousand values, however they are nested', async () => {
    const { send } = sampleApp()
    const list = (values: number) => JSON.stringify(Array(values - 1).fill(0))
    const echo = (body: string) => send('POST', '/transfers/echo', body)
    expect((await echo(list(1_000))).status).toBe(200)
    expect((await echo(list(1_001))).body).toMatchObject({ error: 'INVALID_JSON' })
    const pairs = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`k${i}`, [i]]))
    expect((await echo(JSON.stringify(pairs))).body).toMatchObject({ error: 'INVALID_JSON' })
  })

  test('a body that is packed', async () => {
    const packed = Bun.gzipSync(Buffer.from(JSON.stringify(TRANSFER)))
    const answer = await sampleApp().send('POST', '/transfers', packed, { 'content-encoding': 'gzip' })
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { error: 'INVALID_JSON', message: 'a request body must not be compressed' },
    ])
  })
})

describe('pages of other origins', () => {
  const corsOrigins = ['https://shop.example']
  const preflight = (origin: string) => ({
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,idempotency-key',
  })
  const corsOf = ({ headers }: { headers: Headers }) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control') || name === 'vary'))

  test('are not let in unless they are named', async () => {
    const { send } = sampleApp()
    expect(corsOf(await send('GET', '/transfers', null, { origin: 'https://shop.example' }))).toEqual({})
    expect(corsOf(await send('OPTIONS', '/transfers', null, preflight('https://shop.example')))).toEqual({})
  })

  test('are let in by their exact origin, without cookies, on errors too', async () => {
    const { send } = sampleApp({ edge: { corsOrigins } })
    for (const [path, key, status] of [
      ['/transfers', 'Bearer all', 200],
      ['/transfers', 'Bearer nobody', 401],
      ['/nope', 'Bearer all', 404],
    ] as const) {
      const answer = await send('GET', path, null, { origin: 'https://shop.example', authorization: key })
      expect([answer.status, corsOf(answer)]).toEqual([
        status,
        {
          'access-control-allow-origin': 'https://shop.example',
          'access-control-expose-headers':
            'x-request-id, ratelimit, ratelimit-policy, retry-after, idempotent-replayed',
          vary: 'Origin',
        },
      ])
    }
  })

  test.each([
    'https://evil.example',
    'http://shop.example',
    'https://shop.example:8443',
    'https://shop.example.evil.example',
    'https://SHOP.example',
    'null',
  ])(
    '%s is another origin, and what it is answered is not for the cache of those who are named',
    async (origin) => {
      const { send } = sampleApp({ edge: { corsOrigins } })
      expect(corsOf(await send('GET', '/transfers', null, { origin }))).toEqual({ vary: 'Origin' })
      expect(corsOf(await send('OPTIONS', '/transfers', null, preflight(origin)))).toEqual({ vary: 'Origin' })
    },
  )

  test('ask before they send, and need no key for that', async () => {
    const { send } = sampleApp({ edge: { corsOrigins } })
    const answer = await send('OPTIONS', '/transfers', null, {
      ...preflight('https://shop.example'),
      authorization: '',
    })
    expect([answer.status, answer.text, corsOf(answer)]).toMatchObject([
      204,
      '',
      {
        'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
        'access-control-allow-headers': expect.stringContaining('idempotency-key'),
        'access-control-max-age': '600',
        vary: 'Origin',
      },
    ])
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test.each(['*', 'shop.example', 'https://shop.example/', 'https://shop.example,', 'https://a.example/x'])(
    'cannot be named by %j',
    (text) => expect(parseOrigins(text)).toBeNull(),
  )
})

describe('browsers', () => {
  test('insist on TLS only where the operator says that there is nothing else', async () => {
    const hsts = async (edge: Partial<Edge>, path: string) =>
      (await sampleApp({ edge }).send('GET', path)).headers.get('strict-transport-security')
    expect(await hsts({}, '/transfers')).toBeNull()
    for (const path of ['/transfers', '/nope', '/swagger'])
      expect(await hsts({ hstsSeconds: 31_536_000 }, path)).toBe('max-age=31536000; includeSubDomains')
  })

  test('may run on the page what is ours alone, and show it in no frame', async () => {
    const { send } = sampleApp()
    const page = await send('GET', '/swagger')
    const policy = page.headers.get('content-security-policy')?.split('; ') ?? []
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
    )
    expect(policy.join()).not.toMatch(/unsafe-eval|\*|https?:/)
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    const script = await send('GET', '/swagger/start.js')
    for (const answer of [page, script])
      expect([
        answer.headers.get('x-content-type-options'),
        answer.headers.get('cross-origin-resource-policy'),
      ]).toEqual(['nosniff', 'same-origin'])
    // A key that is kept is found by whoever uses the browser next.
    expect(script.text).not.toContain('persistAuthorization')
  })
})
