import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Answer, apiOf, type Call } from './api.ts'
import { webhooks } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.sql`delete from webhook_endpoints`
})

const resolve = (host: string) =>
  Promise.resolve(
    host.endsWith('example.com') && host !== 'internal.example.com' ? ['93.184.216.34'] : ['10.0.0.1'],
  )
const boss = { complete: () => Promise.reject(new Error('no queue in this test')) }

const call = (...args: Parameters<Call>) =>
  apiOf(webhooks({ database, boss, resolve, allowPrivate: false })).call(...args)

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
        description: null,
        enabled: true,
        disabled_reason: null,
        failing_since: null,
        previous_secret_expires_at: null,
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

describe('changing', () => {
  const stored = async () => {
    const [row] = await database.sql<Record<string, unknown>[]>`
      select enabled, disabled_reason, failing_since, quotes_announced_to > now() - interval '1 minute' as caught_up
      from webhook_endpoints`
    return row
  }
  const patch = async (body: unknown, id?: string) =>
    call('PATCH', `/webhooks/endpoints/${id ?? idOf(await create())}`, body)

  test('replaces what is named and leaves the rest', async () => {
    const created = await create({ url: URL_A, event_types: ['payment.failed'], description: 'first' })
    const { secret: _secret, ...before } = created.body
    const id = idOf(created)
    expect((await patch({ description: 'second' }, id)).body).toEqual({ ...before, description: 'second' })
    const moved = { url: 'https://new.example.com/', event_types: null, description: null }
    expect(await patch(moved, id)).toEqual({ status: 200, body: { ...before, ...moved } })
    const chosen = { event_types: ['quote.expired'] }
    expect((await patch(chosen, id)).body).toEqual({ ...before, ...moved, ...chosen })
    expect((await call('GET', `/webhooks/endpoints/${id}`)).body).toEqual({ ...before, ...moved, ...chosen })
  })

  test('disabling by hand gives that as the reason; enabling forgets it, and how long it has failed', async () => {
    const id = idOf(await create())
    await database.sql`
      update webhook_endpoints set failing_since = now() - interval '1 day', quotes_announced_to = '2020-01-01'`
    expect((await patch({ enabled: false }, id)).body).toMatchObject({
      enabled: false,
      disabled_reason: 'disabled by the account',
    })
    expect(await stored()).toMatchObject({ failing_since: expect.any(String), caught_up: false })
    expect((await patch({ enabled: true }, id)).body).toMatchObject({ enabled: true, disabled_reason: null })
    expect(await stored()).toEqual({
      enabled: true,
      disabled_reason: null,
      failing_since: null,
      caught_up: true,
    })
  })

  test('disabling what is disabled already keeps the reason that says more', async () => {
    const id = idOf(await create())
    await database.sql`update webhook_endpoints set enabled = false, disabled_reason = 'it answered 410 Gone'`
    expect((await patch({ enabled: false }, id)).body.disabled_reason).toBe('it answered 410 Gone')
  })

  test('another URL has not failed yet', async () => {
    const id = idOf(await create())
    await database.sql`update webhook_endpoints set failing_since = now() - interval '1 day'`
    expect((await patch({ description: 'x' }, id)).body.failing_since).toBeString()
    expect((await patch({ url: URL_A }, id)).body.failing_since).toBeNull()
  })

  test.each([
    [{}, ''],
    [{ url: 'http://example.com/' }, '/url'],
    [{ url: 'https://internal.example.com/' }, '/url'],
    [{ url: null }, '/url'],
    [{ event_types: [] }, '/event_types'],
    [{ event_types: ['webhook.test'] }, '/event_types'],
    [{ enabled: 'yes' }, '/enabled'],
    [{ description: 'x'.repeat(201) }, '/description'],
    [{ secret: 'whsec_mine' }, '/secret'],
    [{ disabled_reason: null }, '/disabled_reason'],
  ])('with %j is refused, naming %p, and changes nothing', async (body, path) => {
    const id = idOf(await create())
    const before = (await call('GET', `/webhooks/endpoints/${id}`)).body
    const answer = await patch(body, id)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error: 'VALIDATION_ERROR', details: [{ path }] })
    expect((await call('GET', `/webhooks/endpoints/${id}`)).body).toEqual(before)
  })
})

describe('rotating the secret', () => {
  const rotate = (id: string, body: unknown = {}) =>
    call('POST', `/webhooks/endpoints/${id}/rotate-secret`, body)

  test('answers the new one, which no later answer repeats, and how long the old one is valid', async () => {
    const created = await create()
    const rotated = await rotate(idOf(created))
    expect(rotated.status).toBe(200)
    const { secret, ...rest } = rotated.body
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(secret).not.toBe(created.body.secret)
    expect((Date.parse(rest.previous_secret_expires_at) - Date.now()) / 1000).toBeWithin(86_340, 86_401)
    expect((await call('GET', `/webhooks/endpoints/${idOf(created)}`)).body).toEqual(rest)
    expect((await rotate(idOf(created), { overlap_seconds: 0 })).body.previous_secret_expires_at).toBeNull()
    const [row] = await database.sql`select previous_secret from webhook_endpoints`
    expect(row?.previous_secret).toBeNull()
  })

  test('says nothing of an overlap that is over', async () => {
    const id = idOf(await create())
    await rotate(id, { overlap_seconds: 60 })
    await database.sql`update webhook_endpoints set previous_secret_expires_at = now() - interval '1 second'`
    expect((await call('GET', `/webhooks/endpoints/${id}`)).body.previous_secret_expires_at).toBeNull()
  })

  test.each([-1, 604_801, 1.5, '60', null])('overlap_seconds: %p is refused', async (overlap_seconds) => {
    const answer = await rotate(idOf(await create()), { overlap_seconds })
    expect(answer.body).toMatchObject({ error: 'VALIDATION_ERROR', details: [{ path: '/overlap_seconds' }] })
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
