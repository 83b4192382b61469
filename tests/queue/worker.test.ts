import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startWorker } from '../../src/queue/worker.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

test('a handler that throws is reported with its queue and cause, and its job is retried', async () => {
  const again = Promise.withResolvers<number>()
  let tries = 0
  await startWorker(harness.boss, 'webhook', async ([job]) => {
    tries++
    if (tries === 1) throw new Error('the first try fails')
    again.resolve(job?.retryCount ?? -1)
  })
  await harness.boss.send('webhook', { account_id: 'demo', delivery_id: 'none' }, { singletonKey: 'none' })
  expect(await again.promise).toBe(1)
  expect(harness.errors.map(({ message, cause }) => [message, (cause as Error).message])).toEqual([
    ['1 webhook jobs failed and will be retried', 'the first try fails'],
  ])
})
