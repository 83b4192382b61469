import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { RETRY_DELAYS } from '../../src/webhooks/schedule.ts'
import { apiOf, STRANGER, walk } from './api.ts'
import {
  ACCOUNT,
  claim,
  clear,
  deliveries,
  liveJobs,
  makeDue,
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
  await clear(queue.database)
})

const setUp = async (deps: { redrivenAtOnce?: number } = {}) => {
  const woken = { times: 0 }
  const service = webhooks({ ...queue, ...deps, wake: () => void woken.times++ })
  const { call } = apiOf(service)
  const next = async () => {
    const jobs = await claim(queue.boss)
    await service.deliver(jobs)
    return jobs.length
  }
  const { id: endpointId } = await service.createEndpoint(ACCOUNT, { url: server.url })
  return { service, call, next, endpointId, woken }
}

/** Publishes events and gives them up; answers the public ids of their deliveries, oldest first. */
const giveUp = async (count = 1): Promise<string[]> => {
  for (let n = 0; n < count; n++) await publish(queue.database)
  await queue.database.sql`delete from pgboss.job where name = 'webhook'`
  await queue.database.sql`
    update webhook_deliveries set status = 'dead', attempts = 12, last_error = 'HTTP 500' where status = 'pending'`
  return (await deliveries(queue.database)).map(({ id }) => `wd_${id}`)
}

const sentIds = () => server.requests.map(({ headers }) => headers['webhook-id'])

describe('a redelivery', () => {
  test.each(['delivered', 'dead', 'dropped'])(
    'of a %s one is a new delivery of the same event under the same webhook-id, and names the first',
    async (ending) => {
      const { call, next, endpointId, woken } = await setUp()
      const event = await publish(queue.database)
      await next()
      await queue.database.sql`update webhook_deliveries set status = ${ending}`
      const [original] = await deliveries(queue.database)
      const answer = await call('POST', `/webhooks/deliveries/wd_${original?.id}/redeliver`)
      expect(answer.status).toBe(202)
      expect(answer.body).toMatchObject({
        event_id: `evt_${event.id}`,
        endpoint_id: endpointId,
        redelivery_of: `wd_${original?.id}`,
        status: 'pending',
        attempts: 0,
        attempt_log: [],
      })
      expect(woken.times).toBe(1)
      expect(await next()).toBe(1)
      expect(sentIds()).toEqual(Array(2).fill(`evt_${event.id}`))
      expect(server.requests[1]?.body).toBe(event.body)
      const [before, after] = await deliveries(queue.database)
      expect(before).toEqual({ ...original, status: ending } as NonNullable<typeof original>)
      expect(after).toMatchObject({ status: 'delivered', attempts: 1 })
      // Of a redelivery the first delivery is named, not the one in between.
      const third = await call('POST', `/webhooks/deliveries/${answer.body.id}/redeliver`)
      expect(third.body.redelivery_of).toBe(`wd_${original?.id}`)
    },
  )

  test('has a retry schedule of its own', async () => {
    const { service, next } = await setUp()
    const [dead = ''] = await giveUp()
    const again = await service.redeliver(ACCOUNT, dead)
    status = 500
    await next()
    expect((await service.getDelivery(ACCOUNT, again.id)).attempt_log).toHaveLength(1)
    const [job] = await liveJobs(queue.database)
    expect(Number(job?.due_in)).toBeWithin(2, 6.1)
  })

  test('is refused while the first is pending, and while the endpoint is disabled or deleted', async () => {
    const { call, service, next, endpointId } = await setUp()
    await publish(queue.database)
    const [{ id } = { id: '' }] = await deliveries(queue.database)
    const again = async () => {
      const { status: code, body } = await call('POST', `/webhooks/deliveries/wd_${id}/redeliver`)
      return [code, body.error, body.message]
    }
    expect(await again()).toEqual([409, 'INVALID_STATE', expect.stringContaining('pending')])
    await next()
    await service.updateEndpoint(ACCOUNT, endpointId, { enabled: false })
    expect(await again()).toEqual([409, 'INVALID_STATE', expect.stringContaining('disabled')])
    await service.deleteEndpoint(ACCOUNT, endpointId)
    expect(await again()).toEqual([409, 'INVALID_STATE', expect.stringContaining('deleted')])
    expect(await deliveries(queue.database)).toHaveLength(1)
    expect(await liveJobs(queue.database)).toEqual([])
  })

  test('first deliveries stay one for each event and endpoint, by constraint', async () => {
    const { service, next } = await setUp()
    await publish(queue.database)
    await next()
    const [{ id } = { id: '' }] = await deliveries(queue.database)
    await service.redeliver(ACCOUNT, `wd_${id}`)
    await service.redeliver(ACCOUNT, `wd_${id}`)
    const copy = queue.database.sql`
      insert into webhook_deliveries (account_id, id, event_id, endpoint_id)
      select account_id, gen_random_uuid(), event_id, endpoint_id from webhook_deliveries where redelivery_of is null`
    await expect(copy.execute()).rejects.toThrow('webhook_deliveries_once')
  })
})

describe('dead letters', () => {
  test('are the dead deliveries and no others, page by page, also of one endpoint', async () => {
    const { call, service, endpointId } = await setUp()
    const dead = (await giveUp(5)).reverse()
    await publish(queue.database)
    for (const limit of [1, 2, 5, 100]) {
      const listed = await walk(call, '/webhooks/dead-letters', limit)
      expect(listed.map(({ id }) => String(id))).toEqual(dead)
    }
    const other = await service.createEndpoint(ACCOUNT, { url: server.url })
    const of = (id: string) => walk(call, `/webhooks/dead-letters?endpoint_id=${id}`, 2)
    expect(await of(endpointId)).toHaveLength(5)
    expect(await of(other.id)).toEqual([])
  })

  const redrive = async (call: Awaited<ReturnType<typeof setUp>>['call'], body: unknown) => {
    const answer = await call('POST', '/webhooks/dead-letters/redrive', body)
    return answer.status === 202 ? answer.body : [answer.status, answer.body.error]
  }

  test('that are redriven one by one are delivered; the others stay', async () => {
    const { call, service, next, woken } = await setUp()
    const [first = '', second = '', third = ''] = await giveUp(3)
    expect(await redrive(call, { delivery_ids: [first, third] })).toEqual({ redriven: 2, more: false })
    expect(woken.times).toBe(1)
    expect(await next()).toBe(2)
    const statusOf = async (id: string) => (await service.getDelivery(ACCOUNT, id)).status
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([
      'delivered',
      'dead',
      'delivered',
    ])
    expect(await redrive(call, { delivery_ids: [first, second] })).toEqual({ redriven: 1, more: false })
  })

  test('of one endpoint, and of the account', async () => {
    const { call, service, endpointId } = await setUp()
    const other = await service.createEndpoint(ACCOUNT, { url: server.url })
    await giveUp(2)
    expect(await redrive(call, { endpoint_id: endpointId })).toEqual({ redriven: 2, more: false })
    expect(await redrive(call, { all: true })).toEqual({ redriven: 2, more: false })
    expect(await redrive(call, { endpoint_id: other.id })).toEqual({ redriven: 0, more: false })
    expect(await liveJobs(queue.database)).toHaveLength(4)
  })

  test('go through the whole schedule again, while their attempts go on counting', async () => {
    const { call, service, next } = await setUp()
    status = 500
    await publish(queue.database)
    for (let n = 0; n <= RETRY_DELAYS.length; n++) {
      await next()
      await makeDue(queue.database)
    }
    const [dead = { id: '' }] = await deliveries(queue.database)
    expect(dead).toMatchObject({ status: 'dead', attempts: 12 })
    expect(await redrive(call, { all: true })).toEqual({ redriven: 1, more: false })
    await next()
    expect(Number((await liveJobs(queue.database))[0]?.due_in)).toBeWithin(2, 6.1)
    for (let n = 0; n < RETRY_DELAYS.length; n++) {
      await makeDue(queue.database)
      await next()
    }
    const { attempt_log, ...delivery } = await service.getDelivery(ACCOUNT, `wd_${dead.id}`)
    expect(delivery).toMatchObject({ status: 'dead', attempts: 24 })
    expect(attempt_log.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1))
    expect(new Set(sentIds()).size).toBe(1)
  })

  test('are each taken up once, however many calls run at the same moment', async () => {
    const { call, next } = await setUp({ redrivenAtOnce: 7 })
    const ids = await giveUp(40)
    const calls = Array.from({ length: 12 }, (_, n) =>
      redrive(call, n % 2 === 0 ? { all: true } : { delivery_ids: ids }),
    )
    const answers: { redriven: number }[] = await Promise.all(calls)
    expect(answers.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(40)
    expect(await liveJobs(queue.database)).toHaveLength(40)
    while ((await next()) > 0);
    expect(new Set(sentIds()).size).toBe(40)
    expect(server.requests).toHaveLength(40)
  })

  test('are taken up oldest first and only so many at once; the answer says whether others are left', async () => {
    const { call, service } = await setUp({ redrivenAtOnce: 2 })
    const ids = await giveUp(5)
    const left = async () => (await service.listDeadLetters(ACCOUNT, {})).data.map(({ id }) => id).reverse()
    expect(await redrive(call, { all: true })).toEqual({ redriven: 2, more: true })
    expect(await left()).toEqual(ids.slice(2))
    expect(await redrive(call, { all: true })).toEqual({ redriven: 2, more: true })
    expect(await redrive(call, { all: true })).toEqual({ redriven: 1, more: false })
    expect(await redrive(call, { all: true })).toEqual({ redriven: 0, more: false })
  })

  test('of another account are none of its business', async () => {
    const { call } = await setUp()
    await giveUp(2)
    const answer = await call('POST', '/webhooks/dead-letters/redrive', { all: true }, STRANGER)
    expect(answer).toEqual({ status: 202, body: { redriven: 0, more: false } })
    expect(await walk(call, '/webhooks/dead-letters', 5)).toHaveLength(2)
  })

  test('stay dead while their endpoint takes nothing', async () => {
    const { call, service, endpointId } = await setUp()
    const ids = await giveUp(2)
    await service.updateEndpoint(ACCOUNT, endpointId, { enabled: false })
    expect(await redrive(call, { all: true })).toEqual({ redriven: 0, more: false })
    expect(await redrive(call, { delivery_ids: ids })).toEqual({ redriven: 0, more: false })
    expect(await redrive(call, { endpoint_id: endpointId })).toEqual([409, 'INVALID_STATE'])
    await service.deleteEndpoint(ACCOUNT, endpointId)
    expect(await redrive(call, { all: true })).toEqual({ redriven: 0, more: false })
    expect(await service.listDeadLetters(ACCOUNT, {})).toMatchObject({ data: [{}, {}] })
  })

  test.each([
    [{}, ''],
    [{ all: true, delivery_ids: ['wd_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f'] }, ''],
    [{ all: false }, '/all'],
    [{ delivery_ids: [] }, '/delivery_ids'],
    [{ delivery_ids: Array.from({ length: 101 }, (_, n) => `wd_${n}`) }, '/delivery_ids'],
    [{ limit: 5 }, '/limit'],
  ])('are not redriven for %j, which is refused naming %p', async (body, path) => {
    const { call } = await setUp()
    const answer = await call('POST', '/webhooks/dead-letters/redrive', body)
    expect([answer.status, answer.body.details[0].path]).toEqual([400, path])
  })

  test('are not redriven when one of the named is unknown', async () => {
    const { call } = await setUp()
    const [own] = await giveUp()
    const unknown = 'wd_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f'
    for (const bad of [unknown, 'wd_x'])
      expect(await redrive(call, { delivery_ids: [own, bad] })).toEqual([404, 'NOT_FOUND'])
    expect(await liveJobs(queue.database)).toEqual([])
  })
})
