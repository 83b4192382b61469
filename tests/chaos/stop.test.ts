import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { receiver } from '../webhooks/support.ts'
import {
  freePort,
  isClosed,
  killServices,
  postmasterOf,
  startService,
  startSlowRequest,
  urlOf,
} from './service.ts'

// What a signal does to a service, as whoever deploys it relies on.
setDefaultTimeout(60_000)
const dataDir = mkdtempSync(join(tmpdir(), 'ratelock-stop-'))

let answering = Promise.resolve()
const inbox = receiver(async () => {
  await answering
  return new Response('ok')
})

afterEach(killServices)
afterAll(async () => {
  // Takes over the server that a test or its failure left running.
  if (postmasterOf(dataDir)) await (await startEmbedded({ dataDir })).stop()
  await inbox.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const LONG = '120000'
const OF_THE_PROCESS = /^(started|stopping|told again to stop.*|stopped|request)$/

const start = async (settings: Record<string, string> = {}) => {
  const port = await freePort()
  const service = startService({
    ...{ DATA_DIR: dataDir, PORT: String(port), SHUTDOWN_GRACE_MS: LONG, SANDBOX_TIME_SCALE: '10' },
    ...settings,
  })
  const url = await urlOf(service)
  const ask = (path: string, body?: object) =>
    fetch(url + path, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  const answer = async (path: string, body?: object) => {
    const response = await ask(path, body)
    return { status: response.status, body: await response.json() }
  }
  /** What is logged about the process itself and its requests, not about the work that earlier tests have left. */
  const lines = (): Record<string, unknown>[] =>
    service.written.out
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
      .filter(({ msg, level }) => OF_THE_PROCESS.test(msg) || level === 'fatal')
  return { ...service, port, ask, answer, lines, closed: () => service.until(() => isClosed(port)) }
}

type Started = Awaited<ReturnType<typeof start>>

const QUOTE = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }

/** Makes a payment that takes a quarter of an hour; answers its id. */
const pay = async ({ answer }: Started): Promise<string> => {
  const { quote_id } = (await answer('/quotes', QUOTE)).body
  const accounts = { source_account: 'payer', destination_account: 'payee' }
  return (await answer('/payments', { amount: 100_000, currency: 'EUR', ...accounts, quote_id })).body
    .payment_id
}

/** A service that is sending a webhook, whose receiver does not answer before `release`. */
const sending = async (settings?: Record<string, string>) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  answering = promise
  const service = await start(settings)
  const before = inbox.requests.length
  const { body: endpoint } = await service.answer('/webhooks/endpoints', {
    url: inbox.url,
    event_types: ['quote.expired'],
  })
  await service.ask(`/webhooks/endpoints/${endpoint.id}/test`, {})
  await inbox.received(before + 1)
  const delivery = async ({ answer }: Started) =>
    (await answer(`/webhooks/deliveries?endpoint_id=${endpoint.id}`)).body.data[0]
  return { service, delivery, sent: () => inbox.requests.length - before, release: resolve }
}

test('at once on SIGTERM /readyz says no, and while a load balancer may not have noticed everything is served', async () => {
  const service = await start({ SHUTDOWN_DRAIN_MS: LONG })
  const checks = { accepting: true, database: true, queue: true }
  expect(await service.answer('/readyz')).toEqual({ status: 200, body: { status: 'ready', checks } })
  service.kill('SIGTERM')
  await service.until(async () => (await service.ask('/readyz')).status === 503)
  expect((await service.answer('/readyz')).body).toEqual({
    status: 'unavailable',
    checks: { accepting: false },
  })
  expect((await service.ask('/healthz')).status).toBe(200)
  expect(await pay(service)).toBeString()
  expect(await isClosed(service.port)).toBe(false)
})

test('a second signal ends at once, and what was logged is written', async () => {
  const service = await start({ SHUTDOWN_DRAIN_MS: LONG })
  service.kill('SIGTERM')
  const again = setInterval(() => service.kill('SIGTERM'), 20)
  expect(await service.ended).toBe(1)
  clearInterval(again)
  expect(service.lines().slice(-2)).toMatchObject([
    { level: 'info', msg: 'stopping', signal: 'SIGTERM' },
    { level: 'warn', msg: 'told again to stop, so nothing is waited for any more' },
  ])
})

test('after the moment for the load balancer the listener closes, what came in is answered, and the end is clean', async () => {
  const service = await start({ SHUTDOWN_DRAIN_MS: '100' })
  const slow = await startSlowRequest(service.port)
  service.kill('SIGTERM')
  await service.closed()
  expect(await slow.finish()).toStartWith('HTTP/1.1 200')
  expect([await service.ended, service.written.err]).toEqual([0, ''])
  const told = service.lines().map(({ msg, status }) => (msg === 'request' ? `answered ${status}` : msg))
  expect(told).toEqual(['started', 'stopping', 'answered 200', 'stopped'])
})

test('streams of events are ended, not cut', async () => {
  const service = await start()
  const id = await pay(service)
  const bodies = ['/payments/events', `/payments/${id}/events`].map(async (path) => {
    const reader = (await service.ask(path)).body?.getReader()
    if (!reader) throw new Error('no stream')
    return { reader, first: await reader.read() }
  })
  const streams = await Promise.all(bodies)
  expect(streams.map(({ first }) => first.done)).toEqual([false, false])
  service.kill('SIGTERM')
  for (const { reader } of streams) {
    // A connection that is cut would throw here.
    let next = await reader.read()
    while (!next.done) next = await reader.read()
  }
  expect([await service.ended, service.written.err]).toEqual([0, ''])
})

test('a job that runs is finished before the end', async () => {
  const { service, delivery, sent, release } = await sending()
  service.kill('SIGTERM')
  await service.closed()
  release()
  expect([await service.ended, service.written.err, sent()]).toEqual([0, '', 1])
  const next = await start()
  expect(await delivery(next)).toMatchObject({ status: 'delivered', attempts: 1 })
})

test('a job that outlasts the grace period does not hold up the end, and the next start takes it up', async () => {
  const { service, delivery, release } = await sending({ SHUTDOWN_GRACE_MS: '200' })
  service.kill('SIGTERM')
  expect([await service.ended, service.written.err]).toEqual([0, ''])
  release()
  const next = await start()
  await next.until(async () => (await delivery(next)).status === 'delivered')
})

test('an error that nobody catches ends the service like a signal, with the error in the log and 1 as its code', async () => {
  const service = await start({ BUN_OPTIONS: `--preload=${join(import.meta.dir, 'fault.ts')}` })
  const slow = await startSlowRequest(service.port)
  service.kill('SIGUSR2')
  await service.closed()
  expect(await slow.finish()).toStartWith('HTTP/1.1 200')
  expect(await service.ended).toBe(1)
  expect(service.lines().filter(({ level }) => level === 'fatal')).toMatchObject([
    { msg: 'uncaughtException', err: { message: 'a bug that nobody caught' } },
  ])
  expect(service.lines().at(-1)).toMatchObject({ msg: 'stopped' })
})
