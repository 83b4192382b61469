import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { MarketView } from './model.ts'
import type { MarketService } from './service.ts'

/** GET /market. */
export const marketRoutes = (market: Pick<MarketService, 'view'>) =>
  new Elysia({ name: 'market', prefix: '/market', tags: ['Market'] })
    .use(authPlugin())
    .get('', () => market.view(), {
      auth: 'read',
      response: { 200: MarketView },
      detail: {
        operationId: 'getMarket',
        summary: 'Market data that rates and fees are made of, and how its sources are doing',
        description:
          'From the memory of the process that answers: no source is asked. Processes share what they read, so they differ by seconds at most.',
      },
    })
