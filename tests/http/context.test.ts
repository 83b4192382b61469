import { describe, expect, test } from 'bun:test'
import { MAX_BODY_BYTES } from '../../src/http/body.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const UUID = /^[0-9a-f-]{36}$/

/** Lets the hooks run that Elysia defers until the answer is out. */
const answered = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('every answer can be found in the log', () => {
  test.each([
    ['GET', '/healthz', null, 200],
    ['GET', '/nope', null, 404],
    ['PUT', '/transfers', null, 404],
    ['OPTIONS', '/transfers', null, 204],
    ['GET', '/transfers/%ZZ', null, 400],
    ['POST', '/transfers', '{', 400],
    ['POST', '/transfers', 'x'.repeat(MAX_BODY_BYTES + 1), 413],
    ['GET', '/transfers/fault', null, 500],
    ['GET', '/swagger', null, 200],
    ['DELETE', '/transfers/transfer_1', null, 204],
  ])('%s %s', async (method, path, body, status) => {
    const { send, lines } = sampleApp()
    const answer = await send(method, path, body)
    await answered()
    const access = lines.filter(({ msg }) => msg === 'request')
    expect(access).toHaveLength(1)
    expect(access[0]).toMatchObject({ method, status, request_id: answer.headers.get('x-request-id') })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-request-id')).toMatch(UUID)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
  })

  test("the caller's own id is kept when it is harmless, and replaced otherwise", async () => {
    const { send } = sampleApp()
    const idFor = async (id: string) =>
      (await send('GET', '/healthz', null, { 'x-request-id': id })).headers.get('x-request-id')
    expect(await idFor('a.b_c-1')).toBe('a.b_c-1')
    for (const bad of ['', 'a b', 'a\tb', '<x>', 'é', 'x'.repeat(65)]) expect(await idFor(bad)).toMatch(UUID)
  })

  test('a line tells the route and the account, and neither query nor body', async () => {
    const { send, lines } = sampleApp()
    await send('GET', '/transfers?limit=7&kind=sent')
    await send('GET', '/transfers/transfer_secret')
    await send('POST', '/transfers', JSON.stringify({ ...TRANSFER, payee: { account: 'acc_secret' } }))
    await send('GET', '/nope?token=secret')
    await answered()
    expect(lines.map(({ route }) => route)).toEqual(['/transfers', '/transfers/:id', '/transfers', undefined])
    expect(lines.slice(0, 3).map(({ account_id }) => account_id)).toEqual([
      'acc_demo',
      'acc_demo',
      'acc_demo',
    ])
    expect(JSON.stringify(lines)).not.toMatch(/limit|sent|secret/)
  })
})

test('a key that somebody put into a path is neither logged nor said back', async () => {
  const { send, lines } = sampleApp()
  expect((await send('GET', '/nope/whsec_aGlkZGVu/aGlkZGVu+w==')).body.message).toBe(
    'no route GET /nope/[redacted]',
  )
  for (const key of ['rl_live_hidden', 'rl_test_hidden', 'sk-ant-hidden']) {
    const answer = await send('GET', `/nope/${key}/more`)
    expect(answer.body.message).toBe('no route GET /nope/[redacted]/more')
  }
  await answered()
  expect(JSON.stringify(lines)).not.toMatch(/hidden|aGlkZGVu/)
  expect(lines[1]).toMatchObject({ path: '/nope/[redacted]/more' })
})

describe('answers are not kept by caches, and probes tell the state', () => {
  test('JSON is not stored', async () => {
    const { send } = sampleApp()
    for (const path of ['/healthz', '/transfers', '/nope'])
      expect((await send('GET', path)).headers.get('cache-control')).toBe('no-store')
  })

  test('readiness is 503 while anything is missing or the check itself fails; liveness stays 200', async () => {
    const missing = sampleApp({ ready: async () => ({ database: true, queue: false }) })
    const answer = await missing.send('GET', '/readyz')
    expect([answer.status, answer.body]).toEqual([
      503,
      { status: 'unavailable', checks: { database: true, queue: false } },
    ])
    const broken = sampleApp({ ready: () => Promise.reject(new Error('away')) })
    expect((await broken.send('GET', '/readyz')).status).toBe(503)
    expect((await broken.send('GET', '/healthz')).body).toEqual({ status: 'ok' })
    expect((await sampleApp().send('GET', '/readyz')).body).toEqual({
      status: 'ready',
      checks: { database: true },
    })
  })
})
