import { describe, expect, test } from 'bun:test'
import { sampleApp, TRANSFER } from './sample.ts'

const problems = async (body: unknown) => {
  const answer = await sampleApp().send('POST', '/transfers', JSON.stringify(body))
  expect([answer.status, answer.body.error]).toEqual([400, 'VALIDATION_ERROR'])
  return answer.body
}

describe('a refused field is told by its pointer, with what is allowed there', () => {
  test.each([
    [{ ...TRANSFER, amount: 0 }, '/amount', 'must be a whole number from 1 to 1000000000'],
    [{ ...TRANSFER, amount: '5' }, '/amount', 'must be a whole number from 1 to 1000000000'],
    [{ ...TRANSFER, amount: 1.5 }, '/amount', 'must be a whole number from 1 to 1000000000'],
    [{ ...TRANSFER, currency: 'XXX' }, '/currency', 'must be one of USD, EUR'],
    [{ ...TRANSFER, payee: { account: 'a' } }, '/payee/account', 'must be text of 3 to 100 characters'],
    [{ ...TRANSFER, payee: {} }, '/payee/account', 'is required'],
    [{ ...TRANSFER, payee: [] }, '/payee', 'must be an object'],
    [{ ...TRANSFER, payee: { account: 'acc', x: 1 } }, '/payee/x', 'is not a known field'],
    [{ ...TRANSFER, 'a/b': 1 }, '/a~1b', 'is not a known field'],
    [{ ...TRANSFER, note: 5 }, '/note', 'must be text of at most 10 characters or null'],
    [
      { ...TRANSFER, target: { kind: 'bank', iban: 'x' } },
      '/target/iban',
      'must be text of at least 15 characters',
    ],
    [{ ...TRANSFER, target: { kind: 'none' } }, '/target', 'must be an object'],
    [[], '', 'must be an object'],
  ])('%j', async (body, path, message) => {
    expect((await problems(body)).details).toEqual([{ path, message }])
  })

  test('each field is told once, and at most ten of them', async () => {
    const missing = await problems({})
    expect(missing.details.map(({ path }: { path: string }) => path)).toEqual([
      '/amount',
      '/currency',
      '/payee',
    ])
    expect(missing.message).toBe('/amount is required, and 2 more')
    expect((await problems({ ...TRANSFER, tags: Array(20).fill(1) })).details).toHaveLength(10)
  })

  test('a long unknown name is not echoed in full', async () => {
    const body = await problems({ ...TRANSFER, ['x'.repeat(30_000)]: 1 })
    expect(JSON.stringify(body).length).toBeLessThan(1000)
  })
})

describe('queries and path parameters are as strict as bodies', () => {
  test.each([
    ['/transfers?limit=500', '/limit', 'must be a whole number from 1 to 100 (query parameter)'],
    ['/transfers?limit=abc', '/limit', 'must be a whole number from 1 to 100 (query parameter)'],
    ['/transfers?kind=lost', '/kind', 'must be one of sent, received (query parameter)'],
    ['/transfers?cursor=1', '/cursor', 'is not a known query parameter'],
    ['/transfers?__proto__=1', '/__proto__', 'is not a known query parameter'],
    ['/transfers/transfer_1?x=1', '/x', 'is not a known query parameter'],
    ['/transfers/other', '/id', 'must be a transfer id (path parameter)'],
  ])('%s', async (path, pointer, message) => {
    const { status, body } = await sampleApp().send('GET', path)
    expect([status, body.error, body.details]).toEqual([
      400,
      'VALIDATION_ERROR',
      [{ path: pointer, message }],
    ])
  })

  test('numbers are read out of a query', async () => {
    expect((await sampleApp().send('GET', '/transfers?limit=5')).body.amount).toBe(5)
  })
})
