import type { AnyElysia } from 'elysia'
import type { Authenticate } from './core/principal.ts'
import { feeRoutes } from './fees/routes.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { inboundRoutes } from './providers/inbound/routes.ts'
import { quoteRoutes } from './quotes/routes.ts'
import type { Services } from './services.ts'
import { treasuryRoutes } from './treasury/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

/** Every route of the domains, in the order in which the documentation lists them. */
export const routesOf = (services: Services, authenticate: Authenticate): AnyElysia[] => [
  feeRoutes(services.fees, authenticate),
  quoteRoutes(services.quotes, authenticate),
  paymentRoutes(services.payments, services.feed, authenticate),
  ledgerRoutes(services.ledger, authenticate),
  treasuryRoutes(services.treasury, authenticate),
  inboundRoutes(services.inbound),
  webhookRoutes(services.webhooks, authenticate),
]
