import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { sendWebhook } from '../../src/webhooks/sending/send.ts'
import { newSecret } from '../../src/webhooks/signing.ts'
import { authority } from './certificates.ts'
import { type PeerOptions, peer } from './peer.ts'

const peers: Awaited<ReturnType<typeof peer>>[] = []
const serve = async (options?: PeerOptions) => {
  const server = await peer(options)
  peers.push(server)
  return server
}
afterEach(() => {
  for (const server of peers.splice(0)) server.stop()
})

const mine = await authority()
const others = await authority()
afterAll(() => Promise.all([mine.remove(), others.remove()]))

const message = { eventId: '1', body: '{"name":"Zoë"}' }
const secret = newSecret()
const options = {
  clock: systemClock,
  deadlineMs: 5_000,
  resolve: () => Promise.resolve(['127.0.0.1']),
  allowPrivate: true,
  ca: mine.ca,
}
const send = (url: string, changed: Partial<typeof options> = {}) =>
  sendWebhook(message, { url, secret }, { ...options, ...changed })

const failure = (error: string) => ({ kind: 'failed', status: null, error: `connection failed${error}` })

describe('TLS', () => {
  test('asks for the name, verifies it and calls it Host, while it connects to the address', async () => {
    const server = await serve({ identity: await mine.issue('DNS:hook.example.com') })
    expect(await send(`https://hook.example.com:${server.port}/a?b=c`)).toMatchObject({ status: 200 })
    expect(server.names).toEqual(['hook.example.com'])
    expect(server.heard.join('')).toStartWith('POST /a?b=c HTTP/1.1\r\n')
    expect(server.heard.join('')).toMatch(new RegExp(`\r\nhost: hook.example.com:${server.port}\r\n`, 'i'))
    expect(server.heard.join('')).toMatch(/\r\nconnection: close\r\n/i)
    expect(server.heard.join('')).toEndWith(`\r\n\r\n${message.body}`)
  })

  test.each([
    ['another name', 'DNS:other.example.com'],
    ['the address only', 'IP:127.0.0.1'],
    ['a wildcard of another level', 'DNS:*.com'],
  ])('a certificate for %s is refused', async (_, names) => {
    const server = await serve({ identity: await mine.issue(names) })
    const result = await send(`https://hook.example.com:${server.port}/`)
    expect(result).toMatchObject(failure(': ERR_TLS_CERT_ALTNAME_INVALID'))
    expect(server.heard).toEqual([])
  })

  test('a certificate that has expired is refused', async () => {
    const server = await serve({ identity: await mine.issue('DNS:hook.example.com', -1) })
    const result = await send(`https://hook.example.com:${server.port}/`)
    expect(result).toMatchObject(failure(': CERT_HAS_EXPIRED'))
    expect(server.heard).toEqual([])
  })

  test.each(['somebody else', 'nobody known'])('a certificate of %s is refused', async (issuer) => {
    const server = await serve({ identity: await others.issue('DNS:hook.example.com') })
    const { ca, ...usual } = options
    const trust = issuer === 'nobody known' ? usual : { ...usual, ca }
    const url = `https://hook.example.com:${server.port}/`
    expect(await sendWebhook(message, { url, secret }, trust)).toMatchObject(
      failure(': UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    )
    expect(server.heard).toEqual([])
  })

  test('an address in the URL must be in the certificate as one, and no name is asked for', async () => {
    const named = await serve({ identity: await mine.issue('DNS:127.0.0.1,DNS:localhost') })
    expect(await send(`https://127.0.0.1:${named.port}/`)).toMatchObject(
      failure(': ERR_TLS_CERT_ALTNAME_INVALID'),
    )
    const numbered = await serve({ identity: await mine.issue('IP:127.0.0.1') })
    expect(await send(`https://127.0.0.1:${numbered.port}/`)).toMatchObject({ status: 200 })
    expect(numbered.names).toEqual([false])
  })

  test('a final dot and an international name reach the server in their plain form', async () => {
    const server = await serve({
      identity: await mine.issue('DNS:hook.example.com,DNS:xn--bcher-kva.example'),
    })
    expect(await send(`https://hook.example.com.:${server.port}/`)).toMatchObject({ status: 200 })
    expect(await send(`https://bücher.example:${server.port}/`)).toMatchObject({ status: 200 })
    expect(server.names).toEqual(['hook.example.com', 'xn--bcher-kva.example'])
  })

  test('a handshake that never ends is ended by the deadline', async () => {
    const server = await serve({ answer: () => {} })
    const result = await send(`https://hook.example.com:${server.port}/`, { deadlineMs: 200 })
    expect(result).toMatchObject({ kind: 'failed', status: null, error: 'no answer within 200 ms' })
    await server.empty()
  })

  test('plain text where TLS was due is a failure, and nothing is sent in plain', async () => {
    const server = await serve()
    expect(await send(`https://hook.example.com:${server.port}/`)).toMatchObject({
      kind: 'failed',
      status: null,
    })
    expect(server.heard.join('')).not.toContain(message.body)
  })
})

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const LINE = `x-a: ${'b'.repeat(1000)}\r\n`

/** Sends `head`, and then `unit` for as long as anybody reads. */
const endlessly = (head: string, unit: string) => {
  const seen = { bytes: 0 }
  const answer: PeerOptions['answer'] = (socket) => {
    const block = unit.repeat(Math.ceil(65_536 / unit.length))
    const pour = () => {
      while (!socket.destroyed) {
        seen.bytes += block.length
        if (!socket.write(block)) break
      }
    }
    socket.write(head)
    socket.on('drain', pour)
    pour()
  }
  return { seen, answer }
}

describe('an endless answer ends long before the deadline, and little of it is taken', () => {
  test.each([
    ['headers', OK, LINE, failure(': HPE_HEADER_OVERFLOW')],
    ['a header name', OK, 'a', failure(': HPE_HEADER_OVERFLOW')],
    ['a reason', 'HTTP/1.1 200 ', 'a', failure(': HPE_HEADER_OVERFLOW')],
    ['interim answers', '', 'HTTP/1.1 100 Continue\r\n\r\n', failure('')],
    ['an upgrade', 'HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'a', failure('')],
    ['lines before the head', '', '\r\n', failure('')],
    ['a body without length', `${OK}\r\n`, 'a', { status: 200, excerpt: 'a'.repeat(256) }],
    ['a body of many chunks', CHUNKED, '1\r\na\r\n', { status: 200, excerpt: 'a'.repeat(256) }],
    ['the size of a chunk', CHUNKED, '0', { status: 200, excerpt: null }],
    ['the extensions of a chunk', `${CHUNKED}1;`, 'abc=1;', { status: 200, excerpt: null }],
    ['trailers', `${CHUNKED}0\r\n`, LINE, { status: 200, excerpt: null }],
  ])('%s', async (_, head, unit, expected) => {
    const { seen, answer } = endlessly(head, unit)
    const server = await serve({ answer })
    const startedAt = performance.now()
    expect(await send(`http://127.0.0.1:${server.port}/`, { deadlineMs: 20_000 })).toMatchObject(expected)
    await server.empty()
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(seen.bytes).toBeLessThan(32 * 1024 * 1024)
  })
})

describe('an answer', () => {
  const answering = (text: string) => serve({ answer: (socket) => void socket.write(text) })
  const INTERIM = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
  const DONE = `${OK}content-length: 2\r\n\r\nok`

  test('may follow a few interim ones, but not many', async () => {
    const few = await answering(INTERIM.repeat(4) + DONE)
    expect(await send(`http://127.0.0.1:${few.port}/`)).toMatchObject({ status: 200, excerpt: 'ok' })
    const many = await answering(INTERIM.repeat(5) + DONE)
    expect(await send(`http://127.0.0.1:${many.port}/`)).toMatchObject(failure(''))
    await many.empty()
  })

  test('is not waited for once a kilobyte of it is here', async () => {
    const server = await answering(`${OK}content-length: 5000\r\n\r\n${'a'.repeat(1024)}`)
    const startedAt = performance.now()
    expect(await send(`http://127.0.0.1:${server.port}/`)).toMatchObject({ status: 200 })
    expect(performance.now() - startedAt).toBeLessThan(2_500)
  })

  test('that comes before the request is finished counts', async () => {
    const early = await serve({ greeting: DONE, answer: () => {} })
    expect(await send(`http://127.0.0.1:${early.port}/`)).toMatchObject({ status: 200, excerpt: 'ok' })
  })
})

test('no connection outlives its attempt, however that ends', async () => {
  const identity = await mine.issue('DNS:hook.example.com')
  const answers = ['HTTP/1.1 500 No\r\n\r\n', 'garbage\r\n\r\n', `${OK}content-length: 9\r\n\r\n`]
  const secure = await Promise.all(
    [{}, { identity }, ...answers.map((text) => ({ identity, text }))].map(
      ({ text, ...rest }: PeerOptions & { text?: string }) =>
        serve({ ...rest, ...(text === undefined ? {} : { answer: (socket) => void socket.write(text) }) }),
    ),
  )
  for (let round = 0; round < 5; round++)
    await Promise.all(
      secure.map(({ port }) => send(`https://hook.example.com:${port}/`, { deadlineMs: 250 })),
    )
  await Promise.all(secure.map((server) => server.empty()))
  expect(secure.map((server) => server.connections())).toEqual([5, 5, 5, 5, 5])
})
