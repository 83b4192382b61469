import { afterAll, describe, expect, test } from 'bun:test'
import { type Answer, startApi } from '../api/support.ts'
import { type Belongings, belongingsOf, emptyFor, fill, fingerprints } from './tenants.ts'

const api = await startApi()
afterAll(() => api.stop())
const { sql } = api.harness.database
const MINE = await api.keyOf('mine', 'read', 'write', 'admin')
const THEIRS = await api.keyOf('theirs', 'read', 'write', 'admin')

interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  type?: string
  examples?: object[]
}
interface Operation {
  parameters?: { in: string; name: string }[]
  requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: object }> }> }
}

const document = (await api.send('GET', '/openapi.json')).body
const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

/** What `id` in a path and `cursor` in a query are ids of, by the start of the path. */
const BY_PATH: Record<string, keyof Belongings> = {
  '/quotes': 'quote',
  '/payments': 'payment',
  '/webhooks/endpoints': 'endpoint',
  '/webhooks/events': 'event',
  '/webhooks/deliveries': 'delivery',
  '/webhooks/dead-letters': 'dead',
  '/keys': 'key',
}

const BY_NAME: Record<string, keyof Belongings> = {
  quote_id: 'quote',
  recommendation_id: 'recommendation',
  payment_id: 'payment',
  endpoint_id: 'endpoint',
  event_id: 'event',
  delivery_ids: 'dead',
  search: 'payment',
}

/** What names nothing of anybody. The idempotency key has a test of its own. */
const NO_ID = new Set([
  'Idempotency-Key',
  'Last-Event-ID',
  'all',
  'amount',
  'created_before',
  'created_from',
  'currency',
  'customer_tier',
  'days',
  'description',
  'destination_account',
  'destination_country',
  'enabled',
  'event_types',
  'expires_at',
  'expires_in',
  'from_currency',
  'hours',
  'limit',
  'name',
  'note',
  'overlap_seconds',
  'priority',
  'provider',
  'scopes',
  'source_account',
  'status',
  'to_currency',
  'type',
  'url',
])

const kindOf = (path: string, name: string): keyof Belongings | null => {
  if (NO_ID.has(name)) return null
  const prefix = Object.keys(BY_PATH).find((start) => path.startsWith(start)) ?? ''
  const kind = name === 'id' || name === 'cursor' ? BY_PATH[prefix] : BY_NAME[name]
  if (!kind) throw new Error(`${path} takes ${name}: say here whose id it is, or that it is none`)
  return kind
}

const bodyOf = ({ requestBody }: Operation) => {
  const media = requestBody?.content['application/json']
  if (!media) return null
  const { $ref } = media.schema
  const schema: Schema = $ref
    ? document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)]
    : media.schema
  const examples = [
    ...(schema.examples ?? []),
    ...Object.values(media.examples ?? {}).map(({ value }) => value),
  ]
  return { fields: Object.keys(schema.properties ?? {}), examples }
}

/** Every place of every route where an id can stand, with requests that put one there. */
const places = operations.flatMap(({ method, path, operation }) => {
  const body = bodyOf(operation)
  const named = (operation.parameters ?? []).map(({ in: where, name }) => ({ where, name }))
  const all = [...named, ...(body?.fields ?? []).map((name) => ({ where: 'body', name }))]
  return all.flatMap(({ where, name }) => {
    const kind = kindOf(path, name)
    if (!kind) return []
    const request = (id: string) => {
      if (where === 'query') return { path: `${path}?${name}=${id}`, body: undefined }
      if (where === 'path') return { path: path.replace('{id}', id), body: body?.examples[0] }
      const example = body?.examples.find((each) => name in each) ?? body?.examples[0]
      return { path, body: { ...example, [name]: name.endsWith('_ids') ? [id] : id } }
    }
    return [{ method, path, where, name, kind, request }]
  })
})

/** What belongs to no account, or tells of all of them and needs the admin scope for it. */
const OF_NO_ACCOUNT = new Set([
  '/healthz',
  '/readyz',
  '/metrics',
  '/market',
  '/operations/queues',
  '/operations/claude',
])

/** Routes that take no id, and so must answer one account as if the other did not exist. */
const lists = operations.filter(
  ({ method, path }) => method === 'GET' && !path.includes('{') && !OF_NO_ACCOUNT.has(path),
)
/** What a route cannot do without. */
const QUERIES: Readonly<Record<string, string>> = {
  '/treasury/lock-buffer': '?from_currency=USD&to_currency=EUR',
}
const seenIn = async (key: string) => {
  const seen: Record<string, unknown> = {}
  for (const { path } of lists) {
    const { status, body } = await api.send('GET', path + (QUERIES[path] ?? ''), { key })
    seen[path] = { status, body }
  }
  return seen
}

await fill(api, 'mine', MINE)
const alone = await seenIn(MINE)
await fill(api, 'theirs', THEIRS)
const besideOthers = await seenIn(MINE)
for (const key of [MINE, THEIRS]) await api.pay(key)
const [mine, theirs] = [await belongingsOf(sql, 'mine'), await belongingsOf(sql, 'theirs')]
const before = await fingerprints(sql)

const expectNothingOf = (answer: Answer, sent: string): void => {
  // An error may repeat what was asked for.
  const text = answer.text.replaceAll(sent, '')
  for (const id of Object.values(theirs).flat()) expect(text).not.toContain(id)
}

describe('nobody sees or touches what is another account’s', () => {
  test('both accounts have something in every table that belongs to accounts', async () => {
    expect([await emptyFor(sql, 'mine'), await emptyFor(sql, 'theirs')]).toEqual([[], []])
    for (const [kind, ids] of Object.entries(theirs)) expect([kind, ids.length > 0]).toEqual([kind, true])
    const states = await sql<{ status: string }[]>`
      select distinct status from payments where account_id = 'theirs' order by status`
    expect(states.map(({ status }) => status)).toEqual([
      'CANCELLED',
      'COMPLETED',
      'FAILED',
      'PENDING',
      'REFUNDED',
    ])
  })

  test.each(places.filter(({ where }) => where !== 'query'))(
    '$method $path with an id of theirs in $where/$name is a 404',
    async ({ method, kind, request }) => {
      for (const id of theirs[kind]) {
        const { path, body } = request(id)
        const answer = await api.send(method, path, { key: MINE, body })
        expect([path, answer.status]).toEqual([path, 404])
        expect(answer.body.error).toMatch(/^((QUOTE|RECOMMENDATION)_)?NOT_FOUND$/)
        expectNothingOf(answer, id)
      }
    },
  )

  test.each(places.filter(({ where, name }) => where === 'query' && name !== 'cursor'))(
    '$method $path with an id of theirs as $name lists nothing',
    async ({ method, kind, request }) => {
      for (const id of theirs[kind]) {
        const answer = await api.send(method, request(id).path, { key: MINE })
        expect([answer.status, answer.body]).toEqual([200, { data: [], next_cursor: null }])
      }
    },
  )

  test.each(places.filter(({ name }) => name === 'cursor'))(
    '$method $path goes on after a cursor of theirs with mine alone',
    async ({ method, kind, request }) => {
      for (const id of theirs[kind]) {
        const answer = await api.send(method, request(id).path, { key: MINE })
        expect(answer.status).toBe(200)
        expectNothingOf(answer, '')
      }
    },
  )

  test('lists and sums are what they were before the other account had anything', () => {
    expect(besideOthers).toEqual(alone)
  })

  test('all of that has changed nothing, in any table', async () => {
    expect(await fingerprints(sql)).toEqual(before)
  })

  test('the ids are right: their owner sees all of it by the same requests', async () => {
    for (const { method, where, name, kind, request } of places) {
      if (method !== 'GET') continue
      // A stream of a payment that waits does not end, and the last cursor has nothing behind it.
      const ids = request('').path.endsWith('/events') ? theirs[kind].slice(0, 1) : theirs[kind]
      for (const id of ids) {
        const answer = await api.send(method, request(id).path, { key: THEIRS })
        expect([request(id).path, answer.status]).toEqual([request(id).path, 200])
        if (where === 'query' && name !== 'cursor') expect(answer.body.data).not.toEqual([])
      }
    }
  })

  test('the same Idempotency-Key of two accounts makes a payment for each', async () => {
    const headers = { 'idempotency-key': 'order-4711' }
    const [own, other] = [await api.payable(MINE), await api.payable(THEIRS)]
    const first = await api.send('POST', '/payments', { key: THEIRS, headers, body: other })
    const second = await api.send('POST', '/payments', { key: MINE, headers, body: own })
    expect([first.status, second.status]).toEqual([202, 202])
    expect(second.headers.get('idempotent-replayed')).toBeNull()
    expect(second.body.payment_id).not.toBe(first.body.payment_id)
    expect((await api.send('GET', `/payments/${second.body.payment_id}`, { key: MINE })).status).toBe(200)
  })
})

test('ids of one’s own are found at the same places', async () => {
  for (const id of mine.payment)
    expect((await api.send('GET', `/payments/${id}`, { key: MINE })).status).toBe(200)
})
