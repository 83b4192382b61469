import type { AnyElysia } from 'elysia'
import { keyRoutes } from './accounts/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { feeRoutes } from './fees/routes.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { marketRoutes } from './market/routes.ts'
import { operationsRoutes } from './operations/routes.ts'
import { paymentEventRoutes } from './payments/feed/routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { inboundRoutes } from './providers/inbound/routes.ts'
import { providerRoutes } from './providers/routes.ts'
import { quoteRoutes } from './quotes/routes.ts'
import type { Services } from './services.ts'
import { treasuryRoutes } from './treasury/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

/** Every route of the domains, in the order in which the documentation lists them. */
export const routesOf = (services: Services): AnyElysia[] => [
  feeRoutes(services.fees),
  quoteRoutes(services.quotes),
  paymentRoutes(services.payments),
  paymentEventRoutes(services.payments, services.feed),
  ledgerRoutes(services.ledger),
  auditRoutes(services.audit),
  treasuryRoutes(services.treasury),
  marketRoutes(services.market),
  providerRoutes(services.router),
  inboundRoutes(services.inbound),
  webhookRoutes(services.webhooks),
  keyRoutes(services.accounts),
  operationsRoutes(services.operations),
]
