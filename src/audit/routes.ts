import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { strict } from '../core/schema.ts'
import { authPlugin } from '../http/auth.ts'
import { shown } from '../http/openapi/responses.ts'
import { ErrorBody } from '../http/schemas.ts'
import { GENESIS } from './chain.ts'
import { PaymentAudit } from './model.ts'
import type { AuditService } from './service.ts'

const ACCEPTED = {
  version: 1,
  from_status: null,
  to_status: 'PENDING',
  exception: 'none',
  actor: 'api:key_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
  message: 'Payment accepted',
  reason: null,
  provider: null,
  leg: null,
  attempt: null,
  job_id: null,
  request_id: '0191d3a5-1b2c-7d3e-8f40-5a6b7c8d9e0f',
  timestamp: '2026-11-23T12:00:00.000Z',
  seal: {
    sequence: 1,
    hash: 'db6ac6b0ef7d5b5cd2a3eda0bb7c2bb6e11d8a5e3c3a6e0f5cbd5b6b1a1c9e42',
    previous_hash: GENESIS,
  },
}

const INITIATED = {
  ...ACCEPTED,
  version: 2,
  from_status: 'PENDING',
  to_status: 'ONRAMP_PENDING',
  actor: 'worker',
  message: 'On-ramp transfer initiated',
  provider: 'sandbox_a',
  leg: 'onramp',
  attempt: 1,
  job_id: '0191d3a5-2c3d-7e4f-9051-6b7c8d9e0f10',
  request_id: null,
  timestamp: '2026-11-23T12:00:01.000Z',
  seal: null,
}

/** GET /payments/:id/audit. */
export const auditRoutes = (service: AuditService) =>
  new Elysia({ name: 'audit', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin())
    .get('/:id/audit', ({ principal, params }) => service.get(principal.accountId, params.id), {
      auth: 'read',
      params: strict({ id: Type.String({ description: 'The payment’s UUID' }) }),
      response: { 200: PaymentAudit, 404: ErrorBody },
      detail: {
        operationId: 'getPaymentAudit',
        summary: 'Its audit trail: every change, who made it, and its link in the hash chain',
        'x-responses': {
          200: shown('audit', {
            payment_id: 'd910ce80-3f54-46bf-a1b0-256234c6c08a',
            entries: [ACCEPTED, INITIATED],
          }),
        },
      },
    })
