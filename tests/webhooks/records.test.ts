import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { apiOf, OWN, STRANGER, walk } from './api.ts'
import {
  ACCOUNT,
  claim,
  clear,
  liveJobs,
  makeDue,
  publish,
  receiver,
  startQueue,
  webhooks,
} from './support.ts'

let queue: Awaited<ReturnType<typeof startQueue>>
let answer: () => Response = () => new Response('thanks')
let server: ReturnType<typeof receiver>
beforeAll(async () => {
  queue = await startQueue()
  server = receiver(() => answer())
})
afterAll(async () => {
  await server.stop()
  await queue.stop()
})
beforeEach(async () => {
  answer = () => new Response('thanks')
  await clear(queue.database)
})

const setUp = () => {
  const service = webhooks(queue)
  const { call } = apiOf(service)
  const next = async () => service.deliver(await claim(queue.boss))
  const endpoint = (account = ACCOUNT, event_types?: ['payment.failed']) =>
    service.createEndpoint(account, { url: server.url, ...(event_types ? { event_types } : {}) })
  return { service, call, next, endpoint }
}

const ids = (entries: readonly Record<string, unknown>[]) => entries.map(({ id }) => id)
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

describe('events', () => {
  test('are there without an endpoint too, newest first, page by page', async () => {
    const { call } = setUp()
    const made: string[] = []
    for (let n = 0; n < 7; n++) made.unshift(`evt_${(await publish(queue.database)).id}`)
    await publish(queue.database, 'acc_b')
    for (const limit of [1, 3, 7, 100]) expect(ids(await walk(call, '/webhooks/events', limit))).toEqual(made)
    expect(await walk(call, '/webhooks/events', 5, STRANGER)).toHaveLength(1)
  })

  test('are found by type, payment and creation, alone and together', async () => {
    const { call } = setUp()
    const created = await publish(queue.database)
    const failed = await publish(queue.database, ACCOUNT, 'payment.failed')
    const find = async (query: string) => ids(await walk(call, `/webhooks/events?${query}`, 1))
    expect(await find('type=payment.failed')).toEqual([`evt_${failed.id}`])
    expect(await find(`payment_id=${created.paymentId}`)).toEqual([`evt_${created.id}`])
    expect(await find(`payment_id=${created.paymentId}&type=payment.failed`)).toEqual([])
    const { created_at: at } = (await call('GET', `/webhooks/events/evt_${failed.id}`)).body
    const later = new Date(Date.parse(at) + 1).toISOString()
    expect(await find(`created_from=${at}&type=payment.failed`)).toEqual([`evt_${failed.id}`])
    expect(await find(`created_before=${at}&type=payment.failed`)).toEqual([])
    expect(await find(`created_from=${later}`)).toEqual([])
    expect(await find(`created_before=${later}`)).toHaveLength(2)
  })

  test('show their body as it was frozen, and their deliveries', async () => {
    const { call, next, endpoint } = setUp()
    const [first, second] = [await endpoint(), await endpoint()]
    const event = await publish(queue.database)
    await next()
    const { status, body } = await call('GET', `/webhooks/events/evt_${event.id}`)
    expect([status, body]).toEqual([
      200,
      {
        id: `evt_${event.id}`,
        type: 'payment.created',
        payment_id: event.paymentId,
        quote_id: null,
        sequence: 1,
        created_at: ISO,
        body: JSON.parse(event.body),
        deliveries: [expect.anything(), expect.anything()],
      },
    ])
    expect(JSON.stringify(body.body)).toBe(event.body)
    const endpoints = body.deliveries.map((each: { endpoint_id: string }) => each.endpoint_id)
    expect(new Set(endpoints)).toEqual(new Set([first.id, second.id]))
  })

  test('include redeliveries', async () => {
    const { call, service, next, endpoint } = setUp()
    await endpoint()
    const event = await publish(queue.database)
    await next()
    const [delivery] = await walk(call, '/webhooks/deliveries', 5)
    const again = await service.redeliver(ACCOUNT, String(delivery?.id))
    const { deliveries } = (await call('GET', `/webhooks/events/evt_${event.id}`)).body
    expect(ids(deliveries)).toEqual([again.id, String(delivery?.id)])
    const path = `/webhooks/deliveries?payment_id=${event.paymentId}`
    expect(ids(await walk(call, path, 1))).toEqual([again.id, String(delivery?.id)])
  })
})

describe('deliveries', () => {
  test('are listed newest first, page by page, and found by endpoint, event, payment, status and creation', async () => {
    const { call, next, endpoint } = setUp()
    const all = await endpoint()
    const failures = await endpoint(ACCOUNT, ['payment.failed'])
    const { paymentId: paid } = await publish(queue.database)
    await next()
    answer = () => new Response(null, { status: 500 })
    const failed = await publish(queue.database, ACCOUNT, 'payment.failed')
    await next()
    const listed = await walk(call, '/webhooks/deliveries', 100)
    expect(listed.map(({ event_type }) => event_type)).toEqual([
      'payment.failed',
      'payment.failed',
      'payment.created',
    ])
    for (const limit of [1, 2]) expect(await walk(call, '/webhooks/deliveries', limit)).toEqual(listed)
    const [oneFailed, otherFailed, created] = listed
    const find = async (query: string) => ids(await walk(call, `/webhooks/deliveries?${query}`, 1))
    const expected = (...entries: unknown[]) => ids(entries as Record<string, unknown>[])
    expect(await find(`endpoint_id=${failures.id}`)).toHaveLength(1)
    expect(await find(`endpoint_id=${all.id}&status=delivered`)).toEqual(expected(created))
    expect(await find(`event_id=evt_${failed.id}`)).toEqual(expected(oneFailed, otherFailed))
    expect(await find(`payment_id=${failed.paymentId}`)).toEqual(expected(oneFailed, otherFailed))
    expect(await find(`payment_id=${paid}`)).toEqual(expected(created))
    expect(await find(`payment_id=${paid}&status=pending`)).toEqual([])
    expect(await find(`payment_id=${paid}&event_id=evt_${failed.id}`)).toEqual([])
    expect(await find(`payment_id=${crypto.randomUUID()}`)).toEqual([])
    expect(await find('status=pending')).toEqual(expected(oneFailed, otherFailed))
    expect(await find('status=dead')).toEqual([])
    expect(await find(`created_from=${oneFailed?.created_at}&status=delivered`)).toEqual([])
    expect(await find(`created_before=${oneFailed?.created_at}`)).toEqual(expected(created))
  })

  test('tell every attempt: when, how it was answered and how fast, and when the next one is due', async () => {
    const { call, next, endpoint } = setUp()
    const { id: endpoint_id } = await endpoint()
    const { id: eventId } = await publish(queue.database)
    const before = Date.now()
    answer = () => new Response('try later', { status: 503 })
    await next()
    answer = () => new Response(`<b>ok</b>\u0007${'x'.repeat(5_000)}`)
    await makeDue(queue.database)
    await next()
    const [{ id } = { id: '' }] = await walk(call, '/webhooks/deliveries', 5)
    const { body } = await call('GET', `/webhooks/deliveries/${id}`)
    const attempt = { at: ISO, latency_ms: expect.any(Number) }
    expect(body).toEqual({
      id,
      event_id: `evt_${eventId}`,
      event_type: 'payment.created',
      endpoint_id,
      redelivery_of: null,
      status: 'delivered',
      attempts: 2,
      last_http_status: 200,
      last_error: null,
      created_at: ISO,
      last_attempt_at: ISO,
      next_attempt_at: null,
      delivered_at: ISO,
      attempt_log: [
        {
          ...attempt,
          attempt: 1,
          http_status: 503,
          error: 'HTTP 503',
          response_excerpt: 'try later',
          next_attempt_at: ISO,
        },
        {
          ...attempt,
          attempt: 2,
          http_status: 200,
          error: null,
          response_excerpt: expect.stringMatching(/^<b>ok<\/b>x{100,}$/),
          next_attempt_at: null,
        },
      ],
    })
    const [first, second] = body.attempt_log
    expect(second.response_excerpt.length).toBeLessThanOrEqual(256)
    expect(Date.parse(first.at)).toBeWithin(before - 1, Date.now() + 1)
    expect(Date.parse(first.next_attempt_at) - Date.parse(first.at)).toBeWithin(4_000, 7_000)
    for (const { latency_ms } of body.attempt_log) expect(latency_ms).toBeWithin(0, 5_000)
  })

  test('say when the next attempt is due', async () => {
    const { call, next, endpoint } = setUp()
    await endpoint()
    await publish(queue.database)
    expect((await walk(call, '/webhooks/deliveries', 5))[0]).toMatchObject({
      next_attempt_at: null,
      attempts: 0,
    })
    answer = () => new Response(null, { status: 500 })
    await next()
    const [delivery] = await walk(call, '/webhooks/deliveries', 5)
    const due = String(delivery?.next_attempt_at)
    expect(due).toMatch(/Z$/)
    const { attempt_log, next_attempt_at } = (await call('GET', `/webhooks/deliveries/${delivery?.id}`)).body
    expect([attempt_log[0].next_attempt_at, next_attempt_at]).toEqual([due, due])
    const [job] = await liveJobs(queue.database)
    expect((Date.parse(due) - Date.now()) / 1000 - Number(job?.due_in)).toBeWithin(-0.5, 0.5)
  })
})

describe('who may see them', () => {
  test('nothing of another account exists, on any route', async () => {
    const { call, next, endpoint } = setUp()
    const { id: endpointId } = await endpoint()
    const event = await publish(queue.database)
    await next()
    const [delivery] = await walk(call, '/webhooks/deliveries', 5)
    const snapshot = () =>
      queue.database.sql`
        select (select json_agg(e order by id) from webhook_endpoints e)::text as endpoints,
          (select json_agg(d order by id) from webhook_deliveries d)::text as deliveries`
    const before = await snapshot()
    for (const [method, path, body] of [
      ['GET', `/webhooks/endpoints/${endpointId}`],
      ['PATCH', `/webhooks/endpoints/${endpointId}`, { enabled: false }],
      ['POST', `/webhooks/endpoints/${endpointId}/rotate-secret`, {}],
      ['POST', `/webhooks/endpoints/${endpointId}/test`],
      ['DELETE', `/webhooks/endpoints/${endpointId}`],
      ['GET', `/webhooks/events/evt_${event.id}`],
      ['GET', `/webhooks/deliveries/${delivery?.id}`],
      ['POST', `/webhooks/deliveries/${delivery?.id}/redeliver`],
      ['POST', '/webhooks/dead-letters/redrive', { delivery_ids: [delivery?.id] }],
      ['POST', '/webhooks/dead-letters/redrive', { endpoint_id: endpointId }],
    ] as const) {
      const { status, body: shown } = await call(method, path, body, STRANGER)
      expect([method, path, status, shown.error]).toEqual([method, path, 404, 'NOT_FOUND'])
    }
    for (const path of [
      '/webhooks/endpoints',
      '/webhooks/events',
      `/webhooks/events?payment_id=${event.paymentId}`,
      '/webhooks/deliveries',
      `/webhooks/deliveries?endpoint_id=${endpointId}`,
      `/webhooks/deliveries?event_id=evt_${event.id}`,
      `/webhooks/deliveries?payment_id=${event.paymentId}`,
      `/webhooks/deliveries?cursor=wd_ffffffff-ffff-7fff-bfff-ffffffffffff`,
      '/webhooks/dead-letters',
      `/webhooks/dead-letters?endpoint_id=${endpointId}`,
    ])
      expect((await call('GET', path, undefined, STRANGER)).body).toEqual({ data: [], next_cursor: null })
    expect(await snapshot()).toEqual(before)
  })

  test.each([
    '/webhooks/events/evt_0',
    '/webhooks/events/0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
    '/webhooks/deliveries/we_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
    '/webhooks/deliveries/wd_%27',
  ])('%s is nobody’s', async (path) => {
    expect((await setUp().call('GET', path)).body).toMatchObject({ error: 'NOT_FOUND' })
  })

  test('reading needs the read scope, everything else the write scope', async () => {
    const { call } = setUp()
    const [read, write] = ['acc_a read', 'acc_a write']
    const id = '0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f'
    for (const [method, path, key, body] of [
      ['GET', '/webhooks/events', write],
      ['GET', `/webhooks/events/evt_${id}`, write],
      ['GET', '/webhooks/deliveries', write],
      ['GET', `/webhooks/deliveries/wd_${id}`, write],
      ['GET', '/webhooks/dead-letters', write],
      ['PATCH', `/webhooks/endpoints/we_${id}`, read, { enabled: true }],
      ['POST', `/webhooks/endpoints/we_${id}/rotate-secret`, read, {}],
      ['POST', `/webhooks/endpoints/we_${id}/test`, read],
      ['POST', `/webhooks/deliveries/wd_${id}/redeliver`, read],
      ['POST', '/webhooks/dead-letters/redrive', read, { all: true }],
    ] as const)
      expect([path, (await call(method, path, body, key)).status]).toEqual([path, 403])
    expect((await call('GET', '/webhooks/events', undefined, '')).status).toBe(401)
  })
})

test.each([
  ['/webhooks/events?type=payment.exploded', '/type'],
  ['/webhooks/events?payment_id=x', '/payment_id'],
  ['/webhooks/events?created_from=2026-02-30', '/created_from'],
  ['/webhooks/events?created_before=yesterday', '/created_before'],
  ['/webhooks/events?cursor=wd_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f', '/cursor'],
  ['/webhooks/events?limit=101', '/limit'],
  ['/webhooks/events?status=dead', '/status'],
  ['/webhooks/deliveries?endpoint_id=x', '/endpoint_id'],
  ['/webhooks/deliveries?event_id=we_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f', '/event_id'],
  ['/webhooks/deliveries?payment_id=x', '/payment_id'],
  ['/webhooks/deliveries?status=lost', '/status'],
  ['/webhooks/deliveries?created_from=2026-11-23T12:00:00', '/created_from'],
  ['/webhooks/deliveries?cursor=x', '/cursor'],
  ['/webhooks/dead-letters?endpoint_id=x', '/endpoint_id'],
  ['/webhooks/dead-letters?cursor=x', '/cursor'],
  ['/webhooks/dead-letters?status=dead', '/status'],
])('%s is refused, naming %s', async (path, field) => {
  const { status, body } = await setUp().call('GET', path, undefined, OWN)
  expect([status, body.error, body.details?.[0]?.path]).toEqual([400, 'VALIDATION_ERROR', field])
})
