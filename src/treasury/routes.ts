import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { ErrorBody } from '../http/schemas.ts'
import { Exposure, ExposureQuery, LockBuffer, LockBufferQuery } from './model.ts'
import type { TreasuryService } from './service.ts'

/** GET /treasury/exposure and /treasury/lock-buffer. */
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
    .get('/lock-buffer', ({ query }) => service.lockBuffer(query), {
      auth: 'read',
      query: LockBufferQuery,
      response: { 200: LockBuffer, 400: ErrorBody },
      detail: {
        operationId: 'getLockBuffer',
        summary: 'What locking a pair’s rate costs, now and after each publication',
        description:
          'Measured on the rates of the last 180 days that a market source has published, of which each process knows a new one after ten minutes at most.',
      },
    })
