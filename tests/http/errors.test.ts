import { describe, expect, test } from 'bun:test'
import { ValidationError } from 'elysia'
import pino from 'pino'
import { AppError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import { isDatabaseAway } from '../../src/db/away.ts'
import { lastResort } from '../../src/http/errors.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const withCode = (code: string, cause?: unknown) =>
  Object.assign(new Error('secret text', { cause }), { code })

describe('every error answers in the documented shape', () => {
  test('an AppError tells its code, message and id, and the caller finds the id in the header', async () => {
    const { send } = sampleApp()
    const answer = await send('POST', '/transfers', JSON.stringify({ ...TRANSFER, amount: 13 }))
    expect(answer.status).toBe(409)
    expect(answer.body).toEqual({
      error: 'IDEMPOTENCY_CONFLICT',
      message: 'this key was used for another transfer',
      request_id: answer.headers.get('x-request-id'),
    })
  })

  test('Retry-After is sent where waiting helps', async () => {
    const { send } = sampleApp()
    const answer = await send('POST', '/transfers', JSON.stringify({ ...TRANSFER, amount: 14 }))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
  })

  test('an unknown route is NOT_FOUND and names itself without its query', async () => {
    const { send } = sampleApp()
    const answer = await send('GET', '/nope?key=secret')
    expect([answer.status, answer.body.error, answer.body.message]).toEqual([
      404,
      'NOT_FOUND',
      'no route GET /nope',
    ])
    expect(answer.headers.get('allow')).toBeNull()
  })

  test('a known path with another method names the allowed ones', async () => {
    const { send } = sampleApp()
    const answer = await send('PUT', '/transfers/transfer_1')
    expect([answer.status, answer.body.error]).toEqual([404, 'NOT_FOUND'])
    expect(answer.body.message).toBe(
      'no route PUT /transfers/transfer_1; this path allows GET, DELETE, HEAD, OPTIONS',
    )
    expect(answer.headers.get('allow')).toBe('GET, DELETE, HEAD, OPTIONS')
  })

  test('OPTIONS tells the methods of a known path, and HEAD the headers of GET', async () => {
    const { send } = sampleApp()
    const options = await send('OPTIONS', '/transfers')
    expect([options.status, options.headers.get('allow'), options.text]).toEqual([
      204,
      'POST, GET, HEAD, OPTIONS',
      '',
    ])
    expect((await send('OPTIONS', '/nope')).status).toBe(404)
    const head = await send('HEAD', '/healthz')
    expect([head.status, head.headers.get('content-length'), head.text]).toEqual([200, '15', ''])
  })

  test('HEAD of an event stream ends instead of reading the stream', async () => {
    const { send } = sampleApp()
    const head = await send('HEAD', '/transfers/stream')
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  })

  test.each(['/transfers/%ZZ', '/transfers/transfer_%00', '/transfers?kind=%E0%A4'])(
    '%s does not decode and is refused, not a fault',
    async (path) => {
      const { send } = sampleApp()
      const answer = await send('GET', path)
      expect([answer.status, answer.body.error]).toEqual([400, 'VALIDATION_ERROR'])
    },
  )

  test('an unknown path that does not decode is NOT_FOUND like every other', async () => {
    const answer = await sampleApp().send('GET', '/%ff')
    expect([answer.status, answer.body.error]).toEqual([404, 'NOT_FOUND'])
  })
})

describe('what happens inside stays inside', () => {
  test('an unexpected error is INTERNAL_ERROR without its message, and is logged with the id', async () => {
    const { send, lines } = sampleApp()
    const answer = await send('GET', '/transfers/fault')
    expect([answer.status, answer.body.error]).toEqual([500, 'INTERNAL_ERROR'])
    expect(answer.text).not.toContain('secret')
    const logged = lines.find(({ level }) => level === 'error')
    expect(logged?.request_id).toBe(answer.body.request_id)
    expect(JSON.stringify(logged?.err)).toContain('secret: connection string')
  })

  test('a response that breaks its schema is our fault: 500, and its content reaches neither caller nor log', async () => {
    const { send, lines } = sampleApp()
    const answer = await send('GET', '/transfers/wrong')
    expect([answer.status, answer.body.error]).toEqual([500, 'INTERNAL_ERROR'])
    expect(JSON.stringify(lines) + answer.text).not.toContain('leak')
    expect(lines.find(({ level }) => level === 'error')?.problems).toEqual([
      "Property 'secret' should not be provided",
    ])
  })

  test('an absent database is SERVICE_UNAVAILABLE with Retry-After, not a fault', async () => {
    const { send, lines } = sampleApp({
      fault: new Error('Failed query', { cause: withCode('CONNECTION_CLOSED') }),
    })
    const answer = await send('GET', '/transfers/fault')
    expect([answer.status, answer.body.error]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test.each([
    'CONNECTION_ENDED',
    'CONNECT_TIMEOUT',
    'ECONNREFUSED',
    '57P01',
    '57P03',
    '53300',
    '57014',
    '08006',
  ])('%s means that the database is away, wrapped or not', (code) => {
    expect(isDatabaseAway(withCode(code))).toBe(true)
    expect(isDatabaseAway(new Error('wrapped', { cause: withCode(code) }))).toBe(true)
  })

  test.each(['23505', '42P01', 'ERR_INVALID_ARG_TYPE'])('%s does not', (code) => {
    expect(isDatabaseAway(withCode(code))).toBe(false)
    expect(isDatabaseAway(new AppError('NOT_FOUND', 'none'))).toBe(false)
  })

  test('a cause that points at itself is not followed for ever', () => {
    const error = withCode('XX000')
    error.cause = error
    expect(isDatabaseAway(error)).toBe(false)
  })
})

test('a fault in finding out what is wrong is ours, and leaves our shape no less', async () => {
  const unreadable: Error = Object.assign(Object.create(ValidationError.prototype), {
    type: 'body',
    value: {},
  })
  const answer = await sampleApp({ fault: unreadable }).send('GET', '/transfers/fault')
  expect([answer.status, answer.body]).toEqual([
    500,
    {
      error: 'INTERNAL_ERROR',
      message: 'something went wrong on our side',
      request_id: answer.headers.get('x-request-id'),
    },
  ])
})

test('what goes wrong outside of everything is answered in our shape as well, and logged', async () => {
  const lines: Record<string, unknown>[] = []
  const log = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  const answer = lastResort(log, randomIds)(new Error('secret: /src/app.ts'))
  expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json;charset=utf-8'])
  expect(await answer.json()).toEqual({
    error: 'INTERNAL_ERROR',
    message: 'something went wrong on our side',
    request_id: answer.headers.get('x-request-id'),
  })
  expect(lines.at(-1)).toMatchObject({ level: 'error', msg: 'request failed' })
})
