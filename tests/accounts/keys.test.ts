import { afterAll, describe, expect, test } from 'bun:test'
import type { Key, KeyWithSecret } from '../../src/accounts/model.ts'
import { operatorOf, type Scope } from '../../src/core/principal.ts'
import type { Tx } from '../../src/db/client.ts'
import { expectRefused, ISO_TIME, startApi } from '../api/support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, keyOf } = api
const { sql } = api.harness.database

let accounts = 0

/** A new account, and requests with its first key, which has every scope unless told otherwise. */
const newAccount = async (...scopes: Scope[]) => {
  const account = `account_${++accounts}`
  const first = await keyOf(account, ...(scopes.length > 0 ? scopes : (['read', 'write', 'admin'] as const)))
  const ask = (method: string, path: string, body?: unknown, key = first) =>
    send(method, path, { key, ...(body === undefined ? {} : { body }) })
  const make = async (request: object = {}): Promise<KeyWithSecret> =>
    (await ask('POST', '/keys', { name: 'Shop', scopes: ['read'], ...request })).body
  const listed = async (): Promise<Key[]> => (await ask('GET', '/keys?limit=100')).body.data
  /** Whether a key opens anything. */
  const opens = async (key: string) => (await send('GET', '/payments', { key })).status !== 401
  return { account, first, ask, make, listed, opens }
}

/** The database's clock moves past the end of a key. */
const expire = (id: string) =>
  sql`update api_keys set expires_at = now() - interval '1 millisecond' where id = ${id.replace('key_', '')}`

/** Starts work behind a lock, which is released once all of it waits there: every one has read what was before. */
const behind = async <T>(lock: (tx: Tx) => Promise<unknown>, start: () => Promise<T>[]): Promise<T[]> => {
  const started = await sql.begin(async (tx) => {
    await lock(tx)
    const work = start()
    for (let waiting = 0; waiting < work.length; ) {
      await tx`select pg_stat_clear_snapshot()`
      const [row] = await tx<{ waiting: number }[]>`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      waiting = row?.waiting ?? 0
    }
    return { work }
  })
  return Promise.all(started.work)
}

describe('making a key', () => {
  test('answers the key once, and everything else again', async () => {
    const { ask, opens } = await newAccount()
    const { status, body } = await ask('POST', '/keys', { name: 'Shop', scopes: ['write', 'read'] })
    const { key, ...shown } = body
    expect([status, await opens(key)]).toEqual([201, true])
    expect(shown).toMatchObject({
      name: 'Shop',
      scopes: ['read', 'write'],
      status: 'active',
      expires_at: null,
    })
    expect(shown.created_at).toMatch(ISO_TIME)
    expect(shown.hint).toBe(`${key.slice(0, 8)}…${key.slice(-4)}`)
    const again = await ask('GET', `/keys/${shown.id}`)
    expect(again.body).toEqual({ ...shown, last_used_at: again.body.last_used_at })
    expect((await ask('GET', '/keys')).text).not.toContain(key)
  })

  test('keeps only the hash: nothing in the whole database holds the key', async () => {
    const { make } = await newAccount()
    const { key } = await make()
    const [{ rows } = { rows: '' }] = await sql<
      { rows: string }[]
    >`select json_agg(k)::text as rows from api_keys k`
    expect(rows).not.toContain(key)
    expect(rows).not.toContain(key.slice(8))
    expect(rows).toContain(new Bun.CryptoHasher('sha256').update(key).digest('hex'))
  })

  test('tells which key made it, and null for the command line', async () => {
    const { listed, make } = await newAccount()
    const [first] = await listed()
    expect(first?.created_by).toBeNull()
    expect((await make()).created_by).toBe(first?.id ?? '')
  })

  test('grants no scope that the maker lacks', async () => {
    const { ask, listed } = await newAccount('read', 'admin')
    const before = await listed()
    for (const scopes of [['write'], ['read', 'write'], ['read', 'write', 'admin']])
      expectRefused(await ask('POST', '/keys', { name: 'More', scopes }), 'FORBIDDEN')
    expect((await listed()).length).toBe(before.length)
    expect((await ask('POST', '/keys', { name: 'Less', scopes: ['read'] })).status).toBe(201)
  })

  test('ends it when it was told to: not before, and then at once', async () => {
    const { ask, make, opens } = await newAccount()
    const { id, key, created_at, expires_at } = await make({ expires_in: 3_600 })
    expect(Date.parse(expires_at ?? '') - Date.parse(created_at)).toBe(3_600_000)
    const dated = await make({ expires_at: '2100-01-01T00:00:00+01:00' })
    expect(dated.expires_at).toBe('2099-12-31T23:00:00.000Z')
    expect(await opens(key)).toBe(true)
    await expire(id)
    expect(await opens(key)).toBe(false)
    expect((await ask('GET', `/keys/${id}`)).body.status).toBe('expired')
  })

  test.each([
    ['an end in the past', { expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
    ['an end on no calendar', { expires_at: '2100-02-30T00:00:00Z' }, '/expires_at'],
    ['an end without a zone', { expires_at: '2100-01-01T00:00:00' }, '/expires_at'],
    ['two ends', { expires_in: 60, expires_at: '2100-01-01T00:00:00Z' }, '/expires_in'],
    ['a life of no length', { expires_in: 0 }, '/expires_in'],
    ['a life of eleven years', { expires_in: 11 * 365 * 86_400 }, '/expires_in'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['a scope twice', { scopes: ['read', 'read'] }, '/scopes'],
    ['a scope that does not exist', { scopes: ['root'] }, '/scopes/0'],
    ['an empty name', { name: '' }, '/name'],
    ['a name with a line end', { name: 'a\nb' }, '/name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, '/name'],
    ['a key of their own', { key: 'rl_test_x' }, '/key'],
  ])('refuses %s', async (_wrong, change, field) => {
    const { ask, listed } = await newAccount()
    const answer = await ask('POST', '/keys', { name: 'Shop', scopes: ['read'], ...change })
    expectRefused(answer, 'VALIDATION_ERROR', field)
    expect(await listed()).toHaveLength(1)
  })
})

test('keys are listed newest first, page by page, each once, ended ones too', async () => {
  const { ask, make } = await newAccount()
  const made: string[] = []
  for (let n = 0; n < 5; n++) made.unshift((await make({ name: `Key ${n}` })).id)
  await ask('DELETE', `/keys/${made[1]}`)
  const seen: Key[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await ask('GET', `/keys?limit=2${cursor && `&cursor=${cursor}`}`)
    expect(body.data.length).toBeLessThanOrEqual(2)
    seen.push(...body.data)
    cursor = body.next_cursor
  }
  expect(seen.map(({ id }) => id).slice(0, 5)).toEqual(made)
  expect(seen.map(({ status }) => status)).toEqual([
    'active',
    'revoked',
    'active',
    'active',
    'active',
    'active',
  ])
  expectRefused(await ask('GET', '/keys?cursor=key_x'), 'VALIDATION_ERROR', '/cursor')
})

describe('revoking a key', () => {
  test('ends it with the next request, and once more changes nothing', async () => {
    const { ask, make, opens } = await newAccount()
    const { id, key } = await make()
    expect(await opens(key)).toBe(true)
    expect((await ask('DELETE', `/keys/${id}`)).status).toBe(204)
    expect(await opens(key)).toBe(false)
    const { body } = await ask('GET', `/keys/${id}`)
    expect([body.status, body.revoked_at]).toEqual(['revoked', expect.stringMatching(ISO_TIME)])
    expect((await ask('DELETE', `/keys/${id}`)).status).toBe(204)
    expect((await ask('GET', `/keys/${id}`)).body).toEqual(body)
  })

  test('is possible for a key that has more scopes than the one that revokes it', async () => {
    const { ask, account, opens } = await newAccount('admin')
    const key = await keyOf(account, 'read', 'write')
    const [strong] = (await ask('GET', '/keys?limit=1')).body.data
    expect((await ask('DELETE', `/keys/${strong.id}`)).status).toBe(204)
    expect(await opens(key)).toBe(false)
  })

  test.each(['key_x', 'x', 'key_00000000-0000-7000-8000-000000000000'])('%s is NOT_FOUND', async (id) => {
    const { ask } = await newAccount()
    expectRefused(await ask('GET', `/keys/${id}`), 'NOT_FOUND')
    expectRefused(await ask('DELETE', `/keys/${id}`), 'NOT_FOUND')
    expectRefused(await ask('POST', `/keys/${id}/rotate`, {}), 'NOT_FOUND')
  })

  test('keeps the last key with the admin scope, whatever ended before it', async () => {
    const { ask, listed, make } = await newAccount()
    const [first] = await listed()
    const [revoked, expired] = [await make({ scopes: ['admin'] }), await make({ scopes: ['admin'] })]
    await make({ scopes: ['read', 'write'] })
    await ask('DELETE', `/keys/${revoked.id}`)
    await expire(expired.id)
    expectRefused(await ask('DELETE', `/keys/${first?.id}`), 'INVALID_STATE')
    const spare = await make({ scopes: ['admin'] })
    expect((await ask('DELETE', `/keys/${first?.id}`)).status).toBe(204)
    expectRefused(await ask('DELETE', `/keys/${spare.id}`, undefined, spare.key), 'INVALID_STATE')
    // What has expired opens nothing, so nothing is lost with it.
    expect((await ask('DELETE', `/keys/${expired.id}`, undefined, spare.key)).status).toBe(204)
  })

  test('leaves one of two that revoke each other at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const { ask, first, listed, make } = await newAccount()
      const [own] = await listed()
      const other = await make({ scopes: ['admin'] })
      const answers = await Promise.all([
        ask('DELETE', `/keys/${other.id}`, undefined, first),
        ask('DELETE', `/keys/${own?.id}`, undefined, other.key),
      ])
      const [{ live } = { live: 0 }] = await sql<{ live: number }[]>`
        select count(*)::int as live from api_keys
        where id in (${other.id.slice(4)}, ${own?.id.slice(4) ?? ''}) and revoked_at is null`
      expect(live).toBe(1)
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    }
  })

  test('waits for a rival’s transaction and then sees what it has left', async () => {
    const { account, listed, make } = await newAccount()
    const [first] = await listed()
    const other = await make({ scopes: ['admin'] })
    const revoke = () =>
      api.harness.services.accounts.revokeKey(account, first?.id ?? '').then(
        () => 'revoked',
        (error: { code?: string }) => error.code,
      )
    const answers = await behind(
      (tx) => tx`update api_keys set revoked_at = now() where id = ${other.id.slice(4)}`,
      () => [revoke()],
    )
    expect(answers).toEqual(['INVALID_STATE'])
  })

  test('the command line may revoke the last one', async () => {
    const { account, first, listed, opens } = await newAccount()
    const [own] = await listed()
    await api.harness.services.accounts.revokeKey(account, own?.id ?? '', { last: true })
    expect(await opens(first)).toBe(false)
  })
})

describe('rotating a key', () => {
  test('gives a new one with the same name and scopes; both work during the overlap', async () => {
    const { ask, make, opens } = await newAccount()
    const old = await make({ name: 'Shop', scopes: ['read', 'write'] })
    const { status, body } = await ask('POST', `/keys/${old.id}/rotate`, { overlap_seconds: 600 })
    expect([status, body.name, body.scopes, body.expires_at]).toEqual([201, 'Shop', ['read', 'write'], null])
    expect(body.id).not.toBe(old.id)
    expect([await opens(old.key), await opens(body.key)]).toEqual([true, true])
    const after = (await ask('GET', `/keys/${old.id}`)).body
    expect(after).toMatchObject({ status: 'active', replaced_by: body.id, revoked_at: null })
    expect(Date.parse(after.expires_at) - Date.parse(body.created_at)).toBe(600_000)
    await expire(old.id)
    expect([await opens(old.key), await opens(body.key)]).toEqual([false, true])
  })

  test('lasts a day beside the old one unless told otherwise', async () => {
    const { ask, make } = await newAccount()
    const old = await make()
    const { body } = await ask('POST', `/keys/${old.id}/rotate`, {})
    const { expires_at } = (await ask('GET', `/keys/${old.id}`)).body
    expect(Date.parse(expires_at) - Date.parse(body.created_at)).toBe(86_400_000)
  })

  test('without an overlap ends the old one with the next request, also the last with the admin scope', async () => {
    const { ask, first, listed, opens } = await newAccount()
    const [own] = await listed()
    const { body } = await ask('POST', `/keys/${own?.id}/rotate`, { overlap_seconds: 0 })
    expect([await opens(first), await opens(body.key)]).toEqual([false, true])
    const after = await send('GET', `/keys/${own?.id}`, { key: body.key })
    expect(after.body).toMatchObject({ status: 'revoked', replaced_by: body.id })
  })

  test('never makes the old one live longer', async () => {
    const { ask, make } = await newAccount()
    const old = await make({ expires_in: 60 })
    await ask('POST', `/keys/${old.id}/rotate`, { overlap_seconds: 604_800 })
    expect((await ask('GET', `/keys/${old.id}`)).body.expires_at).toBe(old.expires_at)
  })

  test('gives the new one the life that the old one was to have, or the end that is asked for', async () => {
    const { ask, make } = await newAccount()
    const life = ({ expires_at, created_at }: Key) => Date.parse(expires_at ?? '') - Date.parse(created_at)
    const old = await make({ expires_in: 7_200 })
    const { body } = await ask('POST', `/keys/${old.id}/rotate`, { overlap_seconds: 1 })
    expect(life(body)).toBe(7_200_000)
    const next = await ask('POST', `/keys/${body.id}/rotate`, { expires_in: 90 })
    expect(life(next.body)).toBe(90_000)
  })

  test('is refused for a key with a scope that the caller lacks: its new key would be theirs', async () => {
    const { account, ask, listed } = await newAccount('admin')
    await keyOf(account, 'write')
    const [strong] = await listed()
    expectRefused(await ask('POST', `/keys/${strong?.id}/rotate`, {}), 'FORBIDDEN')
    expect((await listed())[0]).toEqual(strong as Key)
  })

  test('happens once: of several at the same time one makes the successor', async () => {
    const { account, listed, make } = await newAccount()
    const old = await make()
    const rotate = () =>
      api.harness.services.accounts.rotateKey(operatorOf(account), old.id, {}).then(
        () => 'rotated',
        (error: { code?: string }) => error.code,
      )
    const answers = await behind(
      (tx) => tx`select from api_keys where id = ${old.id.slice(4)} for update`,
      () => [rotate(), rotate(), rotate()],
    )
    expect(answers.toSorted()).toEqual(['INVALID_STATE', 'INVALID_STATE', 'rotated'])
    expect(await listed()).toHaveLength(3)
  })

  test('is refused for a key that has ended, and changes nothing where its own end is refused', async () => {
    const { ask, make, listed } = await newAccount()
    const [revoked, expired, live] = [await make(), await make(), await make()]
    await ask('DELETE', `/keys/${revoked.id}`)
    await expire(expired.id)
    for (const { id } of [revoked, expired])
      expectRefused(await ask('POST', `/keys/${id}/rotate`, {}), 'INVALID_STATE')
    const before = await listed()
    const past = { expires_at: '2020-01-01T00:00:00Z' }
    expectRefused(await ask('POST', `/keys/${live.id}/rotate`, past), 'VALIDATION_ERROR', '/expires_at')
    expectRefused(await ask('POST', `/keys/${live.id}/rotate`, { overlap_seconds: -1 }), 'VALIDATION_ERROR')
    expectRefused(
      await ask('POST', `/keys/${live.id}/rotate`, { overlap_seconds: 604_801 }),
      'VALIDATION_ERROR',
    )
    expect(await listed()).toEqual(before)
  })
})

test('the audit trail names the key that accepted a payment and the one that cancelled it', async () => {
  const { account, ask, first, listed, make } = await newAccount()
  const writer = await make({ scopes: ['write'] })
  const own = (await listed()).at(-1)?.id
  const id = await api.pay(first)
  expect((await send('POST', `/payments/${id}/cancel`, { key: writer.key })).status).toBe(200)
  const rows = await sql<{ actor: string }[]>`
    select actor from payment_audit where account_id = ${account} and payment_id = ${id} order by version`
  expect(rows.map(({ actor }) => actor)).toEqual([`api:${own}`, `api:${writer.id}`])
  expect((await ask('GET', `/payments/${id}`)).status).toBe(200)
})

test('an operator acts with every scope, and for one account only', async () => {
  const { account, make } = await newAccount()
  const { id } = await make()
  const { accounts: service } = api.harness.services
  await expect(service.rotateKey(operatorOf('somebody_else'), id, {})).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  expect((await service.rotateKey(operatorOf(account), id, {})).created_by).toBeNull()
})
