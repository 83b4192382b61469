import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { openDatabase } from '../../src/db/client.ts'
import { migrateDatabase } from '../../src/db/migrate.ts'
import { QUEUE_NAMES } from '../../src/queue/definitions.ts'
import { emptyDatabase, testDatabase } from '../support/database.ts'
import { killServices, runProgram, startService, until, urlOf } from './service.ts'

setDefaultTimeout(60_000)
afterEach(killServices)

const MIGRATIONS = [...new Bun.Glob('*.sql').scanSync('drizzle')].length

describe('many that start at once on an empty database', () => {
  test('each migration is applied once, whoever comes first', async () => {
    const { url, drop } = await emptyDatabase()
    await Promise.all(Array.from({ length: 8 }, () => migrateDatabase(url)))
    const { sql, close } = openDatabase({ url, max: 1 })
    expect(await sql`select from drizzle.__drizzle_migrations`).toHaveLength(MIGRATIONS)
    await close()
    await drop()
  })

  test('all of them serve, with every queue there once', async () => {
    const { url, drop } = await emptyDatabase()
    const roles = ['all', 'api', 'all']
    const services = roles.map((ROLE) => startService({ DATABASE_URL: url, PORT: '0', ROLE }))
    for (const service of services) expect((await fetch(`${await urlOf(service)}/readyz`)).status).toBe(200)
    const { sql, close } = openDatabase({ url, max: 1 })
    expect(await sql`select from drizzle.__drizzle_migrations`).toHaveLength(MIGRATIONS)
    const queues = await sql<{ name: string }[]>`select name from pgboss.queue order by name`
    const own = queues.map(({ name }) => name).filter((name) => !name.startsWith('__pgboss'))
    expect(own).toEqual([...QUEUE_NAMES].sort())
    await close()
    for (const service of services) service.kill('SIGTERM')
    expect(await Promise.all(services.map(({ ended }) => ended))).toEqual([0, 0, 0])
    expect(services.map(({ written }) => written.err)).toEqual(['', '', ''])
    await drop()
  })
})

describe('a database that a newer version has migrated', async () => {
  const database = await testDatabase()
  const { sql, url: DATABASE_URL } = database
  afterAll(() => database.drop())
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of a later version', 4102444800000)`

  const PROGRAMS = {
    service: ['src/main.ts'],
    keys: ['src/accounts/cli.ts', 'create', 'demo'],
    providers: ['src/providers/cli.ts', 'link', 'demo', 'circle', 'somebody', 'reference'],
    'audit:verify': ['src/audit/cli.ts'],
    reconcile: ['src/reconcile/cli.ts'],
    'db:migrate': ['src/db/cli.ts'],
  }

  test('is left alone by everything that we have, with one line that says why and what to do', async () => {
    const line =
      'the schema of the database is newer than this program, by 1 migration; start the version that made it, or a later one\n'
    const settings = { DATABASE_URL, PORT: '0' }
    for (const [name, args] of Object.entries(PROGRAMS)) {
      const { code, err } = await runProgram(args, settings)
      expect([name, err, code === 0]).toEqual([name, line, false])
    }
    for (const table of ['accounts', 'provider_accounts', 'reconcile_runs'])
      expect([table, (await sql`select from ${sql(table)}`).count]).toEqual([table, 0])
  })
})

test('a queue that a newer version has migrated is left alone as well', async () => {
  const database = await testDatabase()
  await database.sql`update pgboss.version set version = version + 1`
  const { code, err } = await runProgram(['src/main.ts'], { DATABASE_URL: database.url, PORT: '0' })
  expect([code, err]).toEqual([
    1,
    'the queue in the database is newer than this program; start the version that made it, or a later one\n',
  ])
  await database.drop()
})

test('while one migrates, the others wait for it instead of starting on half a schema', async () => {
  const { url, drop } = await emptyDatabase()
  const { sql, close } = openDatabase({ url, max: 1 })
  const waiting = () =>
    sql`select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`
  await sql`select pg_advisory_lock(7425001)`
  let done = false
  const other = migrateDatabase(url).then(() => {
    done = true
  })
  await until(async () => (await waiting()).count === 1)
  expect([done, (await sql`select to_regclass('payments') as payments`)[0]?.payments]).toEqual([false, null])
  await sql`select pg_advisory_unlock(7425001)`
  await other
  await close()
  await drop()
})
