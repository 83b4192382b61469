import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { strict } from '../core/schema.ts'
import { authPlugin } from '../http/auth.ts'
import { weightPlugin } from '../http/rate-limits.ts'
import { ErrorBody } from '../http/schemas.ts'
import { Quote, QuoteRequest, QuoteWithStatus } from './model.ts'
import type { QuoteService } from './service.ts'

/** POST /quotes and GET /quotes/:id. */
export const quoteRoutes = (service: QuoteService) =>
  new Elysia({ name: 'quotes', prefix: '/quotes', tags: ['Quotes'] })
    .use(authPlugin())
    .use(weightPlugin)
    .post('', ({ principal, body }) => service.create(principal.accountId, body), {
      auth: 'write',
      weight: 2,
      body: QuoteRequest,
      response: { 200: Quote, 400: ErrorBody, 404: ErrorBody, 409: ErrorBody, 503: ErrorBody },
      detail: { operationId: 'createQuote', summary: 'Lock a rate and fees for 60 seconds' },
    })
    .get('/:id', ({ principal, params }) => service.get(principal.accountId, params.id), {
      auth: 'read',
      params: strict({ id: Type.String({ description: 'quote_ and a UUID' }) }),
      response: { 200: QuoteWithStatus, 404: ErrorBody },
      detail: { operationId: 'getQuote', summary: 'A quote and whether it is open, used or expired' },
    })
