import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/server.ts'
import { damageIn, liveIn, lostFrom } from './books.ts'
import { startLoad } from './load.ts'
import { startProbe } from './probe.ts'
import { freePort, isAlive, killServices, runProgram, startService, urlOf } from './service.ts'

// Design, rule 9: after a 202, no outage of the database loses or doubles anything, and the service outlives it.
setDefaultTimeout(90_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-chaos-'))
const settings = { fsync: 'off', port: String(await freePort()) }
let server: EmbeddedPostgres = await startEmbedded({ dataDir, settings })
const admin = postgres(server.url, { max: 2, onnotice: () => undefined, backoff: () => 0.02 })

afterEach(killServices)
afterAll(async () => {
  await admin.end({ timeout: 1 })
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const createKey = async (): Promise<string> => {
  const { out } = await runProgram(['src/accounts/cli.ts', 'create', 'chaos'], { DATABASE_URL: server.url })
  return out.trim()
}

/** By the database's clock, which times the payments. */
const now = async (): Promise<string> => {
  const [row] = await admin<{ now: string }[]>`select clock_timestamp()::text as now`
  return row?.now ?? ''
}

test('restarts, crashes, an outage and killed connections of Postgres cost the service nothing but the time', async () => {
  const service = startService({
    DATABASE_URL: server.url,
    PORT: String(await freePort()),
    PROVIDER_DEADLINE_MS: '2000',
  })
  const url = await urlOf(service)
  await using load = startLoad({ url, key: await createKey(), clients: 6, most: 1_500 })
  await using probe = startProbe(url)

  const terminate = async (times: number): Promise<void> => {
    for (let round = 0; round < times; round++) {
      const calls = load.count.calls
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ratelock%'`
      await service.until(() => load.count.calls > calls + 10)
    }
  }
  const outage = async (): Promise<void> => {
    const since = performance.now()
    await server.stop()
    await service.until(() => performance.now() - since > 3_000 && probe.readiness.last === 503)
    server = await startEmbedded({ dataDir, settings })
  }
  const stall = async (): Promise<void> => {
    const rows = await admin<{ pid: number }[]>`
      select pid from pg_stat_activity where application_name like 'ratelock%'`
    const pids = [server.pid, ...rows.map(({ pid }) => pid)]
    const signal = (name: NodeJS.Signals) => {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, name)
    }
    signal('SIGSTOP')
    try {
      await service.until(() => probe.readiness.last !== 200)
    } finally {
      signal('SIGCONT')
    }
  }
  const faults: [string, () => Promise<void>][] = [
    ['restart', () => server.restart('fast')],
    ['crash', () => server.restart('immediate')],
    ['outage of 3 s', outage],
    ['connections terminated, 10 times', () => terminate(10)],
    ['no answer until not ready', stall],
  ]

  for (const [name, strike] of faults) {
    const accepted = load.accepted.size
    await service.until(() => load.accepted.size > accepted + 30)
    await strike()
    const over = performance.now()
    const mark = await now()
    const since = () => `${Math.round(performance.now() - over)} ms`
    await service.until(() => load.lastAcceptedAt() > over)
    const accepts = since()
    await service.until(
      async () =>
        (
          await admin`select from payment_audit where actor = 'worker' and at > ${mark}::text::timestamptz limit 1`
        ).count,
    )
    const moves = since()
    await service.until(() => probe.readiness.last === 200)
    const ready = since()
    await service.until(async () => (await liveIn(admin, mark)) === 0)
    console.log(
      `${name}: accepted ${accepts}, a step done ${moves}, ready ${ready}, all older payments ended ${since()}`,
    )
  }
  await load.stop()
  await service.until(async () => (await liveIn(admin)) === 0)
  await probe.stop()
  console.log(`${load.accepted.size} payments, ${JSON.stringify(load.count)}`)

  expect(service.isRunning()).toBe(true)
  expect(service.written.err).toBe('')
  expect(service.written.out.match(/.*(uncaught|unhandled|"level":"fatal"|INTERNAL_ERROR).*/gi)).toBeNull()
  expect(service.written.out).not.toContain(new URL(server.url).password)
  expect(load.count.hung).toBe(0)
  expect(load.wrong).toEqual([])
  expect(load.count.unavailable).toBeGreaterThan(0)
  expect(await lostFrom(admin, load.accepted)).toEqual([])
  expect(await damageIn(admin)).toEqual({})
  expect([...probe.health]).toEqual([200])
  expect(probe.readiness.seen).toEqual(new Set([200, 503]))

  service.kill('SIGTERM')
  expect(await service.ended).toBe(0)
})
