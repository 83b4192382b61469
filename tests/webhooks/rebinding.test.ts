import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
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

const { ca, issue, remove } = await authority()
afterAll(remove)

const PRIVATE = '127.0.0.1'
/** In the public range, but of a block that was given back: nobody is called by trying it. */
const PUBLIC = '3ffe::1'

/** A resolver that goes through a list of answers, over and over. */
const resolver = (...answers: string[][]) => {
  const asked: string[] = []
  const resolve = (host: string) => {
    asked.push(host)
    return Promise.resolve(answers[(asked.length - 1) % answers.length] ?? [])
  }
  return { asked, resolve }
}

const secret = newSecret()
const strictly = { clock: systemClock, deadlineMs: 150, allowPrivate: false, ca }
const openly = { ...strictly, deadlineMs: 5_000, allowPrivate: true }
const send = (url: string, options: Parameters<typeof sendWebhook>[2]) =>
  sendWebhook({ eventId: '1', body: '{}' }, { url, secret }, options)

const NOT_SENT = 'not sent: the URL must not lead to a private or reserved address'

describe('a name that moves', () => {
  test.each([
    ['public, then private', [[PUBLIC], [PRIVATE]]],
    ['private, then public', [[PRIVATE], [PUBLIC]]],
  ])('%s: the private server is never reached', async (_, answers) => {
    const server = await serve({ identity: await issue('DNS:rebind.example.com') })
    const { asked, resolve } = resolver(...answers)
    for (const count of [1, 2, 3, 4]) {
      const result = await send(`https://rebind.example.com:${server.port}/`, { ...strictly, resolve })
      const isPublic = answers[(count - 1) % 2]?.[0] === PUBLIC
      expect(result).toMatchObject({
        kind: 'failed',
        status: null,
        error: isPublic ? expect.not.stringMatching(/^not sent/) : NOT_SENT,
      })
      expect(asked).toHaveLength(count)
    }
    expect(server.connections()).toBe(0)
  })

  test('only our resolver is asked, though the system too has an answer for the name', async () => {
    const server = await serve({ identity: await issue('DNS:localhost') })
    const { resolve } = resolver([PUBLIC])
    const result = await send(`https://localhost:${server.port}/`, { ...strictly, resolve })
    expect(result).toMatchObject({ kind: 'failed', status: null })
    expect(server.connections()).toBe(0)
  })

  test('no connection is kept, so the next attempt checks the name anew', async () => {
    const server = await serve({ identity: await issue('DNS:rebind.example.com') })
    const { resolve } = resolver([PRIVATE])
    const url = `https://rebind.example.com:${server.port}/`
    for (const count of [1, 2, 3]) {
      expect(await send(url, { ...openly, resolve })).toMatchObject({ kind: 'delivered' })
      expect(server.connections()).toBe(count)
    }
    expect(await send(url, { ...strictly, resolve })).toMatchObject({ error: NOT_SENT })
    expect(server.connections()).toBe(3)
    await server.empty()
  })
})

describe('a name with several addresses', () => {
  test.each([
    [[PUBLIC, PRIVATE]],
    [[PRIVATE, PUBLIC]],
    [[PUBLIC, '::ffff:127.0.0.1']],
    [[PUBLIC, '64:ff9b::7f00:1']],
    [[PUBLIC, '0.0.0.0']],
    [[PUBLIC, '169.254.169.254']],
    [[PUBLIC, 'fe80::1%lo']],
    [[PUBLIC, 'localhost']],
  ])('%j is refused as a whole, without a connection', async (addresses) => {
    const server = await serve({ identity: await issue('DNS:mixed.example.com') })
    const { resolve } = resolver(addresses)
    const result = await send(`https://mixed.example.com:${server.port}/`, { ...strictly, resolve })
    expect(result).toMatchObject({ error: NOT_SENT })
    expect(server.connections()).toBe(0)
  })

  test('a resolver that answers with a name is not believed, in development neither', async () => {
    const server = await serve()
    const { resolve } = resolver(['localhost'])
    expect(await send(`http://app.test:${server.port}/`, { ...openly, resolve })).toMatchObject({
      error: NOT_SENT,
    })
    expect(server.connections()).toBe(0)
  })

  test('the next is tried when one refuses', async () => {
    const server = await serve({ identity: await issue('DNS:two.example.com') })
    const { asked, resolve } = resolver(['127.0.0.2', PRIVATE])
    const url = `https://two.example.com:${server.port}/`
    expect(await send(url, { ...openly, deadlineMs: 2_000, resolve })).toMatchObject({ kind: 'delivered' })
    expect(asked).toHaveLength(1)
  })

  // Other systems have 127.0.0.1 only.
  test.if(process.platform === 'linux')('the next is tried when one is silent for its share', async () => {
    const server = await serve({ identity: await issue('DNS:two.example.com') })
    const silent = await serve({ host: '127.0.0.2', port: server.port, answer: () => {} })
    const { resolve } = resolver(['127.0.0.2', PRIVATE])
    const url = `https://two.example.com:${server.port}/`
    const result = await send(url, { ...openly, deadlineMs: 2_000, resolve })
    expect(result).toMatchObject({ kind: 'delivered' })
    expect(result.latencyMs).toBeGreaterThanOrEqual(950)
    expect(result.latencyMs).toBeLessThan(2_000)
    expect(silent.connections()).toBe(1)
  })

  test.if(process.platform === 'linux')('a request is sent once, whatever became of it', async () => {
    const second = await serve()
    const first = await serve({ host: '127.0.0.2', port: second.port, answer: (socket) => socket.destroy() })
    const { resolve } = resolver(['127.0.0.2', PRIVATE])
    expect(await send(`http://two.test:${second.port}/`, { ...openly, resolve })).toMatchObject({
      kind: 'failed',
    })
    expect([first.connections(), second.connections()]).toEqual([1, 0])
  })
})

describe('the environment', () => {
  const attempt = async (url: string, env: Record<string, string>, trusted: string) => {
    const child = Bun.spawn(['bun', join(import.meta.dir, 'attempt.ts'), url, secret, trusted], {
      env: { ...process.env, NO_PROXY: '', no_proxy: '', ...env },
      stdout: 'pipe',
      stderr: 'ignore',
    })
    return JSON.parse(await new Response(child.stdout).text())
  }

  test.each(['http', 'https'])('proxy settings mean nothing to an attempt over %s', async (scheme) => {
    const proxy = await serve({ answer: (socket) => void socket.end('HTTP/1.1 502 No\r\n\r\n') })
    const server = await serve(scheme === 'https' ? { identity: await issue('DNS:app.example.com') } : {})
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
    const settings = names.map((name) => [name, `http://127.0.0.1:${proxy.port}`])
    const env = { ...Object.fromEntries(settings), NODE_USE_ENV_PROXY: '1' }
    const { result } = await attempt(`${scheme}://app.example.com:${server.port}/`, env, ca)
    expect(result).toMatchObject({ kind: 'delivered' })
    expect(server.connections()).toBe(1)
    // The one is that of the runtime's own client, which does heed them.
    expect(proxy.connections()).toBe(1)
    expect(proxy.heard.join('')).not.toContain('webhook-id')
  })

  test('certificates are verified even where the environment says not to', async () => {
    const server = await serve({ identity: await issue('DNS:localhost') })
    const stranger = await authority()
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const { result, fetched } = await attempt(`https://localhost:${server.port}/`, env, stranger.ca)
    await stranger.remove()
    expect(fetched).toBe(200)
    expect(result).toMatchObject({ error: 'connection failed: UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
    expect(server.heard.join('')).not.toContain('webhook-id')
  })
})
