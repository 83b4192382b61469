import { Elysia } from 'elysia'
import { deadLetterRoutes } from './dead-letters/routes.ts'
import { deliveryRoutes } from './deliveries/routes.ts'
import { endpointRoutes } from './endpoints/routes.ts'
import { eventRoutes } from './events/routes.ts'
import type { WebhookService } from './service.ts'

/** The API of webhooks: endpoints, events, deliveries and dead letters. */
export const webhookRoutes = (service: WebhookService) =>
  new Elysia({ name: 'webhooks' })
    .use(endpointRoutes(service))
    .use(eventRoutes(service))
    .use(deliveryRoutes(service))
    .use(deadLetterRoutes(service))
