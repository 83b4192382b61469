import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Worker } from '../../src/queue/worker.ts'
import type { DeliveryJob } from '../../src/webhooks/sending/batch.ts'
import type { WebhookService } from '../../src/webhooks/service.ts'
import { startWebhookWorker } from '../../src/webhooks/worker.ts'
import { ACCOUNT, deliveries, liveJobs, publish, receiver, startQueue, webhooks } from './support.ts'

let queue: Awaited<ReturnType<typeof startQueue>>
beforeAll(async () => {
  queue = await startQueue()
})
afterAll(() => queue.stop())

const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of cleanUp.splice(0).reverse()) await stop()
  await queue.database.sql`delete from webhook_endpoints`
  await queue.database.sql`delete from webhook_deliveries`
  await queue.database.sql`delete from pgboss.job where name = 'webhook'`
})

const serve = (...args: Parameters<typeof receiver>) => {
  const server = receiver(...args)
  cleanUp.push(() => server.stop())
  return server
}

/** Runs the worker as the program does; `recorded(n)` waits until n deliveries were attempted and recorded. */
const work = async (
  service: WebhookService,
): Promise<Worker & { recorded(count: number): Promise<void> }> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let [done, wanted] = [0, Number.POSITIVE_INFINITY]
  const check = () => done >= wanted && resolve()
  const deliver = async (jobs: readonly DeliveryJob[], recorded?: () => void) => {
    await service.deliver(jobs, recorded)
    done += jobs.length
    check()
  }
  const worker = await startWebhookWorker(queue.boss, { deliver })
  cleanUp.push(() => queue.boss.offWork('webhook'))
  const recorded = (count: number) => {
    wanted = count
    check()
    return promise
  }
  return { ...worker, recorded }
}

describe('the worker', () => {
  test('delivers an event to two endpoints once each', async () => {
    const { database, boss } = queue
    const service = webhooks({ database, boss })
    const [first, second] = [serve(), serve()]
    await service.createEndpoint(ACCOUNT, { url: first.url })
    await service.createEndpoint(ACCOUNT, { url: second.url })
    const worker = await work(service)
    await publish(database)
    worker.wake()
    await worker.recorded(2)
    expect([first.requests.length, second.requests.length]).toEqual([1, 1])
    expect((await deliveries(database)).map(({ status }) => status)).toEqual(['delivered', 'delivered'])
    expect(await liveJobs(database)).toEqual([])
  })

  test('retries by itself when the time has come', async () => {
    const { database, boss } = queue
    const service = webhooks({ database, boss, timeScale: 0 })
    let calls = 0
    const server = serve(() => new Response(null, { status: ++calls < 4 ? 500 : 200 }))
    await service.createEndpoint(ACCOUNT, { url: server.url })
    const worker = await work(service)
    await publish(database)
    worker.wake()
    await worker.recorded(4)
    expect(await deliveries(database)).toMatchObject([{ status: 'delivered', attempts: 4 }])
  })

  test('does not wait between the batches of one busy endpoint', async () => {
    const { database, boss } = queue
    const service = webhooks({ database, boss })
    const server = serve()
    await service.createEndpoint(ACCOUNT, { url: server.url })
    for (let n = 0; n < 100; n++) await publish(database)
    const worker = await work(service)
    const startedAt = performance.now()
    await worker.recorded(100)
    // Polling alone would need more than six seconds.
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    expect(server.requests).toHaveLength(100)
  })

  test('lets an endpoint that hangs delay no other, however many of its attempts are open', async () => {
    const { database, boss } = queue
    const service = webhooks({ database, boss, deadlineMs: 20_000 })
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const hanging = serve(async () => {
      await released
      return new Response('ok')
    })
    const quick = serve()
    await service.createEndpoint(ACCOUNT, { url: hanging.url })
    await service.createEndpoint(ACCOUNT, { url: quick.url })
    const worker = await work(service)
    cleanUp.push(async () => release())
    // One after the other, so that each hanging attempt is in a batch of its own.
    for (let n = 1; n <= 8; n++) {
      await publish(database)
      worker.wake()
      await quick.received(n)
    }
    expect(hanging.requests.length).toBeGreaterThan(0)
    release()
    await worker.recorded(16)
    expect((await deliveries(database)).filter(({ status }) => status !== 'delivered')).toEqual([])
    expect(hanging.requests).toHaveLength(8)
  }, 15_000)
})
