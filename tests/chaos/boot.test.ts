import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import {
  freePort,
  isAlive,
  killServices,
  postmasterOf,
  runProgram,
  startService,
  until,
  urlOf,
} from './service.ts'

setDefaultTimeout(60_000)
const root = mkdtempSync(join(tmpdir(), 'ratelock-boot-'))

afterEach(killServices)
afterAll(async () => {
  for (const name of ['database', 'own']) {
    const dataDir = join(root, name)
    // Takes over the server that a failed test left running.
    if (postmasterOf(dataDir)) await (await startEmbedded({ dataDir })).stop()
  }
  rmSync(root, { recursive: true, force: true })
})

const awayUrl = async () => `postgres://ratelock:hidden-word@127.0.0.1:${await freePort()}/ratelock`
const LINES_OF_WAITING = /the database is away, trying again/g

test('a start before its database waits for it, and says so', async () => {
  const dataDir = join(root, 'database')
  const settings = { fsync: 'off', port: String(await freePort()) }
  const first = await startEmbedded({ dataDir, settings })
  await first.stop()
  const service = startService({ DATABASE_URL: first.url, PORT: '0', DATABASE_WAIT_SECONDS: '50' })
  await service.until(() => (service.written.out.match(LINES_OF_WAITING)?.length ?? 0) >= 3)
  expect(service.isRunning()).toBe(true)
  const server = await startEmbedded({ dataDir, settings })
  const ready = await fetch(`${await urlOf(service)}/readyz`)
  expect(ready.status).toBe(200)
  expect(service.written.out).not.toContain(new URL(first.url).password)
  service.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  await server.stop()
})

test('a start whose database stays away gives up with one plain line', async () => {
  const url = await awayUrl()
  const { code, err } = await runProgram(['src/main.ts'], { DATABASE_URL: url, DATABASE_WAIT_SECONDS: '1' })
  expect(err).toMatch(/^[^\n]*ECONNREFUSED[^\n]*\n$/)
  expect(err).not.toContain('hidden-word')
  expect(code).toBe(1)
})

test('a start that waits for its database can be ended', async () => {
  const service = startService({ DATABASE_URL: await awayUrl(), DATABASE_WAIT_SECONDS: '3600' })
  await service.until(() => LINES_OF_WAITING.test(service.written.out))
  service.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  expect(service.written.err).toBe('')
})

test('a start with its port in use fails with one plain line and leaves no Postgres running', async () => {
  const neighbour = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('taken') })
  const dataDir = join(root, 'own')
  const service = startService({ DATA_DIR: dataDir, PORT: String(neighbour.port) })
  let postmaster = 0
  await until(() => {
    postmaster = postmasterOf(dataDir)?.pid ?? postmaster
    return postmaster > 0 || !service.isRunning()
  })
  expect(await service.ended).toBe(1)
  expect(service.written.err).toMatch(new RegExp(`^[^\\n]*\\b${neighbour.port}\\b[^\\n]*\\n$`))
  expect([postmaster > 0, isAlive(postmaster), postmasterOf(dataDir)]).toEqual([true, false, null])
  await neighbour.stop(true)
})

test('a signal during the start ends what had started', async () => {
  const dataDir = join(root, 'own')
  const service = startService({ DATA_DIR: dataDir, PORT: '0' })
  await service.until(() => postmasterOf(dataDir))
  const postmaster = postmasterOf(dataDir)?.pid ?? 0
  service.kill('SIGINT')
  service.kill('SIGINT')
  expect(await service.ended).toBe(0)
  expect([isAlive(postmaster), postmasterOf(dataDir), service.written.err]).toEqual([false, null, ''])
})

test('a bad variable ends the start with its line', async () => {
  const { code, out, err } = await runProgram(['src/main.ts'], { PORT: 'http', DATA_DIR: join(root, 'none') })
  expect([code, out, err]).toEqual([1, '', 'PORT must be a whole number from 0 to 65535\n'])
})
