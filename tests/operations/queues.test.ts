import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import type { QueueList } from '../../src/operations/model.ts'
import { QUEUES } from '../../src/queue/definitions.ts'
import { type Harness, startHarness } from '../support/harness.ts'

const clock = new TestClock()
let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ clock })
})
afterAll(() => harness.stop())

const read = async (): Promise<QueueList> => {
  const { status, body } = await harness.call('GET', '/operations/queues')
  expect(status).toBe(200)
  return body
}
const queuedIn = ({ data }: QueueList, name: string) => data.find((queue) => queue.name === name)?.queued

describe('GET /operations/queues', () => {
  test('tells of every queue, as of the moment that it names', async () => {
    await harness.boss.send('payment', {}, { singletonKey: 'a' })
    await clock.tick(1_500)
    const { at, data } = await read()
    expect(at).toBe(new Date(clock.now()).toISOString())
    expect(data.map(({ name }) => name)).toEqual(Object.keys(QUEUES))
    expect(data[0]).toEqual({
      name: 'payment',
      queued: 1,
      ready: 1,
      active: 0,
      failed: 0,
      oldest_ready_seconds: 1.5,
      completed_last_minute: 0,
      failed_last_hour: 0,
      dead_letter: 'payment_dead',
      capped: false,
    })
  })

  test('reads the database once in two seconds, however many ask', async () => {
    await clock.tick(2_000)
    const [first] = await Promise.all([read(), read(), read()])
    await harness.boss.send('payment', {}, { singletonKey: 'b' })
    await clock.tick(1_999)
    expect(await read()).toEqual(first)
    await clock.tick(1)
    const next = await read()
    expect([queuedIn(first, 'payment'), queuedIn(next, 'payment')]).toEqual([1, 2])
    expect(next.at).toBe(new Date(clock.now()).toISOString())
  })

  test('takes no parameter', async () => {
    const { status, body } = await harness.call('GET', '/operations/queues?name=payment')
    expect([status, body.error]).toEqual([400, 'VALIDATION_ERROR'])
  })
})
