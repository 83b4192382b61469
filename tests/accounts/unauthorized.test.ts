import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createAuthenticate } from '../../src/accounts/authenticate.ts'
import { generateKey, hashKey } from '../../src/accounts/keys.ts'
import { createAccountStore } from '../../src/accounts/store.ts'
import { operatorOf } from '../../src/core/principal.ts'
import { MAX_BODY_BYTES } from '../../src/http/body.ts'
import { startApi } from '../api/support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { database, services } = api.harness

const keyThat = async (ends: (id: string) => Promise<unknown>): Promise<string> => {
  const made = await services.accounts.createKey(operatorOf('acme'), {
    name: 'Ended',
    scopes: ['read', 'write'],
  })
  await ends(made.id)
  return made.key
}

const good = api.keys.own
const revoked = await keyThat((id) => services.accounts.revokeKey('acme', id))
const expired = await keyThat(
  (id) => database.sql`update api_keys set expires_at = now() where id = ${id.replace('key_', '')}`,
)
const rotated = await keyThat((id) =>
  services.accounts.rotateKey(operatorOf('acme'), id, { overlap_seconds: 0 }),
)

/** Headers by what is wrong with them. */
const BAD: Record<string, Record<string, string>> = {
  'no key': {},
  'an empty header': { authorization: '' },
  'a key that was never made': { authorization: `Bearer ${generateKey('test')}` },
  'a revoked key': { authorization: `Bearer ${revoked}` },
  'an expired key': { authorization: `Bearer ${expired}` },
  'a rotated key': { authorization: `Bearer ${rotated}` },
  'a key in lower case': { authorization: `Bearer ${good.toLowerCase()}` },
  'a key with the other prefix': { authorization: `Bearer ${good.replace('rl_test_', 'rl_live_')}` },
  'a key with one more character': { authorization: `Bearer ${good}A` },
  'half a key': { authorization: `Bearer ${good.slice(0, 30)}` },
  'the hash of a key': { authorization: `Bearer ${hashKey(good)}` },
  'no scheme': { authorization: good },
  'another scheme': { authorization: `Basic ${btoa(`${good}:`)}` },
  'only the scheme': { authorization: 'Bearer' },
  'two keys': { authorization: `Bearer ${good} ${good}` },
  'two headers in one': { authorization: `Bearer ${good}, Bearer ${good}` },
  'a key in quotes': { authorization: `Bearer "${good}"` },
  'ten thousand characters': { authorization: `Bearer ${'x'.repeat(10_000)}` },
  'a pattern for LIKE': { authorization: 'Bearer rl_test_%' },
  'a key in another header': { 'x-api-key': good, 'proxy-authorization': `Bearer ${good}` },
  'a key in a cookie': { cookie: `authorization=Bearer ${good}; key=${good}` },
}

const ROUTES: [method: string, path: string, body?: string][] = [
  ['GET', '/payments'],
  ['HEAD', '/payments'],
  ['GET', '/payments/d910ce80-3f54-46bf-a1b0-256234c6c08a'],
  ['GET', `/payments?key=${good}&access_token=${good}&authorization=Bearer%20${good}`],
  ['GET', '/payments/%ff'],
  ['GET', '/payments/x/events'],
  ['POST', '/payments', '{"amount":1}'],
  ['POST', '/payments', '{'],
  ['POST', '/payments', 'x'.repeat(MAX_BODY_BYTES + 1)],
  ['POST', '/payments', `{"key":"${good}"}`],
  ['PATCH', '/webhooks/endpoints/x', '{}'],
  ['DELETE', '/keys/x'],
  ['GET', '/metrics'],
]

/** All of an answer that could tell one from another. The answer to HEAD has no text but its length. */
const told = ({ status, headers, text }: { status: number; headers: Headers; text: string }) => {
  const { 'x-request-id': id, 'content-length': _length, ...rest } = Object.fromEntries(headers)
  return { status, headers: rest, text: text.replace(id ?? '', '') }
}

describe('whatever is wrong with a key, the answer is the same', () => {
  test.each(Object.keys(BAD))('%s', async (wrong) => {
    const expected = told(await api.send('GET', '/payments', { key: generateKey('test') }))
    expect(expected).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    expect(JSON.parse(expected.text)).toEqual({
      error: 'UNAUTHORIZED',
      message: 'A valid API key is needed: Authorization: Bearer rl_live_…',
      request_id: '',
    })
    for (const [method, path, body] of ROUTES) {
      const answer = told(await api.send(method, path, { key: null, body, headers: BAD[wrong] ?? {} }))
      const text = method === 'HEAD' ? '' : expected.text
      expect([method, path, answer]).toEqual([method, path, { ...expected, text }])
    }
  })

  test('an unknown route stays NOT_FOUND, with and without a key', async () => {
    for (const key of [null, good]) expect((await api.send('GET', '/nothing', { key })).status).toBe(404)
  })

  test('a good key opens in every spelling of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer '])
      expect(
        (await api.send('GET', '/payments', { key: null, headers: { authorization: `${scheme} ${good}` } }))
          .status,
      ).toBe(200)
  })
})

describe('the time of an answer tells nothing about the key', () => {
  test('every key costs the same one query on a hash of the same length', async () => {
    const store = createAccountStore(database)
    const hashes: string[] = []
    const findLive = (hash: string) => {
      hashes.push(hash)
      return store.findLive(hash)
    }
    const authenticate = createAuthenticate({ findLive }, { note: () => {} })
    for (const headers of Object.values(BAD)) {
      const request = new Request('http://localhost/payments', { headers })
      await expect(authenticate(request)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    }
    expect(hashes).toHaveLength(Object.keys(BAD).length)
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('on a real connection', () => {
  let port = 0
  beforeAll(() => {
    api.app.listen({ port: 0, hostname: '127.0.0.1' })
    port = api.app.server?.port ?? 0
  })
  afterAll(() => api.app.stop(true))

  const raw = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(request))
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.on('close', () => resolve(received))
      socket.on('error', reject)
    })

  const line = `Authorization: Bearer ${good}\r\n`
  const wrong = `Authorization: Bearer ${generateKey('test')}\r\n`
  const get = (headers: string) =>
    raw(`GET /payments HTTP/1.1\r\nHost: api\r\nConnection: close\r\n${headers}\r\n`)

  test('one header with a good key opens', async () => {
    expect(await get(line)).toStartWith('HTTP/1.1 200')
  })

  test.each([
    ['twice the same good key', line + line],
    ['a good one before a wrong one', line + wrong],
    ['a good one after a wrong one', wrong + line],
  ])('two Authorization headers open nothing: %s', async (_name, headers) => {
    expect(await get(headers)).toStartWith('HTTP/1.1 401')
  })

  test('a large body of a stranger is answered without being read', async () => {
    const answer = await raw(
      `POST /payments HTTP/1.1\r\nHost: api\r\nConnection: close\r\nContent-Length: 10000000\r\n\r\n{"amount"`,
    )
    expect(answer).toStartWith('HTTP/1.1 401')
  })
})
