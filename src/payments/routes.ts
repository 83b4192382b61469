import { Type } from '@sinclair/typebox'
import { Elysia, t } from 'elysia'
import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import { parseInstant } from '../core/instant.ts'
import type { Principal } from '../core/principal.ts'
import { oneOf, strict } from '../core/schema.ts'
import { authPlugin } from '../http/auth.ts'
import { notePayment, requestIdOf } from '../http/context.ts'
import { parseIdempotencyKey } from '../http/idempotency.ts'
import { weightPlugin } from '../http/rate-limits.ts'
import { ErrorBody } from '../http/schemas.ts'
import { Payment, PaymentAccepted, PaymentPage, PaymentRequest, ReviewRequest } from './model.ts'
import { parseSearch, SCANNED } from './search.ts'
import type { Caller, PaymentService } from './service.ts'
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

/** The payments' endpoints. */
export const paymentRoutes = (service: PaymentService) =>
  new Elysia({ name: 'payments', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin())
    .use(weightPlugin)
    .post(
      '',
      async ({ principal, body, request, set }) => {
        const key = parseIdempotencyKey(request.headers.get('idempotency-key'))
        const { body: accepted, replayed } = await service.accept(callerOf(principal, request), body, key)
        notePayment(request, accepted.payment_id)
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
