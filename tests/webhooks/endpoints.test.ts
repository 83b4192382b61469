import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createApp } from '../../src/app.ts'
import { AppError } from '../../src/core/errors.ts'
import type { Authenticate, Scope } from '../../src/core/principal.ts'
import { webhookRoutes } from '../../src/webhooks/routes.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { memoryLog, webhooks } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.sql`delete from webhook_endpoints`
})

/** Keys are `<account> <scopes>`, which lets a test say who is calling. */
const authenticate: Authenticate = (request) => {
  const [accountId, scopes] = request.headers.get('authorization')?.split(' ') ?? []
  if (!accountId || !scopes) throw new AppError('UNAUTHORIZED', 'this needs an API key')
  return { accountId, scopes: new Set(scopes.split(',') as Scope[]) }
}

interface Answer {
  status: number
  body: Record<string, unknown>
}

const call = async (
  method: string,
  path: string,
  body?: unknown,
  key = 'acc_a read,write',
): Promise<Answer> => {
  const resolve = (host: string) =>
    host === 'example.com' ? Promise.resolve(['93.184.216.34']) : Promise.resolve(['10.0.0.1'])
  const boss = { complete: () => Promise.reject(new Error('no queue in this test')) }
  const service = webhooks({ database, boss, resolve, allowPrivate: false })
  const app = createApp({
    log: memoryLog().log,
    authenticate,
    version: '1.2.3',
    ready: async () => ({}),
    routes: [webhookRoutes(service, authenticate)],
  })
  const response = await app.handle(
    new Request(`http://localhost${path}`, {
      method,
      headers: { authorization: key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

const URL_A = 'https://example.com/hook'
const create = (body: object = { url: URL_A }, key?: string) => call('POST', '/webhooks/endpoints', body, key)
const idOf = ({ body }: Answer) => String(body.id)

describe('registering', () => {
  test('answers 201 with the secret, which no later answer repeats', async () => {
    const created = await create({ url: URL_A, event_types: ['payment.completed', 'payment.failed'] })
    expect(created).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^we_[0-9a-f-]{36}$/),
        url: URL_A,
        event_types: ['payment.completed', 'payment.failed'],
        enabled: true,
        disabled_reason: null,
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    })
    const { secret: _shownOnce, ...rest } = created.body
    expect(await call('GET', `/webhooks/endpoints/${idOf(created)}`)).toEqual({ status: 200, body: rest })
    expect((await call('GET', '/webhooks/endpoints')).body).toEqual({ data: [rest], next_cursor: null })
  })

  test('without event_types wants every event', async () => {
    expect((await create()).body.event_types).toBeNull()
  })

  test.each([
    [{}, '/url'],
    [{ url: 5 }, '/url'],
    [{ url: `https://example.com/${'x'.repeat(2048)}` }, '/url'],
    [{ url: 'http://example.com/' }, '/url'],
    [{ url: 'https://user:pass@example.com/' }, '/url'],
    [{ url: 'https://internal.example.com/' }, '/url'],
    [{ url: 'https://169.254.169.254/' }, '/url'],
    [{ url: URL_A, event_types: [] }, '/event_types'],
    [{ url: URL_A, event_types: ['payment.exploded'] }, '/event_types/0'],
    [{ url: URL_A, event_types: ['payment.failed', 'payment.failed'] }, '/event_types'],
    [{ url: URL_A, event_types: 'payment.failed' }, '/event_types'],
    [{ url: URL_A, secret: 'whsec_mine' }, '/secret'],
  ])('%j is refused, naming %s', async (body, path) => {
    const answer = await create(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error: 'VALIDATION_ERROR', details: [{ path }] })
  })

  test('stops at twenty endpoints of an account, also when thirty come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => create()))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    for (const { status, body } of answers.filter((each) => each.status !== 201))
      expect([status, body.error]).toEqual([409, 'INVALID_STATE'])
    expect((await create({ url: URL_A }, 'acc_b write')).status).toBe(201)
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from webhook_endpoints where account_id = 'acc_a'`
    expect(row?.count).toBe(20)
  })
})

describe('listing', () => {
  test('pages newest first, without loss or repetition', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.unshift(idOf(await create()))
    const seen: string[] = []
    let cursor: unknown = null
    do {
      const { body } = await call(
        'GET',
        `/webhooks/endpoints?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`,
      )
      seen.push(...(body.data as { id: string }[]).map(({ id }) => id))
      cursor = body.next_cursor
    } while (cursor !== null)
    expect(seen).toEqual(ids)
  })

  test.each([
    ['limit=0', '/limit'],
    ['limit=101', '/limit'],
    ['limit=1.5', '/limit'],
    ['limit=x', '/limit'],
    ['cursor=nonsense', '/cursor'],
    ['before=1', '/before'],
  ])('?%s is refused, naming %s', async (query, path) => {
    const answer = await call('GET', `/webhooks/endpoints?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error: 'VALIDATION_ERROR', details: [{ path }] })
  })
})

describe('deleting', () => {
  test('answers 204 once, then 404', async () => {
    const path = `/webhooks/endpoints/${idOf(await create())}`
    expect(await call('DELETE', path)).toEqual({ status: 204, body: undefined as never })
    expect((await call('DELETE', path)).status).toBe(404)
    expect((await call('GET', path)).body).toMatchObject({ error: 'NOT_FOUND' })
  })
})

describe('who may', () => {
  test("another account's endpoint does not exist", async () => {
    const path = `/webhooks/endpoints/${idOf(await create())}`
    const other = 'acc_b read,write'
    expect((await call('GET', path, undefined, other)).body).toMatchObject({ error: 'NOT_FOUND' })
    expect((await call('DELETE', path, undefined, other)).body).toMatchObject({ error: 'NOT_FOUND' })
    expect((await call('GET', '/webhooks/endpoints', undefined, other)).body).toMatchObject({ data: [] })
    expect((await call('GET', path)).status).toBe(200)
  })

  test.each(['we_0', 'we_0191D3A4-6F7E-7CC3-98C4-DC0C0C07398F', 'wh_x', '%27'])(
    'the id %s is nobody’s',
    async (id) => {
      expect((await call('GET', `/webhooks/endpoints/${id}`)).body).toMatchObject({ error: 'NOT_FOUND' })
    },
  )

  test('writing needs the write scope, reading the read scope', async () => {
    const path = `/webhooks/endpoints/${idOf(await create())}`
    expect((await create({ url: URL_A }, 'acc_a read')).status).toBe(403)
    expect((await call('DELETE', path, undefined, 'acc_a read')).status).toBe(403)
    expect((await call('GET', path, undefined, 'acc_a write')).status).toBe(403)
    expect((await call('GET', '/webhooks/endpoints', undefined, 'acc_a write')).status).toBe(403)
    expect((await create({}, '')).status).toBe(401)
  })
})
