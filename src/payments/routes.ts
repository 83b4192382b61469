import { Type } from '@sinclair/typebox'
import { Elysia, sse, t } from 'elysia'
import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import { parseInstant } from '../core/instant.ts'
import type { Principal } from '../core/principal.ts'
import { oneOf, strict } from '../core/schema.ts'
import { authPlugin, isStillAdmitted } from '../http/auth.ts'
import { requestIdOf } from '../http/context.ts'
import { parseIdempotencyKey } from '../http/idempotency.ts'
import { weightPlugin } from '../http/rate-limits.ts'
import { ErrorBody } from '../http/schemas.ts'
import type { PaymentFeed } from './feed.ts'
import { Payment, PaymentAccepted, PaymentPage, PaymentRequest, ReviewRequest } from './model.ts'
import { parseSearch, SCANNED } from './search.ts'
import type { Caller, PaymentService } from './service.ts'
import type { AuditEntry } from './sql/audit.ts'
import { STATUSES } from './transitions.ts'

const PaymentId = strict({ id: Type.String({ description: 'The payment’s UUID' }) })

const PAGE = 50

const PaymentQuery = strict({
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '\\S',
      error: 'must be text of 1 to 100 characters that is not only blanks',
      description: `The id of the payment or of its quote, else a part of source_account or destination_account in either case. A search by name looks at ${SCANNED} payments a page, newest first: a page may hold fewer entries than the limit, or none, and still have a next_cursor.`,
    }),
  ),
  status: Type.Optional(oneOf(STATUSES)),
  created_from: Type.Optional(Type.String({ format: 'date-time', description: 'Created at or after' })),
  created_before: Type.Optional(Type.String({ format: 'date-time', description: 'Created before' })),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: 'next_cursor of the page before' })),
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 200, default: PAGE })),
})

const cursorOf = (cursor: string): string => {
  if (isUuid(cursor)) return cursor
  throw new AppError('VALIDATION_ERROR', 'Invalid query', [
    { path: '/cursor', message: 'must be a next_cursor' },
  ])
}

const callerOf = ({ accountId, keyId }: Principal, request: Request): Caller => ({
  accountId,
  keyId,
  requestId: requestIdOf(request),
})

/** The version that a client has seen last, 0 for none. Nine digits fit the integer that a version is. */
const lastEventId = (header: string | null): number => {
  if (header === null) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const message = 'must be the id of an event, 1 to 9 digits'
  throw new AppError('VALIDATION_ERROR', `the Last-Event-ID header ${message}`, [
    { path: 'last-event-id', message },
  ])
}

const transitionEvent = ({ version, account_id: _own, ...data }: AuditEntry) => ({
  id: version,
  event: 'transition',
  data: { ...data, sequence: version },
})

/** The payments' endpoints. */
export const paymentRoutes = (service: PaymentService, feed: PaymentFeed) =>
  new Elysia({ name: 'payments', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin())
    .use(weightPlugin)
    .post(
      '',
      async ({ principal, body, request, set }) => {
        const key = parseIdempotencyKey(request.headers.get('idempotency-key'))
        const { body: accepted, replayed } = await service.accept(callerOf(principal, request), body, key)
        set.status = 202
        if (replayed) set.headers['idempotent-replayed'] = 'true'
        return accepted
      },
      {
        auth: 'write',
        weight: 2,
        body: PaymentRequest,
        response: { 202: PaymentAccepted, 400: ErrorBody, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'createPayment',
          summary: 'Pay a quote',
          description:
            'A 202 means that the payment is never lost. The quote is consumed; its expiry no longer matters.',
          parameters: [
            {
              name: 'Idempotency-Key',
              in: 'header',
              required: false,
              description:
                '1 to 255 printable characters. The same key and body again answer as the first time; another body is a 409.',
              schema: { type: 'string', minLength: 1, maxLength: 255 },
            },
          ],
        },
      },
    )
    .get(
      '',
      ({ principal, query }) =>
        service.list(principal.accountId, {
          limit: query.limit ?? PAGE,
          ...(query.search === undefined ? {} : { search: parseSearch(query.search) }),
          ...(query.status ? { status: query.status } : {}),
          ...(query.created_from ? { createdFrom: parseInstant('created_from', query.created_from) } : {}),
          ...(query.created_before
            ? { createdBefore: parseInstant('created_before', query.created_before) }
            : {}),
          ...(query.cursor === undefined ? {} : { after: cursorOf(query.cursor) }),
        }),
      {
        auth: 'read',
        query: PaymentQuery,
        response: { 200: PaymentPage, 400: ErrorBody },
        detail: { operationId: 'listPayments', summary: 'Payments, newest first' },
      },
    )
    .get('/:id', ({ principal, params }) => service.get(principal.accountId, params.id), {
      auth: 'read',
      params: PaymentId,
      response: { 200: Payment, 404: ErrorBody },
      detail: { operationId: 'getPayment', summary: 'A payment with its legs and state history' },
    })
    .get(
      '/:id/events',
      async function* ({ principal, params, request, server }) {
        const { accountId } = principal
        const after = lastEventId(request.headers.get('last-event-id'))
        // Before the first event, because the answer to a payment that is not theirs must be a 404.
        await service.get(accountId, params.id)
        // A stream may be silent for longer than the server lets a connection idle.
        server?.timeout(request, 0)
        const entries = feed.follow(accountId, params.id, after, request.signal)
        for await (const entry of entries) {
          // A key that was revoked meanwhile sees nothing more.
          if (!(await isStillAdmitted(request))) return
          yield entry ? sse(transitionEvent(entry)) : sse({ event: 'heartbeat', data: {} })
        }
      },
      {
        auth: 'read',
        params: PaymentId,
        response: { 400: ErrorBody, 404: ErrorBody },
        detail: {
          operationId: 'followPayment',
          summary: 'Its changes as server-sent events, until it ends',
          description: 'Starts with the first change, or after Last-Event-ID.',
          parameters: [
            {
              name: 'Last-Event-ID',
              in: 'header',
              required: false,
              description: 'The id of the last event that was seen; only later ones are sent',
              schema: { type: 'string', pattern: '^[0-9]{1,9}$' },
            },
          ],
          'x-responses': {
            200: {
              content: {
                'text/event-stream': {
                  schema: { type: 'string' },
                  example:
                    'id: 2\nevent: transition\ndata: {"payment_id":"d910ce80-3f54-46bf-a1b0-256234c6c08a","from_status":"PENDING","to_status":"ONRAMP_PENDING","exception":"none","message":"On-ramp transfer initiated","timestamp":"2026-11-23T12:00:01.000Z","sequence":2}\n\n',
                },
              },
            },
          },
        },
      },
    )
    .post(
      '/:id/review',
      ({ principal, params, body, request }) =>
        service.review(callerOf(principal, request), params.id, body.note),
      {
        auth: 'admin',
        params: PaymentId,
        body: ReviewRequest,
        response: { 200: Payment, 400: ErrorBody, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'reviewPayment',
          summary: 'Take the mark needs_review off a payment that has ended',
          description:
            'For a payout that came back: the mark stays until a person says what was decided, which the audit trail keeps.',
        },
      },
    )
    .post(
      '/:id/cancel',
      ({ principal, params, request }) => service.cancel(callerOf(principal, request), params.id),
      {
        auth: 'write',
        params: PaymentId,
        response: { 200: Payment, 404: ErrorBody, 409: ErrorBody },
        detail: { operationId: 'cancelPayment', summary: 'Cancel a payment that is still PENDING' },
      },
    )
