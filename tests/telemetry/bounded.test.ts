import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { AnyElysia } from 'elysia'
import { ERROR_STATUS } from '../../src/core/errors.ts'
import { shownPath } from '../../src/http/routing.ts'
import { drive, pay } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { receiver } from '../webhooks/support.ts'
import { type Scrape, scrape } from './support.ts'

const inbox = receiver(() => new Response('', { status: 500 }))
let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(async () => {
  await harness.stop()
  await inbox.stop()
})

/** Everything that callers have made up, to see that none of it became a label. */
const made: string[] = []
const random = () => {
  const text = crypto.randomUUID()
  made.push(text)
  return text
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']
const WISH = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }

/** What callers can vary, once each. */
const everySort = async () => {
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    harness.app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { 'x-request-id': random(), 'user-agent': random(), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
  for (const method of METHODS) await send(method, `/${random()}/${random()}?${random()}=${random()}`)
  for (const path of ['/payments/', '/quotes/', '/payments/quote_', '/webhooks/endpoints/', '/keys/'])
    for (const method of ['GET', 'DELETE']) await send(method, path + random())
  await send('GET', `/payments/${random()}/${random()}`)
  await send('POST', `/payments/${random()}/cancel`, {})
  await send('POST', `/providers/${random()}/events`, { id: random() })
  await send('POST', '/quotes', { ...WISH, to_currency: random().slice(0, 3) })
  await send('POST', '/quotes', { ...WISH, [random()]: 1 })
  await send('POST', '/quotes', WISH)
  const accounts = { source_account: random(), destination_account: random() }
  const payment = { amount: 100_000, currency: 'EUR', ...accounts, quote_id: `quote_${random()}` }
  await send('POST', '/payments', payment, { 'idempotency-key': random() })
  await send('POST', '/fees/calculate', { ...WISH, destination_country: random() })
  await send('POST', '/webhooks/endpoints', { url: `${inbox.url}?${random()}`, description: random() })
  await drive(harness, [await pay(harness, random(), random())])
  await harness.services.webhooks.deliver(await harness.boss.fetch('webhook', { batchSize: 20 }))
}

const namesOf = (found: Scrape) => [...found.keys()].sort()
const labels = (found: Scrape, name: string) =>
  new Set(
    [...found.keys()].flatMap((series) =>
      [...series.matchAll(new RegExp(`\\b${name}="([^"]*)"`, 'g'))].map(([, value]) => value ?? ''),
    ),
  )

test('however many paths, ids, methods and accounts callers make up, the series stay the same, and none holds any of it', async () => {
  // A scrape itself is seen by the next one.
  await scrape(harness)
  await everySort()
  const first = await scrape(harness)
  for (let nth = 0; nth < 15; nth++) await everySort()
  const last = await scrape(harness)
  const known = new Set(namesOf(first))
  // Which of the sandbox's providers a payment meets depends on its id.
  const added = namesOf(last).filter((series) => !known.has(series) && !series.includes('provider="sandbox_'))
  expect(added).toEqual([])
  expect(namesOf(last).filter((series) => made.some((text) => series.includes(text)))).toEqual([])
  expect(made.length).toBeGreaterThan(500)
})

test('every label is of a set that the code knows', async () => {
  // A server is asked with methods that no request can be made with here.
  harness.services.observers.requests('MKCOL', null, 404, 0.001)
  const found = await scrape(harness)
  const templates = (harness.app as unknown as AnyElysia).routes.map(({ path }) => shownPath(path))
  const strays = (name: string, allowed: Iterable<string>) =>
    [...labels(found, name)].filter((value) => !new Set(allowed).has(value))
  expect(labels(found, 'route').size).toBeGreaterThan(10)
  expect(strays('route', [...templates, 'none'])).toEqual([])
  expect(labels(found, 'method')).toContain('other')
  expect(strays('method', [...METHODS, 'other'])).toEqual([])
  const codes = new Set(Object.values(ERROR_STATUS).map(String))
  expect(strays('status', [...codes, '200', '201', '202', '204', 'live', 'cached', 'fallback'])).toEqual([])
  expect(
    strays(
      'provider',
      harness.services.router.report().map(({ name }) => name),
    ),
  ).toEqual([])
})

test('the whole is small enough to be read every few seconds', async () => {
  expect((await scrape(harness)).size).toBeLessThan(2_500)
})
