import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { damageIn, liveIn, lostFrom } from './books.ts'
import { startLoad } from './load.ts'
import {
  freePort,
  isAlive,
  isClosed,
  killServices,
  postmasterOf,
  startService,
  startSlowRequest,
  until,
  urlOf,
} from './service.ts'

// Design, rule 9: after a 202, no crash, restart or deploy of the service loses or doubles anything.
setDefaultTimeout(90_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-crash-'))
const PORT = String(await freePort())
const start = () => startService({ DATA_DIR: dataDir, PORT })

afterEach(killServices)
afterAll(async () => {
  // Takes over the server that a failed test left running.
  if (postmasterOf(dataDir)) await (await startEmbedded({ dataDir })).stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const connect = () => postgres(postmasterOf(dataDir)?.url ?? '', { max: 1, onnotice: () => undefined })

const KILLS = 3

test('kill -9 in the middle of load, again and again, loses and doubles no payment', async () => {
  const unborn = start()
  await until(() => postmasterOf(dataDir))
  unborn.kill('SIGKILL')
  await unborn.ended
  const postmaster = postmasterOf(dataDir)?.pid

  let service = start()
  await using load = startLoad({ url: await urlOf(service), clients: 6, most: 1_500 })
  const sql = connect()
  const recoveries: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = load.accepted.size + 30
    await service.until(() => load.accepted.size > enough)
    service.kill('SIGKILL')
    await service.ended
    const stranded = await sql<{ id: string }[]>`select id from payments where ended_at is null`
    const since = performance.now()
    service = start()
    await urlOf(service)
    const booted = Math.round(performance.now() - since)
    const ids = stranded.map(({ id }) => id)
    await service.until(
      async () =>
        (await sql`select from payments where id = any(${ids}::uuid[]) and ended_at is null limit 1`)
          .count === 0,
    )
    recoveries.push(Math.round(performance.now() - since))
    console.log(
      `kill ${kill + 1}: ${stranded.length} payments stranded, up after ${booted} ms, all ended after ${recoveries.at(-1)} ms`,
    )
  }
  await load.stop()
  await service.until(async () => (await liveIn(sql)) === 0)
  console.log(`${load.accepted.size} payments, ${JSON.stringify(load.count)}`)

  expect(postmasterOf(dataDir)?.pid).toBe(postmaster)
  expect(load.count.hung).toBe(0)
  expect(load.wrong).toEqual([])
  expect(load.count.refused).toBeGreaterThan(0)
  expect(await lostFrom(sql, load.accepted)).toEqual([])
  expect(await damageIn(sql)).toEqual({})
  expect(service.written.err).toBe('')
  await sql.end()
  service.kill('SIGTERM')
  expect(await service.ended).toBe(0)
})

test.each([
  ['SIGTERM', ['SIGTERM']],
  // The kernel merges equal signals that wait, and so only different ones surely arrive as two.
  ['SIGINT from the terminal and its wrappers', ['SIGINT', 'SIGINT', 'SIGTERM']],
] as const)(
  '%s in the middle of load: what came in is answered, and nothing stays behind',
  async (_name, signals) => {
    const service = start()
    await using load = startLoad({ url: await urlOf(service), clients: 6, most: 1_500 })
    const postmaster = postmasterOf(dataDir)?.pid ?? 0
    await service.until(() => load.accepted.size > 40)
    const slow = await startSlowRequest(Number(PORT))
    await service.until(() => load.accepted.size > 60)
    for (const signal of signals) service.kill(signal)
    await service.until(() => isClosed(Number(PORT)))
    expect(await slow.finish()).toStartWith('HTTP/1.1 200')
    expect(await service.ended).toBe(0)
    expect([isAlive(service.pid), isAlive(postmaster), postmasterOf(dataDir)]).toEqual([false, false, null])
    await load.stop()
    expect(load.wrong).toEqual([])
    expect([load.count.hung, load.count.unavailable]).toEqual([0, 0])
    expect(service.written.err).toBe('')
    expect(service.written.out).not.toMatch(/"level":"(error|fatal)"/)

    const next = start()
    await urlOf(next)
    const sql = connect()
    await next.until(async () => (await liveIn(sql)) === 0)
    expect(await lostFrom(sql, load.accepted)).toEqual([])
    expect(await damageIn(sql)).toEqual({})
    await sql.end()
    next.kill('SIGTERM')
    expect(await next.ended).toBe(0)
  },
)
