import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { derivedUuid } from '../../src/core/ids.ts'
import type { Checkpoint } from '../../src/payments/worker.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import {
  claim,
  drive,
  ended,
  expectSound,
  operationsOf,
  pathOf,
  pay,
  paySeveral,
  snapshot,
  statusOf,
  turn,
  until,
} from './support.ts'

let harness: Harness
let reach: (point: Checkpoint) => Promise<void> | void = () => {}
beforeAll(async () => {
  harness = await startHarness({ checkpoint: (point) => reach(point) })
})
afterAll(() => harness.stop())

const cancel = (id: string, at = harness) => at.call('POST', `/payments/${id}/cancel`)

const expectNothingSent = async (id: string, at = harness) => {
  expect(await operationsOf(at, id)).toHaveLength(0)
  // The provider's books, because a call that was never journalled would show there only.
  const key = derivedUuid(id, 'onramp', 1)
  expect(await at.database.sql`select key from sandbox.operations where key = ${key}`).toHaveLength(0)
  expect(await pathOf(at, id)).toEqual(['PENDING', 'CANCELLED'])
  await expectSound(at, id)
}

describe('cancelling', () => {
  test('ends a payment of which nothing was sent, and its waiting job then does nothing', async () => {
    const id = await pay(harness)
    const { status, body } = await cancel(id)
    expect(status).toBe(200)
    expect(body).toMatchObject({ payment_id: id, status: 'CANCELLED', legs: [] })
    expect(body.completed_at).not.toBeNull()
    await turn(harness)
    await expectNothingSent(id)
    expect(await claim(harness)).toEqual([])
  })

  test('twice is refused the second time, and 20 at once cancel once', async () => {
    const id = await pay(harness)
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(id)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'INVALID_STATE')).toHaveLength(19)
    await expectNothingSent(id)
  })

  test('is refused in every later state, and changes nothing', async () => {
    const id = await pay(harness)
    const seen: string[] = []
    while (!(await ended(harness, [id])())) {
      await turn(harness)
      const before = await snapshot(harness.database.sql)
      expect(await cancel(id)).toMatchObject({ status: 409, body: { error: 'INVALID_STATE' } })
      expect(await snapshot(harness.database.sql)).toBe(before)
      seen.push(await statusOf(harness, id))
    }
    expect(seen).toEqual(['ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED'])
  })

  test('is possible between a refusal and the next provider, and no further one is asked', async () => {
    const id = await pay(harness, 'refuse_onramp_once')
    await turn(harness)
    expect((await cancel(id)).status).toBe(200)
    await turn(harness)
    expect(await operationsOf(harness, id)).toMatchObject([{ status: 'refused' }])
    await expectSound(harness, id)
  })

  test('is refused while the outcome of what was sent is unknown', async () => {
    const id = await pay(harness, 'drop_onramp')
    await turn(harness)
    expect(await statusOf(harness, id)).toBe('PENDING')
    expect((await cancel(id)).status).toBe(409)
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
  })

  test('of another account’s payment, or of none, is not found', async () => {
    const id = await pay(harness)
    const theirs = harness.services.payments.cancel({ accountId: 'somebody_else', requestId: null }, id)
    await expect(theirs).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const unknown of [crypto.randomUUID(), 'not-a-uuid'])
      expect((await cancel(unknown)).status).toBe(404)
    // An answer of 404 would not tell that it was cancelled all the same.
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
  })
})

describe('cancelling while a worker has the payment', () => {
  const cancelAt = async (point: Checkpoint) => {
    const id = await pay(harness)
    const answers: number[] = []
    reach = async (reached) => {
      if (reached !== point) return
      reach = () => {}
      answers.push((await cancel(id)).status)
    }
    await turn(harness)
    return { id, answers }
  }

  test('before the operation is journalled wins: the worker sends nothing', async () => {
    const { id, answers } = await cancelAt('loaded')
    expect(answers).toEqual([200])
    await turn(harness)
    await expectNothingSent(id)
    expect(await claim(harness)).toEqual([])
  })

  for (const point of ['journalled', 'called'] as const)
    test(`once the operation is journalled (at '${point}') loses: the payment goes on`, async () => {
      const { id, answers } = await cancelAt(point)
      expect(answers).toEqual([409])
      await drive(harness, [id])
      expect(await statusOf(harness, id)).toBe('COMPLETED')
      await expectSound(harness, id)
    })

  test('over many races on running workers either nothing was sent or it was refused', async () => {
    const running = await startHarness({ workers: true })
    try {
      const won: boolean[] = []
      for (let round = 0; round < 10; round++) {
        const ids = await paySeveral(running, 8)
        const answers = await Promise.all(ids.map((id) => cancel(id, running)))
        await until(ended(running, ids))
        for (const [index, id] of ids.entries()) {
          const cancelled = (await statusOf(running, id)) === 'CANCELLED'
          expect(answers[index]?.status).toBe(cancelled ? 200 : 409)
          if (cancelled) await expectNothingSent(id, running)
          else await expectSound(running, id)
          won.push(cancelled)
        }
      }
      expect(won).toContain(true)
    } finally {
      await running.stop()
    }
  })
})
