import { Type } from '@sinclair/typebox'
import { Elysia, t } from 'elysia'
import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import { oneOf } from '../core/schema.ts'
import { type Authenticate, authPlugin } from '../http/auth.ts'
import { requestIdOf } from '../http/context.ts'
import { parseIdempotencyKey } from '../http/idempotency.ts'
import { ErrorBody, strict } from '../http/schemas.ts'
import { Payment, PaymentAccepted, PaymentPage, PaymentRequest } from './model.ts'
import type { PaymentService } from './service.ts'
import { STATUSES } from './transitions.ts'

const PaymentId = strict({ id: Type.String({ description: 'The payment’s UUID' }) })

const PaymentQuery = strict({
  status: Type.Optional(oneOf(STATUSES)),
  created_from: Type.Optional(Type.String({ format: 'date-time', description: 'Created at or after' })),
  created_before: Type.Optional(Type.String({ format: 'date-time', description: 'Created before' })),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: 'next_cursor of the page before' })),
  limit: t.Integer({ minimum: 1, maximum: 200, default: 50 }),
})

const cursorOf = (cursor: string): string => {
  if (isUuid(cursor)) return cursor
  throw new AppError('VALIDATION_ERROR', 'Invalid query', [
    { path: '/cursor', message: 'must be a next_cursor' },
  ])
}

/** The payments' endpoints. */
export const paymentRoutes = (service: PaymentService, authenticate: Authenticate) =>
  new Elysia({ name: 'payments', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin(authenticate))
    .post(
      '',
      async ({ principal, body, request, set }) => {
        const key = parseIdempotencyKey(request.headers.get('idempotency-key'))
        const caller = { accountId: principal.accountId, requestId: requestIdOf(request) }
        const { body: accepted, replayed } = await service.accept(caller, body, key)
        set.status = 202
        if (replayed) set.headers['idempotent-replayed'] = 'true'
        return accepted
      },
      {
        auth: 'write',
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
          limit: query.limit,
          ...(query.status ? { status: query.status } : {}),
          ...(query.created_from ? { createdFrom: new Date(query.created_from) } : {}),
          ...(query.created_before ? { createdBefore: new Date(query.created_before) } : {}),
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
      '/:id/cancel',
      ({ principal, params, request }) =>
        service.cancel({ accountId: principal.accountId, requestId: requestIdOf(request) }, params.id),
      {
        auth: 'write',
        params: PaymentId,
        response: { 200: Payment, 404: ErrorBody, 409: ErrorBody },
        detail: { operationId: 'cancelPayment', summary: 'Cancel a payment that is still PENDING' },
      },
    )
