import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation } from '../../../src/providers/port.ts'
import { createSteps } from '../../../src/providers/steps.ts'
import { callsOn, isExecution, operationOf, setup } from './harness.ts'

type Rig = Awaited<ReturnType<typeof setup>>
let rig: Rig
beforeAll(async () => {
  rig = await setup()
})
afterEach(() => expect(rig.server.violations).toEqual([]))
afterAll(() => rig.close())

const { initiate, again, status, accepted } = callsOn(() => rig)
const QUOTE_LIFE_MS = 900_000

const requestsFor = ({ key }: Operation) =>
  rig.server.received.filter(({ path, text }) => text.includes(key) || rig.server.operationIn(path) === key)
/** Leaves the operation's execution unanswered, and never arrived. */
const loseExecution = async (operation: Operation): Promise<void> => {
  void rig.server.arm('reset', isExecution)
  expect((await initiate(operation)).kind).toBe('unknown')
}

describe('a quote that expires', () => {
  test('unexecuted is replaced by another under a key of its own; one transfer is executed, and stays the reference', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.clock.nowMs += QUOTE_LIFE_MS
    const reference = await accepted(again(operation))
    const made = rig.server.made(operation.key)
    expect(made.map(({ status }) => status)).toEqual(['quoted', 'processing'])
    expect(reference).toBe(made[1]?.transferId ?? '')
    expect(await accepted(status(operation))).toBe(reference)
    expect(await accepted(again(operation))).toBe(reference)
    rig.server.settle()
    expect(await status(operation)).toMatchObject({ kind: 'done', reference })
    expect(await again(operation)).toMatchObject({ kind: 'done', reference })
    expect(rig.server.executed(operation.key)).toBe(1)
    const acting = requestsFor(operation).filter(({ method }) => method === 'POST')
    const paths = new Map(acting.map(({ headers, path }) => [headers['x-idempotency-key'], path]))
    expect(paths.size).toBe(4)
  })

  test('is not replaced while it was executed and only the answer was lost', async () => {
    const operation = operationOf('offramp')
    void rig.server.arm('reset_after', isExecution)
    expect((await initiate(operation)).kind).toBe('unknown')
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    await accepted(status(operation))
    await accepted(again(operation))
    expect(rig.server.made(operation.key).length).toBe(1)
  })

  test('is looked at before it is replaced, whatever the execution was answered', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'transfer_quote_expired')
    // What seemed lost is executed at the very moment when it is sent again.
    void rig.server.arm('reset', (request) => {
      const [shown] = rig.server.made(operation.key)
      if (shown && isExecution(request)) Object.assign(shown, { status: 'processing' })
      return false
    })
    await accepted(again(operation))
    await accepted(status(operation))
    expect(rig.server.made(operation.key).length).toBe(1)
  })

  test('three times is refused for now, with nothing moved', async () => {
    const operation = operationOf('offramp')
    rig.server.refusedExecutions.set(operation.key, 'transfer_quote_expired')
    const refusal = await initiate(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'temporary' })
    rig.server.refusedExecutions.delete(operation.key)
    expect(await again(operation)).toEqual(refusal)
    expect(await status(operation)).toEqual(refusal)
    expect(rig.server.made(operation.key).map(({ status }) => status)).toEqual(['quoted', 'quoted', 'quoted'])
  })

  test('long ago is replaced even while the API repeats an older answer', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    const before = rig.server.received.filter(isExecution).length
    await accepted(again(operation))
    expect(rig.server.received.filter(isExecution).length).toBe(before + 1)
  })
})

describe('an execution that is refused when it is repeated', () => {
  test('leaves it unknown while an earlier request may still arrive, and is final once the quote is too old for that', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'insufficient_balance')
    expect((await again(operation)).kind).toBe('unknown')
    expect(await status(operation)).toEqual({ kind: 'not_found' })
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    rig.server.refusedExecutions.delete(operation.key)
    const refusal = await status(operation)
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'funds' })
    expect(await again(operation)).toEqual(refusal)
    expect(rig.server.executed(operation.key)).toBe(0)
  })

  test('does not hide that the earlier request did arrive', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    rig.server.refusedExecutions.set(operation.key, 'insufficient_balance')
    expect((await again(operation)).kind).toBe('unknown')
    const [shown] = rig.server.made(operation.key)
    if (!shown) throw new Error('no transfer was made')
    Object.assign(shown, { status: 'processing', executedAt: shown.createdAt })
    expect(await accepted(status(operation))).toBe(shown.transferId)
    expect(await accepted(again(operation))).toBe(shown.transferId)
  })
})

describe('an execution that is turned away when it is repeated', () => {
  test('is forgotten: once the quote is too old for any request, another is taken', async () => {
    const operation = operationOf('offramp')
    await loseExecution(operation)
    void rig.server.arm('rate_limited', isExecution)
    expect((await again(operation)).kind).toBe('unknown')
    rig.clock.nowMs += QUOTE_LIFE_MS * 2
    await accepted(again(operation))
    expect(rig.server.executed(operation.key)).toBe(1)
  })
})

describe('an answer that contradicts itself is unknown', () => {
  test('when an execution leaves the transfer quoted', async () => {
    const operation = operationOf('offramp')
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, status: 'quoted' }))
    expect((await initiate(operation)).kind).toBe('unknown')
    rig.server.changes.delete(operation.key)
    await accepted(status(operation))
  })

  test('when it shows another transfer than was asked about', async () => {
    const operation = operationOf('offramp')
    await accepted(initiate(operation))
    rig.server.settle()
    const transferId = 'transfer_00000000-0000-4000-8000-000000000000'
    rig.server.changes.set(operation.key, (shown) => ({ ...shown, transferId }))
    expect((await status(operation)).kind).toBe('unknown')
  })

  test('when a quote is the transfer of another operation', async () => {
    const [one, other] = [operationOf('offramp'), operationOf('offramp')]
    const transferId = await accepted(initiate(one))
    rig.server.changes.set(other.key, (shown) => ({ ...shown, transferId }))
    expect((await initiate(other)).kind).toBe('unknown')
    expect([rig.server.executed(one.key), rig.server.executed(other.key)]).toEqual([1, 0])
  })
})

describe('two processes with one operation', () => {
  test('agree: what one has left unexecuted for good, the other does not execute', async () => {
    const operation = operationOf('offramp')
    const steps = createSteps(rig.database.sql, 'coinbase')
    // As another process does that was refused while this one was waiting for its quote.
    void rig.server.arm('reset', ({ text }) => text.includes(operation.key))
    expect((await initiate(operation)).kind).toBe('unknown')
    await steps.begin(operation, 'execute 1', { said: 'insufficient_balance' })
    expect(await again(operation)).toMatchObject({ kind: 'refused', reason: 'funds' })
    expect(rig.server.executed(operation.key)).toBe(0)
  })

  test('let the first decision stand when both are in the middle of it', async () => {
    const operation = operationOf('offramp')
    const steps = createSteps(rig.database.sql, 'coinbase')
    let decided: Promise<unknown> = Promise.resolve()
    // The other one decides while this one waits for its quote.
    void rig.server.arm('reset', ({ text }) => {
      if (text.includes(operation.key))
        decided = steps.begin(operation, 'execute 1', { said: 'insufficient_balance' })
      return false
    })
    const { kind } = await initiate(operation)
    await decided
    expect(rig.server.executed(operation.key)).toBe(kind === 'accepted' ? 1 : 0)
    expect((await again(operation)).kind).toBe(kind)
  })
})

test('an old operation is only looked at: nothing is sent under its keys', async () => {
  const day = 24 * 3_600_000
  const operation = operationOf('offramp')
  await loseExecution(operation)
  const posts = () => rig.server.received.filter(({ method }) => method === 'POST').length
  const before = posts()
  const old = { ...operation, sentBefore: true, ageMs: day + 1 }
  expect((await initiate(old)).kind).toBe('unknown')
  expect((await status(old)).kind).toBe('unknown')
  expect(posts()).toBe(before)
  const [shown] = rig.server.made(operation.key)
  Object.assign(shown ?? {}, { status: 'processing', executedAt: shown?.createdAt })
  rig.server.settle()
  expect(await status(old)).toMatchObject({ kind: 'done' })
})
