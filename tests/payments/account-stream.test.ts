import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ACCOUNT_STREAM } from '../../src/payments/feed/examples.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { pay, until } from './support.ts'

let harness: Harness
let port: number
beforeAll(async () => {
  harness = await startHarness({ env: { STREAMS_PER_ACCOUNT: '2' } })
  harness.app.listen({ port: 0, hostname: '127.0.0.1' })
  port = harness.app.server?.port ?? 0
})
afterAll(async () => {
  await harness.app.stop(true)
  await harness.stop()
})

const follow = (path = '/payments/events', init: RequestInit = {}, at = port) =>
  fetch(`http://127.0.0.1:${at}${path}`, init)

const following = (count: number, at = harness): Promise<void> =>
  until(async () => {
    await at.database.sql`select 1`
    return at.services.feed.followers() === count
  })

/** A stream over a connection, read event by event. */
const opened = async (path?: string, headers: Record<string, string> = {}, at = port) => {
  const client = new AbortController()
  const response = await follow(path, { headers, signal: client.signal }, at)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<string> => {
    while (!text.includes('\n\n')) {
      const part = await reader?.read()
      if (!part || part.done) throw new Error('the stream has ended')
      text += part.value
    }
    const end = text.indexOf('\n\n') + 2
    const event = text.slice(0, end)
    text = text.slice(end)
    return event
  }
  return { client, response, next }
}

/** Names and data of the events in a text, as the documentation shows them. */
const shapes = (text: string) =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((block) => {
      const [, name = '', json = ''] = /^id: \d+\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? []
      return [name, Object.keys(JSON.parse(json))]
    })

describe('GET /payments/events', () => {
  test('writes server-sent events of the documented shape, with ids to come back with', async () => {
    const { client, response, next } = await opened()
    expect(response.headers.get('content-type')).toStartWith('text/event-stream')
    const ready = await next()
    const id = await pay(harness)
    const told = await next()
    const documented = shapes(ACCOUNT_STREAM)
    for (const shape of shapes(ready + told)) expect(documented).toContainEqual(shape)
    expect(ready).toBe('id: 0\nevent: ready\ndata: {}\n\n')
    const { data } = (await harness.call('GET', '/payments')).body
    expect(told).toBe(`id: 0\nevent: payment\ndata: ${JSON.stringify(data[0])}\n\n`)
    client.abort()
    await following(0)
    const resumed = await opened('/payments/events', { 'last-event-id': '0' })
    expect([await resumed.next(), await resumed.next()]).toEqual([ready, told])
    expect(told).toContain(id)
    resumed.client.abort()
    await following(0)
  })

  for (const header of ['-1', '+1', '1.5', '1e3', '0x1', 'abc', '1, 2', '', '1234567890123456'])
    test(`refuses a Last-Event-ID of '${header}', by name`, async () => {
      const headers = { 'last-event-id': header }
      expect(await harness.call('GET', '/payments/events', undefined, headers)).toMatchObject({
        status: 400,
        body: { error: 'VALIDATION_ERROR', details: [{ path: 'last-event-id' }] },
      })
      expect(harness.services.feed.followers()).toBe(0)
    })

  test('refuses a parameter, because it has none', async () => {
    expect(await harness.call('GET', '/payments/events?status=PENDING')).toMatchObject({
      status: 400,
      body: { details: [{ path: '/status' }] },
    })
  })

  test('shares the limit with the streams of single payments, and frees its place when its client leaves', async () => {
    const id = await pay(harness)
    const account = await opened()
    const payment = await opened(`/payments/${id}/events`)
    for (const path of ['/payments/events', `/payments/${id}/events`]) {
      const refused = await follow(path)
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '15'])
      expect((await refused.json()).error).toBe('RATE_LIMITED')
    }
    account.client.abort()
    await following(1)
    const again = await opened()
    expect(await again.next()).toContain('event: ready')
    for (const { client } of [payment, again]) client.abort()
    await following(0)
  })

  test('is answered to HEAD without a stream', async () => {
    expect((await follow('/payments/events', { method: 'HEAD' })).status).toBe(200)
    expect(harness.services.feed.followers()).toBe(0)
  })

  test('ends when the program shuts down, and none starts afterwards', async () => {
    const closing = await startHarness()
    closing.app.listen({ port: 0, hostname: '127.0.0.1' })
    const at = closing.app.server?.port ?? 0
    const streams = [await opened(undefined, {}, at), await opened(undefined, {}, at)]
    for (const { next } of streams) expect(await next()).toContain('event: ready')
    closing.services.feed.close()
    // At once, and not when the next heartbeat would have noticed it.
    for (const { next } of streams) await expect(next()).rejects.toThrow('the stream has ended')
    expect(closing.services.feed.followers()).toBe(0)
    expect(await (await follow('/payments/events', {}, at)).text()).toBe('')
    await closing.app.stop()
    await closing.stop()
  })
})
