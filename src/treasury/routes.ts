import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { ErrorBody } from '../http/schemas.ts'
import { Exposure, ExposureQuery } from './model.ts'
import type { TreasuryService } from './service.ts'

/** GET /treasury/exposure. */
export const treasuryRoutes = (service: TreasuryService) =>
  new Elysia({ name: 'treasury', prefix: '/treasury', tags: ['Treasury'] })
    .use(authPlugin())
    .get('/exposure', ({ principal, query }) => service.exposure(principal.accountId, query.days), {
      auth: 'read',
      query: ExposureQuery,
      response: { 200: Exposure, 400: ErrorBody },
      detail: {
        operationId: 'getExposure',
        summary: 'Open locks at the present mid, and what past locks gained or lost',
      },
    })
