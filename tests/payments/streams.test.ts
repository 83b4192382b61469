import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createPaymentFeed } from '../../src/payments/feed/feed.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { ACCOUNT, drive, pay, until } from './support.ts'

let harness: Harness
let port: number
beforeAll(async () => {
  harness = await startHarness({ env: { STREAMS_PER_ACCOUNT: '2', STREAMS_PER_PROCESS: '2' } })
  harness.app.listen({ port: 0, hostname: '127.0.0.1' })
  port = harness.app.server?.port ?? 0
})
afterAll(async () => {
  await harness.app.stop(true)
  await harness.stop()
})

const follow = (id: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}/payments/${id}/events`, init)

/** A stream whose first event has been read. */
const opened = async (id: string) => {
  const client = new AbortController()
  const response = await follow(id, { signal: client.signal })
  const reader = response.body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toStartWith('id: 1\n')
  return { client, reader }
}

const following = (count: number, at = harness): Promise<void> =>
  until(async () => {
    await at.database.sql`select 1`
    return at.services.feed.followers() === count
  })

/** Two streams can be opened, so none that has ended is counted; a third cannot. */
const expectAllFree = async () => {
  await following(0)
  const id = await pay(harness)
  const streams = [await opened(id), await opened(id)]
  expect((await follow(id)).status).toBe(429)
  for (const { client } of streams) client.abort()
  await following(0)
}

describe('a stream too many', () => {
  test('is refused in the documented shape before it begins, and the others go on', async () => {
    const id = await pay(harness)
    const streams = [await opened(id), await opened(id)]
    const refused = await follow(id)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '15'])
    expect(await refused.json()).toEqual({
      error: 'RATE_LIMITED',
      message: 'an account may have 2 event streams open at once; end one first',
      request_id: refused.headers.get('x-request-id'),
    })
    await drive(harness, [id])
    for (const { reader } of streams) {
      let text = ''
      for (let part = await reader?.read(); !part?.done; part = await reader?.read())
        text += new TextDecoder().decode(part?.value)
      expect(text).toContain('COMPLETED')
    }
    await expectAllFree()
  })

  test('of another account is not refused for it, unless the process has no room', async () => {
    const log = createLogger({ level: 'silent', pretty: false })
    const { sql } = harness.database
    const store = createPaymentStore(harness.database)
    const feed = createPaymentFeed({ sql, store, log, most: { perAccount: 2, perProcess: 3 } })
    const { signal } = new AbortController()
    const id = await pay(harness)
    const open = (account: string) => feed.follow(account, id, 0, signal)
    const mine = [open(ACCOUNT), open(ACCOUNT)]
    for (const stream of mine) expect((await stream.next()).value?.version).toBe(1)
    await expect(open(ACCOUNT).next()).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    const theirs = open('stranger').next()
    await expect(open('third').next()).rejects.toThrow('this process may have 3 event streams open at once')
    expect(feed.followers()).toBe(3)
    await mine[0]?.return(undefined)
    const freed = open('third').next()
    expect(feed.followers()).toBe(3)
    feed.close()
    await Promise.all([theirs, freed, ...mine.map((stream) => stream.next())])
    expect(feed.followers()).toBe(0)
  })
})

describe('a stream is counted no longer', () => {
  test('when its payment ends', async () => {
    const id = await pay(harness)
    const [one, two] = [follow(id), follow(id)]
    await following(2)
    await drive(harness, [id])
    for (const stream of [one, two]) expect(await (await stream).text()).toContain('COMPLETED')
    await expectAllFree()
  })

  test('when its client leaves, before the first event or after it', async () => {
    const id = await pay(harness)
    const { client } = await opened(id)
    const waiting = follow(id, { headers: { 'last-event-id': '1' }, signal: client.signal })
    await following(2)
    client.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    await expectAllFree()
  })

  test('when its client’s machine cuts the connection off without reading', async () => {
    const id = await pay(harness)
    const socket = connect(port, '127.0.0.1')
    socket.pause()
    socket.write(`GET /payments/${id}/events HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`)
    await following(1)
    socket.resetAndDestroy()
    await expectAllFree()
  })

  test('that never began: refused, asked for by HEAD, or of no payment', async () => {
    const id = await pay(harness)
    expect((await follow(id, { method: 'HEAD' })).status).toBe(200)
    expect((await follow(id, { headers: { 'last-event-id': 'x' } })).status).toBe(400)
    expect((await follow(crypto.randomUUID())).status).toBe(404)
    await expectAllFree()
  })

  test('when the database fails while it is looked up', async () => {
    const id = await pay(harness)
    await harness.database.sql`alter table payments rename to payments_away`
    try {
      expect((await follow(id)).status).toBe(500)
    } finally {
      await harness.database.sql`alter table payments_away rename to payments`
    }
    await expectAllFree()
  })

  test('when the program shuts down', async () => {
    const closing = await startHarness({ env: { STREAMS_PER_ACCOUNT: '2' } })
    closing.app.listen({ port: 0, hostname: '127.0.0.1' })
    const id = await pay(closing)
    const streams = [0, 1].map(() =>
      fetch(`http://127.0.0.1:${closing.app.server?.port}/payments/${id}/events`).then((each) => each.text()),
    )
    await following(2, closing)
    closing.services.feed.close()
    await Promise.all(streams)
    expect(closing.services.feed.followers()).toBe(0)
    await closing.app.stop()
    await closing.stop()
  })
})
