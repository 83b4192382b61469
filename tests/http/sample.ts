import { Type } from '@sinclair/typebox'
import { Elysia, sse, t } from 'elysia'
import pino from 'pino'
import { createApp, type Edge } from '../../src/app.ts'
import { AppError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import type { Authenticate } from '../../src/core/principal.ts'
import { strict } from '../../src/core/schema.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { type RateLimiting, weightPlugin } from '../../src/http/rate-limits.ts'
import { ErrorBody } from '../../src/http/schemas.ts'

const Transfer = strict(
  {
    amount: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    currency: Type.Union([Type.Literal('USD'), Type.Literal('EUR')]),
    payee: strict({ account: Type.String({ minLength: 3, maxLength: 100 }) }),
    tags: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })),
    note: Type.Optional(Type.Union([Type.String({ maxLength: 10 }), Type.Null()])),
    target: Type.Optional(
      Type.Union([
        strict({ kind: Type.Literal('bank'), iban: Type.String({ minLength: 15 }) }),
        strict({ kind: Type.Literal('wallet'), chain: Type.Literal('base') }),
      ]),
    ),
  },
  { title: 'Transfer' },
)
const Receipt = strict(
  { id: Type.String({ examples: ['transfer_1'] }), account: Type.String(), amount: Type.Integer() },
  { title: 'Receipt' },
)
const Id = strict({ id: Type.String({ pattern: '^transfer_', error: 'must be a transfer id' }) })

const receipt = (account: string, amount: number) => ({ id: 'transfer_1', account, amount })

async function* endless() {
  for (;;) {
    yield sse({ data: 'tick' })
    await Bun.sleep(10)
  }
}

/** A controller that uses everything the kit offers, and routes that fail in every way. */
export const sampleRoutes = (fault: () => Error) =>
  new Elysia({ name: 'sample', prefix: '/transfers', tags: ['Transfers'] })
    .use(authPlugin())
    .use(weightPlugin)
    .post(
      '/',
      ({ body, principal, set }) => {
        if (body.amount === 13)
          throw new AppError('IDEMPOTENCY_CONFLICT', 'this key was used for another transfer')
        if (body.amount === 14)
          throw new AppError('RATE_LIMITED', 'slow down', undefined, { retryAfterSeconds: 7 })
        set.status = 202
        set.headers['x-replayed'] = 'false'
        return receipt(principal.accountId, body.amount)
      },
      {
        auth: 'write',
        weight: 3,
        body: Transfer,
        response: { 202: Receipt, 409: ErrorBody },
        detail: {
          operationId: 'createTransfer',
          summary: 'Start a transfer',
          'x-examples': {
            euros: { value: { amount: 100, currency: 'EUR', payee: { account: 'acc_1' } } },
          },
          'x-responses': {
            202: {
              description: 'Accepted and never lost',
              headers: { 'x-replayed': { schema: { type: 'boolean' } } },
              examples: { euros: { value: receipt('acc_demo', 100) } },
            },
          },
        },
      },
    )
    .get('/', ({ query, principal }) => receipt(principal.accountId, query.limit ?? 0), {
      auth: 'read',
      query: strict({
        limit: t.Optional(t.Numeric({ minimum: 1, maximum: 100, multipleOf: 1 })),
        kind: Type.Optional(Type.Union([Type.Literal('sent'), Type.Literal('received')])),
      }),
      response: { 200: Receipt },
      detail: { operationId: 'listTransfers' },
    })
    .get('/:id', ({ params, principal }) => ({ ...receipt(principal.accountId, 1), id: params.id }), {
      auth: 'read',
      params: Id,
      response: { 200: Receipt, 404: ErrorBody },
      detail: { operationId: 'getTransfer' },
    })
    .post('/:id/cancel', ({ params, principal }) => ({ ...receipt(principal.accountId, 1), id: params.id }), {
      auth: 'write',
      params: Id,
      response: { 200: Receipt },
      detail: { operationId: 'cancelTransfer' },
    })
    .post('/signed', ({ body }) => ({ text: body }), {
      body: Type.String(),
      response: { 200: strict({ text: Type.String() }) },
    })
    .post('/echo', ({ body }) => body, { body: Type.Unknown(), detail: { hide: true } })
    .post('/defaults', ({ body }) => ({ limit: body.limit }), {
      body: strict({ limit: Type.Integer({ default: 5 }) }),
      detail: { hide: true },
    })
    .get('/stream', endless, { detail: { hide: true } })
    .get('/fault', () => Promise.reject(fault()), { detail: { hide: true } })
    .get('/wrong', () => ({ ...receipt('acc', 1), secret: 'leak' }), {
      response: { 200: Receipt },
      detail: { hide: true },
    })
    .delete(
      '/:id',
      ({ set }) => {
        set.status = 204
      },
      {
        auth: 'admin',
        params: Id,
        response: { 204: Type.Void() },
        detail: { operationId: 'deleteTransfer' },
      },
    )

const keys: Readonly<Record<string, readonly ('read' | 'write' | 'admin')[]>> = {
  'Bearer all': ['read', 'write', 'admin'],
  'Bearer reader': ['read'],
}

export const byKey: Authenticate = (request) => {
  const scopes = keys[request.headers.get('authorization') ?? '']
  if (!scopes) throw new AppError('UNAUTHORIZED', 'this needs an API key')
  return { accountId: 'acc_demo', scopes: new Set(scopes) }
}

interface LogLine {
  level: string
  msg: string
  [key: string]: unknown
}

/** The sample application with what it logs. `fault` is what GET /transfers/fault throws. */
export const sampleApp = (
  options: {
    authenticate?: Authenticate
    fault?: Error
    ready?: () => Promise<Record<string, boolean>>
    limits?: RateLimiting
    edge?: Partial<Edge>
  } = {},
) => {
  const lines: LogLine[] = []
  const log = pino(
    { level: 'debug', formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  const { limits, edge } = options
  const known = options.authenticate ?? byKey
  const authenticate = limits ? limits.guard(known) : known
  const app = createApp({
    ids: randomIds,
    log,
    authenticate,
    version: '1.2.3',
    ready: options.ready ?? (async () => ({ database: true })),
    routes: [sampleRoutes(() => options.fault ?? new Error('secret: connection string'))],
    ...(limits ? { limits } : {}),
    ...(edge ? { edge } : {}),
  })
  const send = async (
    method: string,
    path: string,
    body?: BodyInit | null,
    headers: Record<string, string> = {},
  ) => {
    const request = new Request(`http://localhost${path}`, {
      method,
      body: body ?? null,
      headers: { authorization: 'Bearer all', ...headers },
    })
    const response = await app.handle(request)
    const text = await response.text()
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json')
    const answer = isJson ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, body: answer }
  }
  return { app, lines, send }
}

export const TRANSFER = { amount: 100, currency: 'EUR', payee: { account: 'acc_1' } }
