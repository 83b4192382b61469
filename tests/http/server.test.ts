import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { sampleApp, TRANSFER } from './sample.ts'

const { app } = sampleApp()
let base = ''
let port = 0

beforeAll(() => {
  app.listen({ port: 0, hostname: '127.0.0.1' })
  port = app.server?.port ?? 0
  base = `http://127.0.0.1:${port}`
})

afterAll(() => app.stop(true))

const post = (body: BodyInit) =>
  fetch(`${base}/transfers`, { method: 'POST', headers: { authorization: 'Bearer all' }, body })

/** A body without a declared length, in pieces. */
const pieces = (...parts: string[]) =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part))
      controller.close()
    },
  })

/** Sends bytes as they are and returns the answer up to the end of its headers. */
const raw = (request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.on('data', (chunk) => {
      received += chunk
      if (received.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })

describe('the limits hold on a real connection', () => {
  test('a body of 2 MB is told in our own words', async () => {
    const answer = await post('x'.repeat(2 * 1024 * 1024))
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({
      error: 'PAYLOAD_TOO_LARGE',
      request_id: answer.headers.get('x-request-id'),
    })
  })

  test('a chunked body that grows past the limit is too', async () => {
    const answer = await post(pieces(...Array<string>(300).fill('x'.repeat(1024))))
    expect([answer.status, (await answer.json()).error]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test('a chunked body within it is read', async () => {
    const text = JSON.stringify(TRANSFER)
    const answer = await post(pieces(text.slice(0, 9), text.slice(9)))
    expect([answer.status, (await answer.json()).amount]).toEqual([202, 100])
  })

  test('the id and the security headers are on the wire', async () => {
    const answer = await fetch(`${base}/nope`, { headers: { 'x-request-id': 'mine-1' } })
    expect(answer.headers.get('x-request-id')).toBe('mine-1')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('odd requests are answered, not dropped', () => {
  test.each([
    ['GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n', 'HTTP/1.1 200'],
    ['GET /healthz HTTP/1.0\r\n\r\n', 'HTTP/1.1 200'],
    ['GET /transfers/%ZZ HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer all\r\n\r\n', 'HTTP/1.1 400'],
    ['GET /transfers/%ZZ HTTP/1.1\r\nHost: api\r\n\r\n', 'HTTP/1.1 401'],
    ['GET /a\0b HTTP/1.1\r\nHost: api\r\n\r\n', 'HTTP/1.1 505'],
    ['GET //healthz HTTP/1.1\r\nHost: api\r\n\r\n', 'HTTP/1.1 404'],
    ['TRACE /healthz HTTP/1.1\r\nHost: api\r\n\r\n', 'HTTP/1.1 404'],
  ])('%j', async (request, start) => {
    expect(await raw(request)).toStartWith(start)
  })
})
