import { describe, expect, test } from 'bun:test'
import { MAX_BODY_BYTES } from '../../src/http/body.ts'
import { sampleApp, TRANSFER } from './sample.ts'

const echo = (body: BodyInit | null, headers?: Record<string, string>) =>
  sampleApp().send('POST', '/transfers/echo', body, headers)

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

/** A JSON string of exactly so many bytes. */
const jsonOf = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2))

describe('a body is JSON whatever its content type says', () => {
  test.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'no/such',
  ])('%s', async (type) => {
    const answer = await echo('{"a":[1]}', { 'content-type': type })
    expect([answer.status, answer.body]).toEqual([200, { a: [1] }])
  })

  test.each(['{', '{"a":1}x', 'a=1', "{'a':1}", 'NaN'])('%s is INVALID_JSON', async (text) => {
    const answer = await echo(text, { 'content-type': 'application/json' })
    expect([answer.status, answer.body.error]).toEqual([400, 'INVALID_JSON'])
  })

  test.each(['application/json', 'text/plain'])('an empty %s body is told to be missing', async (type) => {
    for (const path of ['/transfers', '/transfers/defaults', '/transfers/echo'])
      for (const body of ['', null]) {
        const answer = await sampleApp().send('POST', path, body, { 'content-type': type })
        expect([answer.body.error, answer.body.message]).toEqual(['INVALID_JSON', 'a JSON body is required'])
      }
  })

  test('a route without a body takes nothing, with or without a content type', async () => {
    const { send } = sampleApp()
    expect((await send('POST', '/transfers/transfer_1/cancel')).status).toBe(200)
    const typed = await send('POST', '/transfers/transfer_1/cancel', '', {
      'content-type': 'application/json',
    })
    expect(typed.status).toBe(200)
  })

  test('a route that asks for text gets it as it was signed', async () => {
    const { send } = sampleApp()
    const answer = await send('POST', '/transfers/signed', '{"a":  1}\n', {
      'content-type': 'application/json',
    })
    expect(answer.body).toEqual({ text: '{"a":  1}\n' })
  })
})

describe('a body cannot cost or break anything', () => {
  test('the limit is exact', async () => {
    expect((await echo(jsonOf(MAX_BODY_BYTES))).status).toBe(200)
    const answer = await echo(jsonOf(MAX_BODY_BYTES + 1))
    expect([answer.status, answer.body.error]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    expect(answer.headers.get('x-request-id')).toBe(answer.body.request_id)
  })

  test('a declared length over the limit is refused without reading', async () => {
    const answer = await echo('{}', { 'content-length': String(MAX_BODY_BYTES + 1) })
    expect([answer.status, answer.body.error]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test('nesting ends at 32 levels', async () => {
    expect((await echo(nested(32))).status).toBe(200)
    for (const depth of [33, 30_000]) {
      const answer = await echo(nested(depth))
      expect([answer.status, answer.body.error]).toEqual([400, 'INVALID_JSON'])
    }
  })

  test('bytes that are not UTF-8 are INVALID_JSON', async () => {
    const answer = await echo(new Uint8Array([0x22, 0xff, 0x22]))
    expect([answer.status, answer.body.error]).toEqual([400, 'INVALID_JSON'])
  })

  test('a body that breaks off is INVALID_JSON, and no fault of ours', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset by peer')) })
    const answer = await echo(broken)
    expect([answer.status, answer.body.error]).toEqual([400, 'INVALID_JSON'])
  })

  test('__proto__ is an unknown field and changes no object', async () => {
    const sneaky = '{"limit":1,"__proto__":{"polluted":true}}'
    for (const path of ['/transfers/echo', '/transfers/defaults']) {
      const answer = await sampleApp().send('POST', path, sneaky)
      expect(answer.status).toBe(400)
      expect(answer.body.details).toEqual([{ path: '/__proto__', message: 'is not a known field' }])
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('an object whose text cannot be made is an unknown field, wherever it stands, and no fault of ours', async () => {
    const { send } = sampleApp()
    for (const [field, value] of [
      ['currency', { toString: 1, valueOf: 1 }],
      ['amount', [{ toString: null }]],
      ['payee', { account: { toString: {} } }],
    ] as const) {
      const answer = await send('POST', '/transfers', JSON.stringify({ ...TRANSFER, [field]: value }))
      expect([answer.status, answer.body.message]).toEqual([
        400,
        expect.stringMatching(/^\/\w+(\/\w+)*\/toString is not a known field$/),
      ])
    }
  })

  test.each([
    ['{"a":["\\u0000"]}', '/a/0', 'must not contain a null character'],
    ['{"a":"\\ud800"}', '/a', 'must not contain half of a surrogate pair'],
    ['"\\u0000"', '', 'must not contain a null character'],
  ])('%s could not be stored and is refused', async (text, path, message) => {
    const answer = await echo(text)
    expect([answer.status, answer.body.details]).toEqual([400, [{ path, message }]])
  })

  test('text beyond ASCII passes unchanged', async () => {
    expect((await echo(JSON.stringify({ 'ключ 😀': 'значение' }))).body).toEqual({ 'ключ 😀': 'значение' })
  })

  test('defaults fill what is missing and not what was sent', async () => {
    const { send } = sampleApp()
    expect((await send('POST', '/transfers/defaults', '{}')).body).toEqual({ limit: 5 })
    expect((await send('POST', '/transfers/defaults', '{"limit":9}')).body).toEqual({ limit: 9 })
    expect((await send('POST', '/transfers', JSON.stringify(TRANSFER))).status).toBe(202)
  })
})
