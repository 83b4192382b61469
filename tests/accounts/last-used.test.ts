import { afterAll, describe, expect, test } from 'bun:test'
import { createLastUsed, MOST_REMEMBERED } from '../../src/accounts/last-used.ts'
import { createAccountStore, type Use } from '../../src/accounts/store.ts'
import { operatorOf } from '../../src/core/principal.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { startApi } from '../api/support.ts'

const api = await startApi()
afterAll(() => api.stop())
const store = createAccountStore(api.harness.database)

const NOON = Date.parse('2026-11-23T12:00:00Z')
const log = createLogger({ level: 'silent', pretty: false })

/** What is remembered on a clock of the test's own, and every write that came of it. */
const remembering = (fails: () => boolean = () => false) => {
  const writes: Use[][] = []
  const clock = { at: NOON, now: () => clock.at }
  const recordUse = async (uses: readonly Use[]) => {
    if (fails()) throw new Error('the database is away')
    writes.push([...uses])
    await store.recordUse(uses)
  }
  return { clock, writes, lastUsed: createLastUsed({ store: { recordUse }, clock, log }) }
}

const newKey = async (account: string) => {
  const { id } = await api.harness.services.accounts.createKey(operatorOf(account), {
    name: 'Key',
    scopes: ['read'],
  })
  const usedAt = async () => (await api.harness.services.accounts.getKey(account, id)).last_used_at
  return { use: { accountId: account, id: id.replace('key_', '') }, usedAt }
}

describe('the last use of a key', () => {
  test('is written for all keys in one statement, to the minute, however often they were used', async () => {
    const { clock, writes, lastUsed } = remembering()
    const [a, b, unused] = [await newKey('acme'), await newKey('other'), await newKey('acme')]
    for (const at of [0, 1, 59_999]) {
      clock.at = NOON + at
      for (const { use } of [a, b]) lastUsed.note(use)
    }
    await lastUsed.flush()
    expect(writes.map((uses) => uses.length)).toEqual([2])
    const noon = new Date(NOON).toISOString()
    expect([await a.usedAt(), await b.usedAt(), await unused.usedAt()]).toEqual([noon, noon, null])
    clock.at = NOON + 60_000
    lastUsed.note(a.use)
    await lastUsed.flush()
    expect([await a.usedAt(), await b.usedAt()]).toEqual([new Date(NOON + 60_000).toISOString(), noon])
  })

  test('costs nothing while nobody calls', async () => {
    const { writes, lastUsed } = remembering()
    await lastUsed.flush()
    expect(writes).toEqual([])
  })

  test('never goes back, whichever process writes last', async () => {
    const { use, usedAt } = await newKey('acme')
    const [early, late] = [remembering(), remembering()]
    late.clock.at = NOON + 180_000
    early.lastUsed.note(use)
    late.lastUsed.note(use)
    await late.lastUsed.flush()
    await early.lastUsed.flush()
    expect(await usedAt()).toBe(new Date(NOON + 180_000).toISOString())
  })

  test('is kept through an outage of the database, and written at the end of the process', async () => {
    let away = true
    const { use, usedAt } = await newKey('acme')
    const { lastUsed } = remembering(() => away)
    lastUsed.note(use)
    await lastUsed.flush()
    expect(await usedAt()).toBeNull()
    away = false
    await lastUsed.stop()
    expect(await usedAt()).toBe(new Date(NOON).toISOString())
  })

  test('a use during the write is not lost', async () => {
    const { use, usedAt } = await newKey('acme')
    const { clock, lastUsed } = remembering()
    lastUsed.note(use)
    const writing = lastUsed.flush()
    clock.at = NOON + 60_000
    lastUsed.note(use)
    await writing
    await lastUsed.flush()
    expect(await usedAt()).toBe(new Date(NOON + 60_000).toISOString())
  })

  test('takes bounded memory: beyond that many keys, new ones are not remembered', async () => {
    const { clock, writes, lastUsed } = remembering()
    const id = () => crypto.randomUUID()
    const first = id()
    lastUsed.note({ accountId: 'acme', id: first })
    for (let n = 0; n < MOST_REMEMBERED + 10; n++) lastUsed.note({ accountId: 'acme', id: id() })
    clock.at = NOON + 60_000
    lastUsed.note({ accountId: 'acme', id: first })
    await lastUsed.flush()
    expect(writes[0]).toHaveLength(MOST_REMEMBERED)
    expect(writes[0]?.find((use) => use.id === first)?.minute).toEqual(new Date(NOON + 60_000))
  })
})

test('a request is a use of its key, and a refused one of none', async () => {
  const { accounts, lastUsed } = api.harness.services
  const { id, key } = await accounts.createKey(operatorOf('acme'), { name: 'Key', scopes: ['read'] })
  await lastUsed.flush()
  await api.send('GET', '/payments', { key: `${key}x` })
  await lastUsed.flush()
  expect((await accounts.getKey('acme', id)).last_used_at).toBeNull()
  await api.send('GET', '/payments', { key })
  await lastUsed.flush()
  const used = Date.parse((await accounts.getKey('acme', id)).last_used_at ?? '')
  expect(used % 60_000).toBe(0)
  expect(Math.abs(Date.now() - used)).toBeLessThan(120_000)
})
