import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { ProviderList } from './model.ts'
import type { Router } from './router.ts'
import { providerView } from './view.ts'

/** GET /providers. */
export const providerRoutes = (router: Pick<Router, 'report'>) =>
  new Elysia({ name: 'providers', prefix: '/providers', tags: ['Providers'] })
    .use(authPlugin())
    .get('', () => ({ data: router.report().map(providerView) }), {
      auth: 'read',
      response: { 200: ProviderList },
      detail: {
        operationId: 'listProviders',
        summary: 'Who carries out the legs, what they serve, and how they are doing',
        description:
          'As the process that answers knows it: breaker and failing come of its own calls, and processes that share a database may differ in them. No provider is asked.',
      },
    })
