import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { DISABLE_AFTER_MS, failingLimitMs } from '../../src/webhooks/policy.ts'
import { RETRY_DELAYS } from '../../src/webhooks/schedule.ts'
import {
  ACCOUNT,
  claim,
  clear,
  deliveries,
  liveJobs,
  makeDue,
  memoryLog,
  publish,
  receiver,
  startQueue,
  webhooks,
} from './support.ts'

let queue: Awaited<ReturnType<typeof startQueue>>
beforeAll(async () => {
  queue = await startQueue()
})
afterAll(() => queue.stop())
beforeEach(() => clear(queue.database))
const servers: ReturnType<typeof receiver>[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

const setUp = async (deps: { timeScale?: number } = {}) => {
  const { log, lines } = memoryLog()
  const service = webhooks({ ...queue, ...deps, log })
  let status = 500
  const server = receiver(() => new Response(null, { status }))
  servers.push(server)
  const { id } = await service.createEndpoint(ACCOUNT, { url: server.url })
  return {
    service,
    server,
    id,
    lines,
    answer: (code: number) => {
      status = code
    },
    /** Makes one attempt of everything that is on its way. */
    next: async () => {
      await makeDue(queue.database)
      await service.deliver(await claim(queue.boss))
    },
    endpoint: () => service.getEndpoint(ACCOUNT, id),
    /** Moves the start of its failures into the past. */
    failingFor: (ms: number) => queue.database.sql`
      update webhook_endpoints set failing_since = now() - ${ms}::float8 * interval '1 millisecond'
      where id = ${id.slice(3)}`,
  }
}

const REASON = 'every attempt has failed for 3 days'

describe('an endpoint that fails', () => {
  test('is known to fail since its first failure, until a success', async () => {
    const { next, endpoint, answer } = await setUp()
    await publish(queue.database)
    expect((await endpoint()).failing_since).toBeNull()
    await next()
    const since = (await endpoint()).failing_since
    expect(since).toBeString()
    await next()
    expect((await endpoint()).failing_since).toBe(since)
    answer(200)
    await next()
    expect((await endpoint()).failing_since).toBeNull()
  })

  test('for longer than three days without one success is disabled, and says so', async () => {
    const { next, endpoint, failingFor, lines, id } = await setUp()
    await publish(queue.database)
    await next()
    await failingFor(DISABLE_AFTER_MS - 60_000)
    await next()
    expect(await endpoint()).toMatchObject({ enabled: true, disabled_reason: null })
    await failingFor(DISABLE_AFTER_MS + 1_000)
    await next()
    const { failing_since, ...disabled } = await endpoint()
    expect(disabled).toMatchObject({ enabled: false, disabled_reason: REASON })
    expect(Date.now() - Date.parse(failing_since ?? '')).toBeGreaterThan(DISABLE_AFTER_MS)
    expect(lines.filter(({ msg }) => msg === 'webhook endpoint disabled')).toMatchObject([
      { account_id: ACCOUNT, endpoint_id: id.slice(3), reason: REASON },
    ])
  })

  test('is disabled by the end of a schedule that never succeeded', () => {
    const schedule = RETRY_DELAYS.reduce((sum, each) => sum + each, 0)
    expect(DISABLE_AFTER_MS).toBeLessThan(schedule)
  })

  test('is not disabled when another delivery of the same batch gets through', async () => {
    const { service, next, endpoint, failingFor, server } = await setUp()
    await publish(queue.database)
    await next()
    await failingFor(DISABLE_AFTER_MS * 2)
    const { id: accepted } = await publish(queue.database)
    const picky = receiver(
      ({ headers }) =>
        new Response(null, { status: headers['webhook-id'] === `evt_${accepted}` ? 200 : 500 }),
    )
    servers.push(picky)
    await queue.database.sql`update webhook_endpoints set url = ${picky.url}`
    await makeDue(queue.database)
    const jobs = await claim(queue.boss)
    await service.deliver(jobs)
    expect([jobs.length, server.requests.length, picky.requests.length]).toEqual([2, 1, 2])
    expect(await endpoint()).toMatchObject({ enabled: true, disabled_reason: null, failing_since: null })
  })

  test('takes no other endpoint with it', async () => {
    const { service, next, endpoint, failingFor } = await setUp()
    const quick = receiver()
    servers.push(quick)
    const other = await service.createEndpoint(ACCOUNT, { url: quick.url })
    await publish(queue.database)
    await next()
    await failingFor(DISABLE_AFTER_MS + 1_000)
    await publish(queue.database)
    await next()
    expect((await endpoint()).enabled).toBe(false)
    expect(await service.getEndpoint(ACCOUNT, other.id)).toMatchObject({ enabled: true, failing_since: null })
    expect(quick.requests).toHaveLength(2)
  })

  test('leaves dead letters when it is disabled, which can be redriven once it is enabled again', async () => {
    const { service, next, failingFor, answer, id, server } = await setUp()
    for (let n = 0; n < 3; n++) await publish(queue.database)
    await next()
    await failingFor(DISABLE_AFTER_MS + 1_000)
    await next()
    // The attempt that disabled it is not its last: what still waits is given up when its turn comes.
    await next()
    expect((await deliveries(queue.database)).map(({ status, last_error }) => [status, last_error])).toEqual(
      Array(3).fill(['dead', 'the endpoint is disabled']),
    )
    expect(await liveJobs(queue.database)).toEqual([])
    answer(200)
    await service.updateEndpoint(ACCOUNT, id, { enabled: true })
    expect(await service.redrive(ACCOUNT, { endpoint_id: id })).toEqual({ redriven: 3, more: false })
    await next()
    expect((await deliveries(queue.database)).map(({ status }) => status)).toEqual(Array(3).fill('delivered'))
    expect(server.requests).toHaveLength(9)
  })

  test('is disabled sooner by development’s factor, but never for being away for a moment', async () => {
    expect(failingLimitMs(1)).toBe(DISABLE_AFTER_MS)
    expect(failingLimitMs(0.01)).toBe(DISABLE_AFTER_MS / 100)
    expect(failingLimitMs(0)).toBe(60_000)
    const { next, endpoint, failingFor } = await setUp({ timeScale: 0.01 })
    await publish(queue.database)
    await next()
    await failingFor(DISABLE_AFTER_MS / 100 + 1_000)
    await next()
    expect(await endpoint()).toMatchObject({ enabled: false, disabled_reason: REASON })
  })
})

test('an endpoint that works is not written with every delivery', async () => {
  const { next, answer } = await setUp()
  answer(200)
  const version = async () => (await queue.database.sql`select xmin::text from webhook_endpoints`)[0]?.xmin
  const before = await version()
  for (let n = 0; n < 3; n++) {
    await publish(queue.database)
    await next()
  }
  expect(await version()).toBe(before)
})

test('what its owner disabled by hand is dropped, and no dead letter', async () => {
  const { service, next, id } = await setUp()
  await publish(queue.database)
  await next()
  await service.updateEndpoint(ACCOUNT, id, { enabled: false })
  await next()
  expect(await deliveries(queue.database)).toMatchObject([
    { status: 'dropped', last_error: 'the endpoint is disabled' },
  ])
  expect((await service.listDeadLetters(ACCOUNT, {})).data).toEqual([])
})
