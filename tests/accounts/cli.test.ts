import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { startApi } from '../api/support.ts'
import { freePort, killServices, runProgram, startService, urlOf } from '../chaos/service.ts'

const api = await startApi()
afterAll(async () => {
  await killServices()
  await api.stop()
})

const DATABASE = { DATABASE_URL: api.harness.database.url }

/** `bun run keys` as an operator runs it. */
const keys = (args: string, env: Record<string, string> = DATABASE) =>
  runProgram(['src/accounts/cli.ts', ...args.split(' ').filter(Boolean)], env)

const opens = async (key: string) => (await api.send('GET', '/payments', { key })).status

describe('bun run keys', () => {
  test('makes a key that opens, alone on stdout for scripts, and everything about it beside', async () => {
    const { code, out, err } = await keys('create shop read --name Auditor --expires-in 3600')
    expect(code).toBe(0)
    expect(out).toMatch(/^rl_test_[\w-]{43}\n$/)
    expect(await opens(out.trim())).toBe(200)
    expect(err).toMatch(/^key_\S+ {2}rl_test_….{4} {2}active .* read .* expires 20\S+Z .* Auditor\n/)
    expect(err).not.toContain(out.trim())
  })

  test('without scopes it reads and writes, and production’s keys say live', async () => {
    const { out } = await keys('create live', {
      ...DATABASE,
      NODE_ENV: 'production',
      PROVIDERS: 'sandbox',
      MARKET_DATA: '',
    })
    expect(out).toStartWith('rl_live_')
    expect(await opens(out.trim())).toBe(200)
    expect((await api.send('GET', '/keys', { key: out.trim() })).status).toBe(403)
  })

  test('lists an account’s keys and no other’s, rotates one and revokes even the last', async () => {
    const { out: first } = await keys('create boss read,admin')
    const list = async () => (await keys('list boss')).out.trim().split('\n')
    const [line = ''] = await list()
    const id = line.slice(0, line.indexOf(' '))
    expect([(await list()).length, line]).toEqual([
      1,
      expect.stringMatching(/active .* read,admin .* used never/),
    ])

    const rotated = await keys(`rotate boss ${id} --overlap 0`)
    expect([await opens(first.trim()), await opens(rotated.out.trim())]).toEqual([401, 200])
    const [next = '', before = ''] = await list()
    expect(before).toStartWith(`${id}  `)
    expect(before).toContain('revoked')

    const last = next.slice(0, next.indexOf(' '))
    expect(await keys(`revoke boss ${last}`)).toEqual({ code: 0, out: '', err: '' })
    expect(await opens(rotated.out.trim())).toBe(401)
    expect(await keys(`revoke boss ${last}`)).toEqual({ code: 0, out: '', err: '' })
    expect(await keys(`revoke shop ${last}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no'),
    })
  })

  test.each([
    '',
    'make acme',
    'create',
    'create ab',
    'create acme root',
    'create acme read,,write',
    'create acme read --expires-in 1d',
    'create acme read --expires-in -5',
    'create acme read --overlap 5',
    'create acme read write',
    'list acme key_x',
    'list acme --name x',
    'revoke acme',
    'rotate acme',
    'rotate acme key_x --overlap 604801',
    'rotate acme key_x --name x',
    'constructor acme',
    '--help',
  ])('%p shows the usage', async (args) => {
    const { code, out, err } = await keys(args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toStartWith('usage: bun run keys create <account>')
  })

  test('works on the embedded database of DATA_DIR, and makes none', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-keys-'))
    try {
      const missing = await keys('create acme', { DATA_DIR: dataDir })
      expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('there is no database in') })
      await (await startEmbedded({ dataDir, settings: { fsync: 'off' } })).stop()
      expect((await keys('create acme', { DATA_DIR: dataDir })).out).toMatch(/^rl_test_/)
      const running = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
      try {
        expect((await keys('list acme', { DATA_DIR: dataDir })).out.split('\n')).toHaveLength(2)
      } finally {
        await running.stop()
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

test('a service that ends writes down which keys were used', async () => {
  const { out } = await keys('create ending')
  const service = startService({ ...DATABASE, PORT: String(await freePort()) })
  const url = await urlOf(service)
  const answer = await fetch(`${url}/payments`, { headers: { authorization: `Bearer ${out.trim()}` } })
  expect(answer.status).toBe(200)
  expect((await keys('list ending')).out).toContain('used never')
  service.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  expect((await keys('list ending')).out).toMatch(/used 20\S+:00\.000Z/)
})
