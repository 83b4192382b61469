import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/server.ts'

setDefaultTimeout(30_000)
const root = mkdtempSync(join(tmpdir(), 'ratelock-embedded-'))
const settings = { fsync: 'off' }
const running = new Set<EmbeddedPostgres>()
const owners = new Set<Bun.Subprocess>()
const MODULE = join(import.meta.dir, '../../src/db/embedded/server.ts')

afterEach(async () => {
  for (const owner of owners) await kill(owner)
  for (const server of running) await server.stop()
  owners.clear()
  running.clear()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const start = async (name: string, options = settings): Promise<EmbeddedPostgres> => {
  const server = await startEmbedded({ dataDir: join(root, name), settings: options })
  running.add(server)
  return server
}

const query = async (url: string, text: string): Promise<Record<string, unknown> | undefined> => {
  const sql = postgres(url, { max: 1, fetch_types: false })
  try {
    return (await sql.unsafe(text))[0]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const until = async (condition: () => unknown): Promise<void> => {
  while (!(await condition())) await Bun.sleep(5)
}

// Where nobody reaps orphans, as in some containers, an ended process stays in the table without a command.
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

/** Another process that starts the server of the directory and then stays until it is killed. */
const startElsewhere = (name: string) => {
  const code = `
    const { startEmbedded } = await import(${JSON.stringify(MODULE)})
    const server = await startEmbedded({ dataDir: ${JSON.stringify(join(root, name))}, settings: { fsync: 'off' } })
    console.log(server.url)
    setInterval(() => {}, 1000)`
  const owner = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe', stderr: 'inherit' })
  owners.add(owner)
  return owner
}

const firstLine = async (stream: ReadableStream<Uint8Array>): Promise<string> => {
  for await (const chunk of stream) return new TextDecoder().decode(chunk).trim()
  throw new Error('the other process ended without a word')
}

const kill = async (owner: Bun.Subprocess): Promise<void> => {
  owner.kill('SIGKILL')
  await owner.exited
}

test('a start creates a private, durable server; the next finds its data; none outlives its stop', async () => {
  const name = 'with a space'
  const first = await start(name, {} as typeof settings)
  expect(first.url).toMatch(/^postgres:\/\/ratelock:[0-9a-f]{48}@127\.0\.0\.1:\d+\/ratelock$/)
  expect(statSync(join(root, name, 'postgres.password')).mode & 0o777).toBe(0o600)
  const shows = 'fsync synchronous_commit listen_addresses password_encryption server_encoding'.split(' ')
  const columns = shows.map((setting) => `current_setting('${setting}') as ${setting}`).join()
  expect(
    await query(first.url, `select ${columns}, current_database() as db, datlocale from pg_database`),
  ).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    listen_addresses: '127.0.0.1',
    password_encryption: 'scram-sha-256',
    server_encoding: 'UTF8',
    db: 'ratelock',
    datlocale: 'C.UTF-8',
  })
  const wrong = await query(first.url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'select 1').catch((e) => e.code)
  expect(wrong).toBe('28P01')
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  await until(() => !isAlive(first.pid))

  const second = await start(name)
  expect(await query(second.url, 'select answer from kept')).toEqual({ answer: 42 })
  // A process group of its own: Ctrl-C in our terminal must not end Postgres before we have drained.
  expect(process.kill(-second.pid, 0)).toBe(true)
  await second.stop()
  await until(() => !isAlive(second.pid))
})

test('after a kill -9 of the service its Postgres is taken over, with all data and the same address', async () => {
  const owner = startElsewhere('orphaned')
  const url = await firstLine(owner.stdout)
  await query(url, 'create table kept as select 42 as answer')
  const pid = Number(readFileSync(join(root, 'orphaned/postgres/postmaster.pid'), 'utf8').split('\n')[0])
  await kill(owner)
  expect(isAlive(pid)).toBe(true)

  const server = await start('orphaned')
  expect({ url: server.url, pid: server.pid }).toEqual({ url, pid })
  expect(await query(server.url, 'select answer from kept')).toEqual({ answer: 42 })
  await server.stop()
  await until(() => !isAlive(pid))
})

test('a second service on the directory is refused in one line, and may start once the first has gone', async () => {
  const owner = startElsewhere('shared')
  const url = await firstLine(owner.stdout)
  const dataDir = join(root, 'shared')
  const line = `another Ratelock (pid ${owner.pid}) is using ${dataDir}; stop it or set DATA_DIR`
  await expect(startEmbedded({ dataDir, settings })).rejects.toThrow(new Error(line))
  expect(await query(url, 'select 1 as alive')).toEqual({ alive: 1 })
  await kill(owner)
  const mine = await start('shared')
  await expect(startEmbedded({ dataDir, settings })).rejects.toThrow(`another Ratelock (pid ${process.pid})`)
  await mine.restart('immediate')
  await expect(startEmbedded({ dataDir, settings })).rejects.toThrow(`another Ratelock (pid ${process.pid})`)
})

test('a crashed Postgres starts again, also when its stale pid now belongs to another Postgres', async () => {
  const other = await start('other')
  const crashed = await start('crashed')
  await query(crashed.url, 'create table kept as select 42 as answer')
  const busy = query(crashed.url, 'select pg_sleep(60)').catch(() => undefined)
  process.kill(crashed.pid, 'SIGKILL')
  await until(() => !isAlive(crashed.pid))
  await crashed.stop()

  const again = await start('crashed')
  expect(await query(again.url, 'select answer from kept')).toEqual({ answer: 42 })
  await busy
  const pidFile = join(root, 'crashed/postgres/postmaster.pid')
  const stale = readFileSync(pidFile, 'utf8').replace(/^\d+/, String(other.pid))
  process.kill(again.pid, 'SIGKILL')
  await until(() => !isAlive(again.pid))
  await again.stop()
  writeFileSync(pidFile, stale)

  const third = await start('crashed')
  expect(third.pid).not.toBe(other.pid)
  expect(await query(third.url, 'select answer from kept')).toEqual({ answer: 42 })
  expect(await query(other.url, 'select 1 as alive')).toEqual({ alive: 1 })
})

test('a first start that was killed halfway does not wedge the next one', async () => {
  const directory = join(root, 'halfway')
  const owner = startElsewhere('halfway')
  const unfinished = async () => {
    const names = existsSync(directory) ? await readdir(directory) : []
    return names.find((name) => name.startsWith('postgres.new-'))
  }
  await until(async () => existsSync(join(directory, (await unfinished()) ?? '-', 'PG_VERSION')))
  await kill(owner)
  expect(existsSync(join(directory, 'postgres'))).toBe(false)

  const server = await start('halfway')
  expect(await query(server.url, 'select 1 as alive')).toEqual({ alive: 1 })
  // The interrupted initdb may still be writing; what it leaves is gone one of the next times.
  await until(async () => {
    await server.stop()
    await (await start('halfway')).stop()
    return !(await unfinished())
  })
})
