import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import type { Database } from '../../src/db/client.ts'
import { RETRY_DELAYS } from '../../src/webhooks/schedule.ts'
import {
  ACCOUNT,
  claim,
  deliveries,
  expireClaims,
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

const servers: ReturnType<typeof receiver>[] = []
const serve = (...args: Parameters<typeof receiver>) => {
  const server = receiver(...args)
  servers.push(server)
  return server
}
beforeEach(async () => {
  await queue.database.sql`delete from webhook_endpoints`
  await queue.database.sql`delete from webhook_deliveries`
  await queue.database.sql`delete from pgboss.job where name = 'webhook'`
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

const setUp = (deps: Partial<Parameters<typeof webhooks>[0]> = {}) => {
  const { database, boss } = queue
  const service = webhooks({ database, boss, ...deps })
  const next = async () => {
    const jobs = await claim(boss)
    await service.deliver(jobs)
    return jobs
  }
  return { database, boss, service, next }
}

const broken = (status: number, headers?: Record<string, string>) => () =>
  new Response(null, { status, ...(headers ? { headers } : {}) })

describe('an event', () => {
  test('reaches every endpoint that wants it once, signed with its secret', async () => {
    const { database, service, next } = setUp()
    const [first, second, other] = [serve(), serve(), serve()]
    const a = await service.createEndpoint(ACCOUNT, { url: first.url })
    const b = await service.createEndpoint(ACCOUNT, { url: second.url, event_types: ['payment.created'] })
    await service.createEndpoint(ACCOUNT, { url: other.url, event_types: ['payment.failed'] })
    await service.createEndpoint('acc_b', { url: other.url })
    const event = await publish(database)
    await next()
    expect([first, second, other].map(({ requests }) => requests.length)).toEqual([1, 1, 0])
    for (const [server, { secret }] of [[first, a] as const, [second, b] as const]) {
      const { headers = {}, body = '' } = server.requests[0] ?? {}
      expect(headers['webhook-id']).toBe(`evt_${event.id}`)
      expect(body).toBe(event.body)
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(event.body))
    }
    for (const row of await deliveries(database))
      expect(row).toMatchObject({
        status: 'delivered',
        attempts: 1,
        last_status: 200,
        last_error: null,
        delivered: true,
      })
    expect(await liveJobs(database)).toEqual([])
    expect(await next()).toEqual([])
  })

  test('that was delivered is not sent again, even by a second job', async () => {
    const { database, boss, service, next } = setUp()
    const server = serve()
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    const [job] = await next()
    await boss.send('webhook', job?.data ?? {})
    await next()
    expect(server.requests).toHaveLength(1)
  })

  test('is dropped when its endpoint was deleted or disabled in between', async () => {
    const { database, service, next } = setUp()
    const server = serve()
    const gone = await service.createEndpoint(ACCOUNT, { url: server.url })
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    await service.deleteEndpoint(ACCOUNT, gone.id)
    await database.sql`update webhook_endpoints set enabled = false`
    await next()
    expect(server.requests).toHaveLength(0)
    const rows = await deliveries(database)
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['dropped', 0],
      ['dropped', 0],
    ])
    expect(new Set(rows.map(({ last_error }) => last_error))).toEqual(
      new Set(['the endpoint is disabled', 'the endpoint was deleted']),
    )
    expect(await liveJobs(database)).toEqual([])
  })
})

describe('a failing endpoint', () => {
  test('is tried twelve times by the schedule, always under the same id, and then the delivery is dead', async () => {
    const { database, service, next } = setUp()
    const server = serve(broken(500))
    const endpoint = await service.createEndpoint(ACCOUNT, { url: server.url })
    const event = await publish(database)
    for (const [index, planned] of RETRY_DELAYS.entries()) {
      expect(await next()).toHaveLength(1)
      expect(await deliveries(database)).toMatchObject([
        {
          status: 'pending',
          attempts: index + 1,
          last_status: 500,
          last_error: 'HTTP 500',
          delivered: false,
        },
      ])
      const [job, ...more] = await liveJobs(database)
      expect(more).toEqual([])
      expect(job).toMatchObject({ state: 'created', group_id: endpoint.id.slice(3) })
      expect(Number(job?.due_in)).toBeWithin((planned / 1000) * 0.8 - 2, (planned / 1000) * 1.2 + 0.1)
      expect(await claim(queue.boss)).toEqual([])
      await makeDue(database)
    }
    await next()
    expect(await deliveries(database)).toMatchObject([{ status: 'dead', attempts: 12, last_status: 500 }])
    expect(await liveJobs(database)).toEqual([])
    expect(server.requests.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(12).fill(`evt_${event.id}`),
    )
  })

  test('that recovers gets the event', async () => {
    const { database, service, next } = setUp()
    let status = 503
    const server = serve(() => new Response(null, { status }))
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    await next()
    status = 204
    await makeDue(database)
    await next()
    expect(await deliveries(database)).toMatchObject([
      { status: 'delivered', attempts: 2, last_status: 204, last_error: null, delivered: true },
    ])
  })

  test('is left alone for as long as it asks', async () => {
    const { database, service, next } = setUp()
    await service.createEndpoint(ACCOUNT, { url: serve(broken(429, { 'retry-after': '3600' })).url })
    await publish(database)
    await next()
    expect(Number((await liveJobs(database))[0]?.due_in)).toBeWithin(3590, 3600.1)
  })

  test('that answers 410 is disabled with the reason, and sent nothing more', async () => {
    const { database, service, next } = setUp()
    const server = serve(broken(410))
    const { id } = await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    await next()
    expect(await deliveries(database)).toMatchObject([{ status: 'dead', attempts: 1, last_status: 410 }])
    expect(await service.getEndpoint(ACCOUNT, id)).toMatchObject({
      enabled: false,
      disabled_reason: 'it answered 410 Gone',
    })
    await publish(database)
    expect(await next()).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  test('whose name has come to lead to a private address is not called', async () => {
    const server = serve()
    const { database, service, next } = setUp({ allowPrivate: false, resolve: async () => ['93.184.216.34'] })
    await service.createEndpoint(ACCOUNT, { url: 'https://rebound.example.com/hook' })
    await publish(database)
    const moved = setUp({ allowPrivate: false, resolve: async () => ['127.0.0.1'] })
    await moved.next()
    expect(server.requests).toHaveLength(0)
    expect(await deliveries(database)).toMatchObject([
      {
        status: 'pending',
        last_status: null,
        last_error: 'not sent: the URL must not lead to a private or reserved address',
      },
    ])
    expect(await next()).toEqual([])
  })
})

describe('one line is logged for each attempt', () => {
  test('with the payment and the host, and neither path, query nor secret', async () => {
    const { log, lines } = memoryLog()
    const { database, service, next } = setUp({ log })
    const server = serve(broken(500))
    const { secret } = await service.createEndpoint(ACCOUNT, { url: `${server.url}?token=hunter2` })
    const { paymentId } = await publish(database)
    await next()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      account_id: ACCOUNT,
      payment_id: paymentId,
      attempt: 1,
      status: 'pending',
      http_status: 500,
    })
    expect(JSON.stringify(lines)).not.toContain('hunter2')
    expect(JSON.stringify(lines)).not.toContain('/hook')
    expect(JSON.stringify(lines)).not.toContain(secret.slice(6))
  })
})

describe('a crash', () => {
  const dying = (database: Database): Database => ({
    ...database,
    sql: new Proxy(database.sql, {
      get: (target, key) =>
        key === 'begin' ? () => Promise.reject(new Error('the process dies here')) : Reflect.get(target, key),
    }),
  })

  test('between sending and recording repeats the attempt under the same id', async () => {
    const { database, boss, service, next } = setUp()
    const server = serve()
    await service.createEndpoint(ACCOUNT, { url: server.url })
    const event = await publish(database)
    const crashed = webhooks({ database: dying(database), boss })
    await expect(crashed.deliver(await claim(boss))).rejects.toThrow('the process dies here')
    expect(await deliveries(database)).toMatchObject([{ status: 'pending', attempts: 0 }])
    await expireClaims(database, boss)
    expect(await next()).toHaveLength(1)
    expect(server.requests.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(`evt_${event.id}`),
    )
    expect(await deliveries(database)).toMatchObject([{ status: 'delivered', attempts: 1 }])
    expect(await liveJobs(database)).toEqual([])
  })

  test('of the queue leaves nothing half recorded: without its next job an attempt is not counted', async () => {
    const { database, boss, service } = setUp()
    await service.createEndpoint(ACCOUNT, { url: serve(broken(500)).url })
    await publish(database)
    const jobs = await claim(boss)
    const [row] = await database.sql<{ table: string }[]>`
      select format('pgboss.%I', table_name) as table from pgboss.queue where name = 'webhook'`
    await database.sql.unsafe(`
      create function refuse_job() returns trigger language plpgsql as 'begin return null; end';
      create trigger refuse_job before insert on ${row?.table} for each row execute function refuse_job()`)
    try {
      await expect(service.deliver(jobs)).rejects.toThrow('0 of 1 next attempts could be enqueued')
    } finally {
      await database.sql.unsafe('drop function refuse_job cascade')
    }
    expect(await deliveries(database)).toMatchObject([{ status: 'pending', attempts: 0 }])
    expect(await liveJobs(database)).toMatchObject([{ state: 'active' }])
  })
})

describe('a claim that has expired', () => {
  test('changes nothing: the worker that holds the job now decides', async () => {
    const { database, boss, service, next } = setUp()
    const { promise: asked, resolve: answerNow } = Promise.withResolvers<void>()
    let calls = 0
    const server = serve(async () => {
      calls += 1
      if (calls > 1) return new Response(null, { status: 200 })
      await asked
      return new Response(null, { status: 500 })
    })
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    const slow = service.deliver(await claim(boss))
    await server.received(1)
    await expireClaims(database, boss)
    const [retried] = await claim(boss)
    if (!retried) throw new Error('the job did not come back')
    answerNow()
    await slow
    expect(await deliveries(database)).toMatchObject([{ status: 'pending', attempts: 0, last_error: null }])
    expect(await liveJobs(database)).toMatchObject([{ state: 'active' }])
    await service.deliver([retried])
    expect(await deliveries(database)).toMatchObject([{ status: 'delivered', attempts: 1 }])
    expect(await next()).toEqual([])
  })
})

describe('a delivery that moved on during an attempt', () => {
  test.each([
    ['was attempted by someone else', { status: 'pending', attempts: 7 }],
    ['has ended', { status: 'dead', attempts: 0 }],
  ])('and %s keeps what was written first', async (_case, row) => {
    const { database, boss, service } = setUp()
    const { promise: asked, resolve: answerNow } = Promise.withResolvers<void>()
    const server = serve(async () => {
      await asked
      return new Response(null, { status: 500 })
    })
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    const late = service.deliver(await claim(boss))
    await server.received(1)
    await database.sql`update webhook_deliveries set status = ${row.status}, attempts = ${row.attempts}`
    answerNow()
    await late
    expect(await deliveries(database)).toMatchObject([{ ...row, last_error: null, delivered: false }])
    expect(await liveJobs(database)).toEqual([])
  })
})

describe('slow endpoints', () => {
  test('do not keep quick ones of the same batch from being recorded', async () => {
    const { database, service } = setUp({ patienceMs: 300, deadlineMs: 30_000 })
    const quick = serve()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const hanging = serve(async () => {
      await released
      return new Response(null, { status: 200 })
    })
    await service.createEndpoint(ACCOUNT, { url: hanging.url })
    const { id } = await service.createEndpoint(ACCOUNT, { url: quick.url })
    await publish(database)
    const jobs = await claim(queue.boss)
    expect(jobs).toHaveLength(2)
    const done = service.deliver(jobs)
    let rows = await deliveries(database)
    while (!rows.some(({ status }) => status === 'delivered')) rows = await deliveries(database)
    const isQuick = (row: { endpoint_id: string }) => row.endpoint_id === id.slice(3)
    expect(rows.map((row) => row.status === (isQuick(row) ? 'delivered' : 'pending'))).toEqual([true, true])
    release()
    await done
    expect((await deliveries(database)).map(({ status }) => status)).toEqual(['delivered', 'delivered'])
    expect(await liveJobs(database)).toEqual([])
  })
})

describe('the reconciler', () => {
  const age = () =>
    queue.database.sql`update webhook_deliveries set created_at = now() - interval '61 seconds'`

  test('enqueues again what lost its job, once', async () => {
    const { database, service, next } = setUp()
    const server = serve()
    await service.createEndpoint(ACCOUNT, { url: server.url })
    await publish(database)
    await database.sql`delete from pgboss.job where name = 'webhook'`
    expect(await service.enqueueOrphans(100)).toBe(0)
    await age()
    expect(await service.enqueueOrphans(100)).toBe(1)
    expect(await service.enqueueOrphans(100)).toBe(0)
    await next()
    expect(await deliveries(database)).toMatchObject([{ status: 'delivered' }])
    expect(await service.enqueueOrphans(100)).toBe(0)
  })

  test('leaves alone what waits for its retry or is being attempted', async () => {
    const { database, boss, service, next } = setUp()
    await service.createEndpoint(ACCOUNT, { url: serve(broken(500)).url })
    await publish(database)
    await age()
    expect(await service.enqueueOrphans(100)).toBe(0)
    await next()
    expect(await service.enqueueOrphans(100)).toBe(0)
    await makeDue(database)
    expect(await claim(boss)).toHaveLength(1)
    expect(await service.enqueueOrphans(100)).toBe(0)
  })

  test('takes the oldest first, and no more than asked', async () => {
    const { database, service } = setUp()
    await service.createEndpoint(ACCOUNT, { url: serve().url })
    for (let n = 0; n < 3; n++) await publish(database)
    await database.sql`delete from pgboss.job where name = 'webhook'`
    await age()
    const [oldest] = await database.sql<{ id: string }[]>`
      update webhook_deliveries set created_at = now() - interval '1 hour'
      where id = (select id from webhook_deliveries limit 1) returning id`
    expect(await service.enqueueOrphans(1)).toBe(1)
    expect((await liveJobs(database)).map(({ singleton_key }) => singleton_key)).toEqual([oldest?.id ?? ''])
    expect(await service.enqueueOrphans(10)).toBe(2)
  })
})
