import { Elysia } from 'elysia'
import type { Authenticate } from '../core/principal.ts'
import { deadLetterRoutes } from './dead-letters/routes.ts'
import { deliveryRoutes } from './deliveries/routes.ts'
import { endpointRoutes } from './endpoints/routes.ts'
import { eventRoutes } from './events/routes.ts'
import type { WebhookService } from './service.ts'

/** The API of webhooks: endpoints, events, deliveries and dead letters. */
export const webhookRoutes = (service: WebhookService, authenticate: Authenticate) =>
  new Elysia({ name: 'webhooks' })
    .use(endpointRoutes(service, authenticate))
    .use(eventRoutes(service, authenticate))
    .use(deliveryRoutes(service, authenticate))
    .use(deadLetterRoutes(service, authenticate))
