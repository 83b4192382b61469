import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { strict } from '../core/schema.ts'
import { authPlugin } from '../http/auth.ts'
import { ErrorBody } from '../http/schemas.ts'
import { PaymentLedger } from './model.ts'
import type { LedgerService } from './service.ts'

/** GET /payments/:id/ledger. */
export const ledgerRoutes = (service: LedgerService) =>
  new Elysia({ name: 'ledger', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin())
    .get('/:id/ledger', ({ principal, params }) => service.get(principal.accountId, params.id), {
      auth: 'read',
      params: strict({ id: Type.String({ description: 'The payment’s UUID' }) }),
      response: { 200: PaymentLedger, 404: ErrorBody },
      detail: {
        operationId: 'getPaymentLedger',
        summary: 'Its double-entry journal, and what the lock gained or lost',
      },
    })
