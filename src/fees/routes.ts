import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { weightPlugin } from '../http/rate-limits.ts'
import { ErrorBody } from '../http/schemas.ts'
import { FeeAnswer, FeeRequest } from './model.ts'
import type { FeeService } from './service.ts'

/** POST /fees/calculate. */
export const feeRoutes = (service: FeeService) =>
  new Elysia({ name: 'fees', prefix: '/fees', tags: ['Fees'] })
    .use(authPlugin())
    .use(weightPlugin)
    .post('/calculate', ({ principal, body }) => service.calculate(principal.accountId, body), {
      auth: 'write',
      weight: 5,
      body: FeeRequest,
      response: { 200: FeeAnswer, 400: ErrorBody, 503: ErrorBody },
      detail: {
        operationId: 'calculateFees',
        summary: 'Choose chain and providers for a conversion, with the fees',
      },
    })
