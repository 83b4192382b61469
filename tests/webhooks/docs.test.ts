import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createReceiver } from '../../docs/examples/receiver.ts'
import { ALL_TYPES } from '../../src/webhooks/model.ts'
import { RETRY_DELAYS } from '../../src/webhooks/schedule.ts'
import { type Harness, startHarness } from '../support/harness.ts'

const DOCS = join(import.meta.dir, '..', '..', 'docs')
const page = await Bun.file(join(DOCS, 'webhooks.md')).text()

const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''

let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ workers: true })
})
afterAll(() => harness.stop())

/** A quote that is paid by a caller of the API; answers the payment's id. */
const pay = async (): Promise<string> => {
  const amount = 100_000
  const quote = await harness.call('POST', '/quotes', { from_currency: 'USD', to_currency: 'EUR', amount })
  const { quote_id } = quote.body
  const request = {
    amount,
    currency: 'EUR',
    source_account: 'user123',
    destination_account: 'merchant456',
    quote_id,
  }
  return (await harness.call('POST', '/payments', request)).body.payment_id
}

interface Event {
  type: string
  timestamp: string
  data: Record<string, unknown>
}

/** The receiver of the documentation, on a free port. */
const startReceiver = (secret: string, handle: (event: Event) => void) => {
  const receive = createReceiver(secret, (event) => handle(event as Event))
  return Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: receive })
}

test('the page shows the receiver as it is', async () => {
  expect(block('ts')).toBe(await Bun.file(join(DOCS, 'examples/receiver.ts')).text())
})

test('the receiver takes a whole payment from a real delivery, each event once, and shows what the page shows', async () => {
  const taken: Event[] = []
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  // The secret comes with the registration, which needs the address first.
  let receive = (_request: Request) => Promise.resolve(new Response(null, { status: 503 }))
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => receive(request) })
  const created = await harness.call('POST', '/webhooks/endpoints', { url: server.url.href })
  receive = createReceiver(created.body.secret, (event) => {
    taken.push(event as Event)
    if ((event as Event).type === 'payment.completed') end()
  })
  const id = await pay()
  await over
  const { body: events } = await harness.call('GET', `/webhooks/events?payment_id=${id}`)
  const announced = async () =>
    (await harness.call('GET', '/webhooks/deliveries?status=pending')).body.data.length === 0
  while (!(await announced()));
  expect(taken.map(({ data }) => data.sequence).sort()).toEqual(
    events.data.map(({ sequence }: { sequence: number }) => sequence).sort(),
  )
  const completed = taken.find(({ type }) => type === 'payment.completed')
  const shown = JSON.parse(block('json')) as Event
  const keysOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])
      : value === null
        ? 'null'
        : typeof value
  expect(keysOf(shown)).toEqual(keysOf(completed))
  expect(shown.data).toMatchObject({
    status: 'COMPLETED',
    guaranteed_payout: completed?.data.guaranteed_payout,
  })
  await harness.call('DELETE', `/webhooks/endpoints/${created.body.id}`)
  await server.stop(true)
}, 20_000)

test('the receiver refuses what is not genuine, and acts once on what comes twice', async () => {
  const taken: Event[] = []
  const server = startReceiver(
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    (event) => void taken.push(event),
  )
  const { body: endpoint } = await harness.call('POST', '/webhooks/endpoints', { url: server.url.href })
  const tested = async () => {
    const { body } = await harness.call('POST', `/webhooks/endpoints/${endpoint.id}/test`)
    const look = async () => (await harness.call('GET', `/webhooks/deliveries/${body.delivery_id}`)).body
    let delivery = await look()
    while (delivery.attempts === 0) delivery = await look()
    return delivery
  }
  expect(await tested()).toMatchObject({ status: 'pending', last_http_status: 400 })
  expect(taken).toEqual([])
  await server.stop(true)

  const { body: own } = await harness.call('POST', `/webhooks/endpoints/${endpoint.id}/rotate-secret`, {})
  const trusting = startReceiver(own.secret, (event) => void taken.push(event))
  await harness.call('PATCH', `/webhooks/endpoints/${endpoint.id}`, { url: trusting.url.href })
  const delivery = await tested()
  expect(delivery.status).toBe('delivered')
  const again = (await harness.call('POST', `/webhooks/deliveries/${delivery.id}/redeliver`)).body
  const look = async () => (await harness.call('GET', `/webhooks/deliveries/${again.id}`)).body.status
  while ((await look()) !== 'delivered');
  expect(taken.filter(({ type }) => type === 'webhook.test')).toHaveLength(1)
  await trusting.stop(true)
}, 20_000)

const UNITS = [
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

const inWords = (ms: number): string => {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? UNITS[2]
  const count = Math.round((ms / size) * 10) / 10
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

test('the page’s schedule is the one that deliveries follow', () => {
  let after = 0
  const rows = RETRY_DELAYS.map((wait, index) => {
    after += wait
    return [String(index + 2), inWords(wait), inWords(after)]
  })
  const table = page.slice(page.indexOf('## Retries')).split('\n\n')[1] ?? ''
  const cells = table.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  expect(cells.slice(2)).toEqual([['1', 'at once', ''], ...rows])
})

test('the page names every event type, and no other', () => {
  const named = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)`/gm)].map(([, type]) => type ?? '')
  expect(named).toEqual([...ALL_TYPES])
})
