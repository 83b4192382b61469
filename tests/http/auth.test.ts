import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/core/errors.ts'
import { openAccess } from '../../src/http/auth.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const READER = { authorization: 'Bearer reader' }
const STRANGER = { authorization: 'Bearer nobody' }

describe('only the account behind a key with the scope gets in', () => {
  test('the handler learns who calls', async () => {
    const answer = await sampleApp().send('POST', '/transfers', JSON.stringify(TRANSFER))
    expect([answer.status, answer.body.account]).toEqual([202, 'acc_demo'])
  })

  test('a stranger is refused before validation, so that schemas stay unknown', async () => {
    const answer = await sampleApp().send('POST', '/transfers', '{"x":1}', STRANGER)
    expect([answer.status, answer.body.error, answer.body.details]).toEqual([401, 'UNAUTHORIZED', undefined])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect((await sampleApp().send('GET', '/transfers/other?x=1', null, STRANGER)).status).toBe(401)
  })

  test('a missing scope is FORBIDDEN and named, also before validation', async () => {
    const answer = await sampleApp().send('POST', '/transfers', '{"x":1}', READER)
    expect([answer.status, answer.body.error]).toEqual([403, 'FORBIDDEN'])
    expect(answer.body.message).toContain('write scope')
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

  test('each request is looked up exactly once', async () => {
    let calls = 0
    const authenticate = () => {
      calls++
      return { accountId: 'acc', scopes: new Set(['read' as const]) }
    }
    await sampleApp({ authenticate }).send('GET', '/transfers')
    expect(calls).toBe(1)
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
