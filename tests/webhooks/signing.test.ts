import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { apiOf } from './api.ts'
import {
  ACCOUNT,
  claim,
  deliveries,
  makeDue,
  memoryLog,
  publish,
  receiver,
  startQueue,
  webhooks,
} from './support.ts'

let queue: Awaited<ReturnType<typeof startQueue>>
let server: ReturnType<typeof receiver>
let status = 200
beforeAll(async () => {
  queue = await startQueue()
  server = receiver(() => new Response(null, { status }))
})
afterAll(async () => {
  await server.stop()
  await queue.stop()
})
beforeEach(async () => {
  status = 200
  server.requests.length = 0
  await queue.database.sql`delete from webhook_endpoints`
  await queue.database.sql`delete from webhook_deliveries`
  await queue.database.sql`delete from pgboss.job where name = 'webhook'`
})

const accepts = (secret: string, { headers, body } = server.requests.at(-1) ?? { headers: {}, body: '' }) => {
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

describe('a rotated secret', () => {
  const setUp = async () => {
    const service = webhooks(queue)
    const { id, secret: old } = await service.createEndpoint(ACCOUNT, { url: server.url })
    const send = async () => {
      await publish(queue.database)
      await service.deliver(await claim(queue.boss))
    }
    return { service, id, old, send }
  }

  test('signs together with the old one during the overlap, the new one first, and alone afterwards', async () => {
    const { service, id, old, send } = await setUp()
    const { secret } = await service.rotateSecret(ACCOUNT, id, 3600)
    await send()
    expect([accepts(old), accepts(secret)]).toEqual([true, true])
    const { headers = {}, body = '' } = server.requests[0] ?? {}
    const [first, ...others] = (headers['webhook-signature'] ?? '').split(' ')
    expect(others).toHaveLength(1)
    const alone = { ...headers, 'webhook-signature': first ?? '' }
    expect([
      accepts(old, { path: '', headers: alone, body }),
      accepts(secret, { path: '', headers: alone, body }),
    ]).toEqual([false, true])
    await queue.database.sql`update webhook_endpoints set previous_secret_expires_at = now()`
    await send()
    expect([accepts(old), accepts(secret)]).toEqual([false, true])
    expect(server.requests[1]?.headers['webhook-signature']).not.toContain(' ')
  })

  test('without an overlap replaces the old one at once, also for what is being retried', async () => {
    const { service, id, old, send } = await setUp()
    status = 500
    await send()
    expect(accepts(old)).toBe(true)
    const { secret } = await service.rotateSecret(ACCOUNT, id, 0)
    status = 200
    await makeDue(queue.database)
    await service.deliver(await claim(queue.boss))
    expect([accepts(old), accepts(secret)]).toEqual([false, true])
    expect(await deliveries(queue.database)).toMatchObject([{ status: 'delivered', attempts: 2 }])
  })

  test('a second rotation ends the overlap of the first', async () => {
    const { service, id, old, send } = await setUp()
    const second = await service.rotateSecret(ACCOUNT, id, 3600)
    const third = await service.rotateSecret(ACCOUNT, id, 3600)
    await send()
    expect([old, second.secret, third.secret].map((secret) => accepts(secret))).toEqual([false, true, true])
  })
})

describe('a test event', () => {
  test('goes to that endpoint alone, even one that chose other types, and is delivered as any other', async () => {
    const other = receiver()
    const service = webhooks(queue)
    const { call } = apiOf(service)
    const { id, secret } = await service.createEndpoint(ACCOUNT, {
      url: server.url,
      event_types: ['payment.failed'],
    })
    await service.createEndpoint(ACCOUNT, { url: other.url })
    const accepted = await call('POST', `/webhooks/endpoints/${id}/test`)
    expect(accepted).toEqual({
      status: 202,
      body: { delivery_id: expect.stringMatching(/^wd_/), event_id: expect.stringMatching(/^evt_/) },
    })
    await service.deliver(await claim(queue.boss))
    expect([server.requests.length, other.requests.length]).toEqual([1, 0])
    await other.stop()
    const { headers = {}, body = '' } = server.requests[0] ?? {}
    expect(headers['webhook-id']).toBe(accepted.body.event_id)
    expect(new Webhook(secret).verify(body, headers)).toEqual({
      type: 'webhook.test',
      timestamp: expect.stringMatching(/Z$/),
      data: { endpoint_id: id },
    })
    expect((await call('GET', `/webhooks/deliveries/${accepted.body.delivery_id}`)).body).toMatchObject({
      status: 'delivered',
      event_type: 'webhook.test',
      endpoint_id: id,
    })
  })

  test('is refused while the endpoint is disabled, and then leaves nothing behind', async () => {
    const service = webhooks(queue)
    const { id } = await service.createEndpoint(ACCOUNT, { url: server.url })
    await service.updateEndpoint(ACCOUNT, id, { enabled: false })
    const { call } = apiOf(service)
    const before = (await call('GET', '/webhooks/events?type=webhook.test')).body.data
    const answer = await call('POST', `/webhooks/endpoints/${id}/test`)
    expect([answer.status, answer.body.error]).toEqual([409, 'INVALID_STATE'])
    expect((await call('GET', '/webhooks/events?type=webhook.test')).body.data).toEqual(before)
    expect(await deliveries(queue.database)).toEqual([])
  })
})

test('no secret is in any answer after the first, in any log, or in any error', async () => {
  const { log, lines } = memoryLog()
  const service = webhooks({ ...queue, log })
  const api = apiOf(service)
  const { id, secret: old } = await service.createEndpoint(ACCOUNT, { url: server.url })
  const { secret } = await service.rotateSecret(ACCOUNT, id, 3600)
  status = 500
  const { event_id, delivery_id } = await service.testEndpoint(ACCOUNT, id)
  await service.deliver(await claim(queue.boss))
  const answers = await Promise.all([
    api.call('GET', '/webhooks/endpoints'),
    api.call('GET', `/webhooks/endpoints/${id}`),
    api.call('PATCH', `/webhooks/endpoints/${id}`, { description: 'x' }),
    api.call('PATCH', `/webhooks/endpoints/${id}`, { secret }),
    api.call('GET', `/webhooks/events/${event_id}`),
    api.call('GET', `/webhooks/deliveries/${delivery_id}`),
    api.call('POST', `/webhooks/deliveries/${delivery_id}/redeliver`),
    api.call('GET', '/webhooks/dead-letters'),
  ])
  const text = JSON.stringify([answers, lines, api.lines])
  for (const part of [old.slice(6), secret.slice(6)]) expect(text).not.toContain(part)
  expect(text).toContain(delivery_id)
})
