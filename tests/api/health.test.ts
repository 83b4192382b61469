import { afterAll, describe, expect, test } from 'bun:test'
import { expectIdentified, expectRefused, startApi } from './support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, health } = api

describe('GET /healthz', () => {
  test('200: alive, without a key and whatever the database does', async () => {
    health.database = false
    const answer = await send('GET', '/healthz', { key: null })
    health.database = true
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }])
  })

  test('other methods and query parameters are refused', async () => {
    expectRefused(await send('POST', '/healthz', { key: null }), 'NOT_FOUND')
    expectRefused(await send('GET', '/healthz?deep=1', { key: null }), 'VALIDATION_ERROR', '/deep')
  })
})

describe('GET /readyz', () => {
  test('200: ready while everything that it needs is there', async () => {
    const answer = await send('GET', '/readyz', { key: null })
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([200, { status: 'ready', checks: { database: true } }])
  })

  test('503: told which part is missing', async () => {
    health.database = false
    const answer = await send('GET', '/readyz', { key: null })
    health.database = true
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([
      503,
      { status: 'unavailable', checks: { database: false } },
    ])
  })

  test('other methods are refused', async () => {
    expectRefused(await send('DELETE', '/readyz', { key: null }), 'NOT_FOUND')
  })
})

describe('the documentation is open to everyone and identified like any answer', () => {
  test.each([
    ['/openapi.json', 'application/json'],
    ['/swagger', 'text/html; charset=utf-8'],
  ])('200: GET %s', async (path, type) => {
    const answer = await send('GET', path, { key: null })
    expectIdentified(answer)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
  })

  test.each(['/openapi.json', '/swagger'])('other methods are refused: %s', async (path) => {
    expectRefused(await send('POST', path, { key: null }), 'NOT_FOUND')
  })
})

describe('x-request-id', () => {
  test('a caller’s own id is taken over, and stands in the error too', async () => {
    const answer = await send('GET', '/payments/1', { headers: { 'x-request-id': 'order-17.retry_2' } })
    expect([answer.headers.get('x-request-id'), answer.body.request_id]).toEqual([
      'order-17.retry_2',
      'order-17.retry_2',
    ])
  })

  test.each(['', 'with blank', 'x'.repeat(65), '<script>', 'é'])(
    '%j is replaced by a new one',
    async (id) => {
      expectIdentified(await send('GET', '/healthz', { headers: { 'x-request-id': id } }))
    },
  )
})
