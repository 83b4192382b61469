import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { DeliveryCheckpoint } from '../../src/webhooks/sending/batch.ts'
import {
  ACCOUNT,
  claim,
  clear,
  expireClaims,
  liveJobs,
  makeDue,
  publish,
  receiver,
  startQueue,
  webhooks,
} from './support.ts'

const POINTS: DeliveryCheckpoint[] = ['loaded', 'sent', 'recording', 'recorded']

let queue: Awaited<ReturnType<typeof startQueue>>
beforeAll(async () => {
  queue = await startQueue()
})
afterAll(() => queue.stop())
beforeEach(() => clear(queue.database))

/** One server that takes everything, one that takes each event at the second attempt, and one that wants none. */
const receivers = () => {
  const seen = new Set<string | undefined>()
  const flaky = receiver(({ headers }) => {
    const id = headers['webhook-id']
    const status = seen.has(id) ? 200 : 500
    seen.add(id)
    return new Response(null, { status })
  })
  return { good: receiver(), flaky, gone: receiver(() => new Response(null, { status: 410 })) }
}

const rows = () => queue.database.sql<
  { endpoint_id: string; status: string; attempts: number; log: number[]; last_error: string | null }[]
>`
  select endpoint_id, status, attempts, last_error, (select coalesce(json_agg(attempt order by attempt), '[]')
    from webhook_attempts a where a.account_id = d.account_id and a.delivery_id = d.id) as log
  from webhook_deliveries d order by id`

describe('a worker that dies in the middle of a batch', () => {
  for (const point of POINTS)
    for (const aftermath of ['failed', 'killed'] as const)
      test(`at '${point}' (its jobs are ${aftermath}) loses no event and ends every delivery rightly`, async () => {
        let armed = false
        let deaths = 0
        const checkpoint = (reached: DeliveryCheckpoint) => {
          if (reached !== point || !armed) return
          armed = false
          deaths++
          throw new Error(`died at ${point}`)
        }
        const service = webhooks({ ...queue, checkpoint })
        const servers = receivers()
        const [good, flaky, gone] = [
          await service.createEndpoint(ACCOUNT, { url: servers.good.url }),
          await service.createEndpoint(ACCOUNT, { url: servers.flaky.url }),
          await service.createEndpoint(ACCOUNT, { url: servers.gone.url }),
        ]
        const events = [await publish(queue.database)]
        for (let turns = 0; (await liveJobs(queue.database)).length > 0 || events.length < 2; turns++) {
          if (turns > 30) throw new Error('the deliveries do not end')
          if (turns === 2) events.push(await publish(queue.database))
          await makeDue(queue.database)
          // Every other batch dies there, so that each attempt meets it and then gets through.
          armed = turns % 2 === 0
          const jobs = await claim(queue.boss)
          const died = await service.deliver(jobs).then(
            () => false,
            () => true,
          )
          if (died && aftermath === 'failed')
            await queue.boss.fail(
              'webhook',
              jobs.map(({ id }) => id),
            )
          if (died && aftermath === 'killed') await expireClaims(queue.database, queue.boss)
        }
        expect(deaths).toBeGreaterThanOrEqual(2)
        const ids = events.map(({ id }) => `evt_${id}`).sort()
        const arrived = (server: ReturnType<typeof receiver>) =>
          [...new Set(server.requests.map(({ headers }) => String(headers['webhook-id'])))].sort()
        expect([arrived(servers.good), arrived(servers.flaky)]).toEqual([ids, ids])
        const ended = await rows()
        for (const { attempts, log } of ended)
          expect(log).toEqual(Array.from({ length: attempts }, (_, index) => index + 1))
        const statusesOf = (id: string) =>
          ended.filter((row) => row.endpoint_id === id.slice(3)).map(({ status }) => status)
        expect(statusesOf(good.id)).toEqual(['delivered', 'delivered'])
        expect(statusesOf(flaky.id)).toEqual(['delivered', 'delivered'])
        // It was disabled before the second event.
        expect(statusesOf(gone.id)).toEqual(['dead'])
        expect(await service.getEndpoint(ACCOUNT, gone.id)).toMatchObject({ enabled: false })
        expect(await service.getEndpoint(ACCOUNT, good.id)).toMatchObject({
          enabled: true,
          failing_since: null,
        })
        await Promise.all(Object.values(servers).map((server) => server.stop()))
      })
})

describe('a database connection that is lost', () => {
  test('while the outcome is being recorded: nothing is half recorded, and the event comes again', async () => {
    const { sql } = queue.database
    const service = webhooks(queue)
    const server = receiver()
    await service.createEndpoint(ACCOUNT, { url: server.url })
    const event = await publish(queue.database)
    const jobs = await claim(queue.boss)
    // Somebody else's lock holds the transaction up in its middle: after the job, before the delivery.
    const locked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const lock = sql.begin(async (tx) => {
      await tx`select from webhook_deliveries for update`
      locked.resolve()
      await released.promise
    })
    await locked.promise
    const delivering = service.deliver(jobs).then(
      () => null,
      (error: Error) => error,
    )
    const blocked = () => sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%webhook_deliveries%'`
    let [victim] = await blocked()
    while (!victim) [victim] = await blocked()
    expect(await sql`select pg_terminate_backend(${victim.pid}) as done`).toMatchObject([{ done: true }])
    expect(await delivering).toBeInstanceOf(Error)
    released.resolve()
    await lock
    expect(await rows()).toMatchObject([{ status: 'pending', attempts: 0, log: [] }])
    expect(await liveJobs(queue.database)).toMatchObject([{ state: 'active' }])

    await expireClaims(queue.database, queue.boss)
    await service.deliver(await claim(queue.boss))
    expect(server.requests.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(`evt_${event.id}`),
    )
    expect(new Set(server.requests.map(({ body }) => body))).toEqual(new Set([event.body]))
    expect(await rows()).toMatchObject([{ status: 'delivered', attempts: 1, log: [1] }])
    expect(await liveJobs(queue.database)).toEqual([])
    await server.stop()
  })
})
