import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createSteps, type Steps } from '../../src/providers/steps.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { operationWith } from './sandbox-fixtures.ts'

let database: TestDatabase
let steps: Steps
beforeAll(async () => {
  database = await testDatabase()
  steps = createSteps(database.sql, 'acme')
})
afterAll(() => database.drop())

describe('the journal of steps', () => {
  test('keeps what the first writer wrote, however many begin the same step', async () => {
    const operation = operationWith()
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, n) => steps.begin(operation, 'quote', { n: String(n) })),
    )
    const [first] = begun
    expect(begun.every(({ detail }) => detail.n === first?.detail.n)).toBe(true)
    expect((await steps.of(operation)).get('quote')?.detail).toEqual({ ...first?.detail })
  })

  test('tells a step that was begun from one that ended, with what was learned added', async () => {
    const operation = operationWith()
    await steps.begin(operation, 'trade', { quote: 'q1' })
    expect((await steps.of(operation)).get('trade')).toMatchObject({ status: 'begun', externalId: null })
    await steps.end(operation, 'trade', {
      status: 'done',
      externalId: `t-${operation.key}`,
      detail: { rate: '0.9' },
    })
    expect((await steps.of(operation)).get('trade')).toMatchObject({
      status: 'done',
      externalId: `t-${operation.key}`,
      detail: { quote: 'q1', rate: '0.9' },
    })
  })

  test('keeps operations and accounts apart', async () => {
    const operation = operationWith()
    await steps.begin(operation, 'quote')
    expect((await steps.of(operationWith())).size).toBe(0)
    expect((await steps.of({ ...operation, accountId: 'other' })).size).toBe(0)
  })

  test('gives one deposit to one operation, even when many claim it at once', async () => {
    const operations = Array.from({ length: 10 }, () => operationWith())
    for (const operation of operations) await steps.begin(operation, 'deposit')
    const claims = await Promise.all(
      operations.map((operation) =>
        steps.end(operation, 'deposit', { status: 'done', externalId: 'wire-1' }),
      ),
    )
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
    const winner = operations[claims.findIndex((claim) => claim !== null)]
    const again = winner && (await steps.end(winner, 'deposit', { status: 'done', externalId: 'wire-1' }))
    expect(again?.externalId).toBe('wire-1')
  })

  test('finds whose an external id is, at this provider alone', async () => {
    const operation = operationWith()
    await steps.begin(operation, 'payout')
    await steps.end(operation, 'payout', { status: 'begun', externalId: 'p-1' })
    const owner = { accountId: 'demo', key: operation.key, step: 'payout' }
    expect(await steps.owners(['p-1', 'p-2'])).toEqual(new Map([['p-1', owner]]))
    expect((await createSteps(database.sql, 'other').owners(['p-1'])).size).toBe(0)
  })

  test('refuses to end what was never begun', async () => {
    await expect(steps.end(operationWith(), 'payout', { status: 'done' })).rejects.toThrow('never begun')
  })
})
