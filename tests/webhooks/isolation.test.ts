import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWebhookWorker } from '../../src/webhooks/worker.ts'
import { ACCOUNT, clear, deliveries, publish, receiver, startQueue, webhooks } from './support.ts'

/** Endpoints that answer at once, and events that each of them is sent. */
const QUICK = 3
const EVENTS = 80
const DEADLINE_MS = 3_000
/** Below this a p99 says more about the machine's other tenants than about us. */
const FLOOR_MS = 50
/** Without the limit per endpoint the hanging one holds every loop until its deadline: a ratio of 40 and more. */
const BOUND = 12

let queue: Awaited<ReturnType<typeof startQueue>>
beforeAll(async () => {
  queue = await startQueue()
})
afterAll(() => queue.stop())

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN

/** From the moment an event is committed to its arrival at each quick endpoint, in milliseconds. */
const measure = async (withHanging: boolean): Promise<{ latencies: number[]; open: number }> => {
  const { database, boss } = queue
  await clear(database)
  const service = webhooks({ database, boss, deadlineMs: DEADLINE_MS })
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const [now, most] = [{ open: 0 }, { open: 0 }]
  const hanging = receiver(async () => {
    now.open++
    most.open = Math.max(most.open, now.open)
    await released
    now.open--
    return new Response(null)
  })
  const latencies: number[] = []
  let startedAt = 0
  const quick = Array.from({ length: QUICK }, () =>
    receiver(() => {
      latencies.push(performance.now() - startedAt)
      return new Response(null)
    }),
  )
  for (const { url } of quick) await service.createEndpoint(ACCOUNT, { url })
  if (withHanging) await service.createEndpoint(ACCOUNT, { url: hanging.url })
  const worker = await startWebhookWorker(boss, service)
  for (let n = 1; n <= EVENTS; n++) {
    await publish(database)
    startedAt = performance.now()
    worker.wake()
    await Promise.all(quick.map((server) => server.received(n)))
  }
  release()
  await boss.offWork('webhook')
  await Promise.all([hanging, ...quick].map((server) => server.stop()))
  return { latencies, open: most.open }
}

test('an endpoint that hangs leaves the p99 of the others as it was', async () => {
  const alone = await measure(false)
  const beside = await measure(true)
  expect([alone, beside].map(({ latencies }) => latencies.length)).toEqual(Array(2).fill(QUICK * EVENTS))
  // It did hang, and no more of its attempts were open than its share (which pg-boss may overshoot while it fetches).
  expect(beside.open).toBeWithin(1, 17)
  const [before, after] = [alone, beside].map(({ latencies }) => percentile(latencies, 0.99)) as [
    number,
    number,
  ]
  const ratio = Math.max(after, FLOOR_MS) / Math.max(before, FLOOR_MS)
  console.log(
    `webhook latency p99: ${before.toFixed(1)} ms alone, ${after.toFixed(1)} ms beside an endpoint that hangs` +
      ` (ratio ${(after / before).toFixed(2)}, ${beside.open} of its attempts open at most)`,
  )
  expect(ratio).toBeLessThan(BOUND)
  expect((await deliveries(queue.database)).length).toBe((QUICK + 1) * EVENTS)
}, 60_000)
