import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors.ts'
import { openAccess } from '../../src/http/auth.ts'
import { MAX_BODY_BYTES } from '../../src/http/body.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const READER = { authorization: 'Bearer reader' }
const STRANGER = { authorization: 'Bearer nobody' }

/** What is wrong with a request beside its key; those that need the write scope come first. */
const WRONG: [
  wrong: string,
  method: string,
  path: string,
  body: string | null,
  headers?: Record<string, string>,
][] = [
  ['a field', 'POST', '/transfers', '{"x":1}'],
  ['a body that is no JSON', 'POST', '/transfers', '{'],
  ['a missing body', 'POST', '/transfers', null],
  ['a body that is too large', 'POST', '/transfers', 'x'.repeat(MAX_BODY_BYTES + 1)],
  ['a declared length', 'POST', '/transfers', '{}', { 'content-length': String(MAX_BODY_BYTES + 1) }],
  ['an id', 'GET', '/transfers/other', null],
  ['a query parameter', 'GET', '/transfers/transfer_1?x=1', null],
  ['a query parameter that is given twice', 'GET', '/transfers?limit=1&limit=2', null],
  ['a URL that does not decode', 'GET', '/transfers/%ff', null],
  ['a null character', 'POST', '/transfers/%00/cancel', null],
]

describe('only the account behind a key with the scope gets in', () => {
  test('the handler learns who calls', async () => {
    const answer = await sampleApp().send('POST', '/transfers', JSON.stringify(TRANSFER))
    expect([answer.status, answer.body.account]).toEqual([202, 'acc_demo'])
  })

  test.each(WRONG)('a stranger learns nothing else about %s', async (_wrong, method, path, body, headers) => {
    const { send } = sampleApp()
    const plain = await send('GET', '/transfers', null, STRANGER)
    const answer = await send(method, path, body, { ...headers, ...STRANGER })
    const { request_id: _own, ...told } = answer.body
    const { request_id: _other, ...expected } = plain.body
    expect([answer.status, told]).toEqual([401, expected])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  test.each(WRONG.slice(0, 5))('nor does a key without the scope about %s', async (_wrong, ...request) => {
    const [method, path, body, headers] = request
    const answer = await sampleApp().send(method, path, body, { ...headers, ...READER })
    expect([answer.status, answer.body.error]).toEqual([403, 'FORBIDDEN'])
    expect(answer.body.message).toContain('write scope')
    expect(answer.body.details).toBeUndefined()
  })

  test('a key with the scope is let in', async () => {
    expect((await sampleApp().send('GET', '/transfers', null, READER)).status).toBe(200)
  })

  test('scopes do not imply each other', async () => {
    const authenticate = () => ({ accountId: 'acc_admin', scopes: new Set(['admin' as const]) })
    const { send } = sampleApp({ authenticate })
    expect((await send('GET', '/transfers')).status).toBe(403)
    expect((await send('DELETE', '/transfers/transfer_1')).status).toBe(204)
  })

  test('an answer that comes later counts, and so does a refusal', async () => {
    const principal = { accountId: 'acc_late', scopes: new Set(['read' as const]) }
    expect(
      (await sampleApp({ authenticate: async () => principal }).send('GET', '/transfers')).body.account,
    ).toBe('acc_late')
    const refuse = () => Promise.reject(new AppError('UNAUTHORIZED', 'this key was revoked'))
    expect((await sampleApp({ authenticate: refuse }).send('GET', '/transfers')).status).toBe(401)
  })

  test.each([
    ['the database is away', Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' }), 503],
    ['something is broken', new TypeError('no such function'), 500],
  ])('while %s nobody is told that the body was wrong', async (_why, fault, status) => {
    const { send } = sampleApp({ authenticate: () => Promise.reject(fault) })
    expect((await send('GET', '/transfers')).status).toBe(status)
    expect((await send('POST', '/transfers', JSON.stringify(TRANSFER))).status).toBe(status)
    expect((await send('POST', '/transfers', '{')).status).toBe(status)
  })

  test('each request is looked up exactly once', async () => {
    let calls = 0
    const authenticate = () => {
      calls++
      return { accountId: 'acc', scopes: new Set(['read' as const, 'write' as const]) }
    }
    const { send } = sampleApp({ authenticate })
    expect((await send('GET', '/transfers')).status).toBe(200)
    expect(calls).toBe(1)
    expect((await send('POST', '/transfers', JSON.stringify(TRANSFER))).status).toBe(202)
    expect(calls).toBe(2)
  })

  test('open access lets everyone in as the one account with every scope', async () => {
    const { send } = sampleApp({ authenticate: openAccess('acc_open') })
    expect((await send('GET', '/transfers', null, { authorization: '' })).body.account).toBe('acc_open')
    expect((await send('DELETE', '/transfers/transfer_1', null, { authorization: '' })).status).toBe(204)
  })
})

describe('open access', () => {
  const open = openAccess('demo')
  const from =
    (url: string, headers: Record<string, string> = {}) =>
    () =>
      open(new Request(url, { headers }))

  test.each(['http://localhost:3000/quotes', 'http://127.0.0.1/quotes', 'http://[::1]:3000/quotes'])(
    'serves this machine: %s',
    (url) => {
      expect(from(url)()).toMatchObject({ accountId: 'demo' })
      expect(from(url, { 'sec-fetch-site': 'same-origin' })()).toMatchObject({ accountId: 'demo' })
    },
  )

  test('refuses what a web page elsewhere can make a browser send, by name or across sites', () => {
    expect(from('http://evil.example/quotes')).toThrow(AppError)
    expect(from('http://127.evil.example/quotes')).toThrow(AppError)
    expect(from('http://localhost:3000/quotes', { 'sec-fetch-site': 'cross-site' })).toThrow(AppError)
  })
})
