import { expect, test } from 'bun:test'
import { createApp } from '../../src/app.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import { operatorOf, type Scope } from '../../src/core/principal.ts'
import { routesOf } from '../../src/routes.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type HarnessOptions, startHarness } from '../support/harness.ts'

/** The whole of an answer; of the stream of an account, which has no end, the first event. */
const textOf = async (path: string, response: Response): Promise<string> => {
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream')
  if (!stream || !path.startsWith('/payments/events')) return response.text()
  const reader = response.body?.getReader()
  const first = await reader?.read()
  await reader?.cancel()
  return new Response(first?.value).text()
}

export interface Sent {
  body?: unknown
  headers?: Record<string, string>
  /** The API key; the main account's by default, null sends none. */
  key?: string | null
}

/** The whole program behind real API keys of two accounts, as it runs in production. */
export const startApi = async (options: HarnessOptions = {}) => {
  const harness = await startHarness(options)
  const { services } = harness
  const { accounts, authenticate } = services
  const keyOf = async (account: string, ...scopes: Scope[]) => {
    await accounts.ensure(account)
    return (await accounts.createKey(operatorOf(account), { name: scopes.join(' and '), scopes })).key
  }
  const keys = {
    own: await keyOf('acme', 'read', 'write'),
    readOnly: await keyOf('acme', 'read'),
    writeOnly: await keyOf('acme', 'write'),
    admin: await keyOf('acme', 'read', 'write', 'admin'),
    stranger: await keyOf('stranger', 'read', 'write', 'admin'),
  }
  const health = { database: true }
  const app = createApp({
    ids: randomIds,
    log: createLogger({ level: 'silent', pretty: false }),
    authenticate,
    version: '0.0.0-test',
    ready: async () => health,
    metrics: services.metrics,
    routes: routesOf(services),
  })

  const send = async (method: string, path: string, sent: Sent = {}) => {
    const { body, headers, key = keys.own } = sent
    const raw = typeof body === 'string' || body instanceof Blob
    const response = await app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
        ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
      }),
    )
    const text = await textOf(path, response)
    const json = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json && text ? JSON.parse(text) : null,
    }
  }

  const quote = async (request: object = {}, key = keys.own) =>
    (
      await send('POST', '/quotes', {
        body: { from_currency: 'USD', to_currency: 'EUR', amount: 100_000, ...request },
        key,
      })
    ).body

  /** A request for a payment that pays a fresh quote. */
  const payable = async (key = keys.own) => ({
    amount: 100_000,
    currency: 'EUR',
    source_account: 'user123',
    destination_account: 'merchant456',
    quote_id: (await quote({}, key)).quote_id as string,
  })

  const pay = async (key = keys.own): Promise<string> =>
    (await send('POST', '/payments', { body: await payable(key), key })).body.payment_id

  return { harness, keys, keyOf, health, app, send, quote, payable, pay, stop: harness.stop }
}

export type Api = Awaited<ReturnType<typeof startApi>>
export type Answer = Awaited<ReturnType<Api['send']>>

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The statuses that design and seed promise, once more: clients branch on them. */
const DOCUMENTED: Readonly<Partial<Record<ErrorCode, number>>> = {
  VALIDATION_ERROR: 400,
  INVALID_JSON: 400,
  UNSUPPORTED_CURRENCY_PAIR: 400,
  AMOUNT_TOO_SMALL: 400,
  AMOUNT_TOO_LARGE: 400,
  QUOTE_EXPIRED: 400,
  QUOTE_MISMATCH: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  QUOTE_NOT_FOUND: 404,
  QUOTE_ALREADY_USED: 409,
  IDEMPOTENCY_CONFLICT: 409,
  INVALID_STATE: 409,
  PAYLOAD_TOO_LARGE: 413,
}

/** What only our own log may say: SQL, stacks, libraries, files, tables. */
const INTERNAL =
  /\b(select|insert into|sql|postgres|drizzle|elysia|typebox|pg-?boss|node_modules|undefined|NaN|TypeError|RangeError|SyntaxError|account_id)\b|\bat .+:\d+|\.ts\b|src\//i

/** Holds for every answer of the API, good or bad. */
export const expectIdentified = (answer: Answer): void => {
  expect(answer.headers.get('x-request-id')).toMatch(ID)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
}

/** Exactly the documented error, with the status of its code, naming the field that is to blame, and nothing internal. */
export const expectRefused = (answer: Answer, code: ErrorCode, field?: string): void => {
  expectIdentified(answer)
  expect([answer.body?.error, answer.status]).toEqual([code, DOCUMENTED[code]])
  expect(answer.headers.get('content-type')).toStartWith('application/json')
  const { error: _error, message, details, request_id, ...more } = answer.body
  expect(more).toEqual({})
  expect(request_id).toBe(answer.headers.get('x-request-id'))
  expect(message).toMatch(/^\S.{5,}$/s)
  // Strict parsers, such as Rust's, refuse JSON with half a surrogate pair.
  expect(JSON.stringify(answer.body)).not.toMatch(/\\ud[89a-f]/i)
  expect(answer.text).not.toMatch(INTERNAL)
  expect(answer.text.length).toBeLessThan(2_000)
  if (details !== undefined)
    for (const detail of details)
      expect(detail).toEqual({ path: expect.any(String), message: expect.stringMatching(/^\S.{3,}$/) })
  if (field !== undefined) expect(details?.map(({ path }: { path: string }) => path)).toContain(field)
}

/** One row of a grid: what is wrong, the request, the code, and the field to blame. */
export type Row = readonly [wrong: string, sent: Sent & { path?: string }, code: ErrorCode, field?: string]

/** A test for each row. The path is the row's own or the grid's. */
export const refusals = (api: Api, method: string, path: string, rows: readonly Row[]): void => {
  test.each(rows.map((row) => [...row, undefined] as const))(
    `${method} ${path} refuses %s`,
    async (_wrong, sent, code, field) => {
      expectRefused(await api.send(method, sent.path ?? path, sent), code, field)
    },
  )
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** Bodies that no endpoint takes. `valid` is one that it would; `text` is one of its fields that holds text. */
export const badBodies = (valid: Record<string, unknown>, text: string): readonly Row[] => {
  const whole = JSON.stringify(valid)
  const plus = (field: string) => `{${field},${whole.slice(1)}`
  const withText = (escaped: string) => whole.replace(JSON.stringify(valid[text]), `"${escaped}"`)
  return [
    ['no body', {}, 'INVALID_JSON'],
    ['an empty body', { body: '' }, 'INVALID_JSON'],
    ['blanks for a body', { body: '  ' }, 'INVALID_JSON'],
    ['half a body', { body: whole.slice(0, -1) }, 'INVALID_JSON'],
    ['two bodies', { body: whole + whole }, 'INVALID_JSON'],
    ['single quotes', { body: whole.replaceAll('"', "'") }, 'INVALID_JSON'],
    ['a form', { body: 'amount=5' }, 'INVALID_JSON'],
    [
      'bytes that are not UTF-8',
      { body: new Blob([new Uint8Array([0x22, 0xff, 0xfe, 0x22])]) },
      'INVALID_JSON',
    ],
    ['a null body', { body: 'null' }, 'INVALID_JSON'],
    ['an empty list', { body: '[]' }, 'VALIDATION_ERROR', ''],
    ['a list of requests', { body: [valid] }, 'VALIDATION_ERROR', ''],
    ['a number for a body', { body: '5' }, 'VALIDATION_ERROR', ''],
    ['text for a body', { body: '"text"' }, 'VALIDATION_ERROR', ''],
    ['an empty object', { body: {} }, 'VALIDATION_ERROR', '/amount'],
    ['two megabytes', { body: plus(`"x":"${'x'.repeat(2_000_000)}"`) }, 'PAYLOAD_TOO_LARGE'],
    ['a thousand levels', { body: plus(`"x":${nested(1_000)}`) }, 'INVALID_JSON'],
    ['an unknown field', { body: { ...valid, note: 'x' } }, 'VALIDATION_ERROR', '/note'],
    ['an unknown field that is null', { body: { ...valid, note: null } }, 'VALIDATION_ERROR', '/note'],
    ['an unknown empty name', { body: { ...valid, '': 1 } }, 'VALIDATION_ERROR', '/'],
    ['__proto__', { body: plus('"__proto__":{"admin":true}') }, 'VALIDATION_ERROR', '/__proto__'],
    [
      'constructor',
      { body: plus('"constructor":{"prototype":{"x":1}}') },
      'VALIDATION_ERROR',
      '/constructor',
    ],
    ['toString', { body: plus('"toString":"x"') }, 'VALIDATION_ERROR', '/toString'],
    [
      '__proto__ below a field',
      { body: { ...valid, [text]: JSON.parse('{"__proto__":1}') } },
      'VALIDATION_ERROR',
      `/${text}/__proto__`,
    ],
    ['a null character', { body: withText('ab\\u0000c') }, 'VALIDATION_ERROR', `/${text}`],
    ['half a surrogate pair', { body: withText('ab\\ud83d') }, 'VALIDATION_ERROR', `/${text}`],
    ['a null character in a name', { body: plus('"a\\u0000b":1') }, 'VALIDATION_ERROR'],
  ]
}

/** Amounts that are none, as they would stand in the JSON. */
export const badAmounts = (valid: Record<string, unknown>): readonly Row[] => {
  const at = (json: string): Sent => ({
    body: JSON.stringify({ ...valid, amount: '@' }).replace('"@"', json),
  })
  const spellings = {
    zero: '0',
    'minus zero': '-0',
    'minus one': '-1',
    'a fraction': '100000.5',
    'a tiny amount': '1e-7',
    '2^53': '9007199254740992',
    '2^63': '9223372036854775808',
    '1e308': '1e308',
    'more than a double': '1e400',
    'an amount in quotes': '"100000"',
    'an amount in words': '"many"',
    null: 'null',
    true: 'true',
    'a list': '[100000]',
    'an object': '{"minor":1}',
    'an object that has a value': '{"valueOf":1}',
  }
  return Object.entries(spellings).map(([name, json]) => [
    `${name} as amount`,
    at(json),
    'VALIDATION_ERROR',
    '/amount',
  ])
}
