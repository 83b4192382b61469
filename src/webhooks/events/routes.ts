import { Elysia } from 'elysia'
import { authPlugin } from '../../http/auth.ts'
import { shown } from '../../http/openapi/responses.ts'
import { ErrorBody } from '../../http/schemas.ts'
import { DELIVERY, EVENT } from '../examples.ts'
import { ById } from '../model.ts'
import { EventQuery, WebhookEventDetail, WebhookEventPage } from './model.ts'
import type { createEventService } from './service.ts'

type EventService = Pick<ReturnType<typeof createEventService>, 'listEvents' | 'getEvent'>

const BODY = {
  type: EVENT.type,
  timestamp: EVENT.created_at,
  data: { payment_id: EVENT.payment_id, sequence: EVENT.sequence, status: 'COMPLETED' },
}

/** What has happened, whether an endpoint wanted it or not. */
export const eventRoutes = (service: EventService) =>
  new Elysia({ name: 'webhooks.events', prefix: '/webhooks/events', tags: ['Webhooks'] })
    .use(authPlugin())
    .get('', ({ principal, query }) => service.listEvents(principal.accountId, query), {
      auth: 'read',
      query: EventQuery,
      response: { 200: WebhookEventPage, 400: ErrorBody },
      detail: {
        operationId: 'listWebhookEvents',
        summary: 'List events, newest first',
        'x-responses': { 200: shown('events', { data: [EVENT], next_cursor: null }) },
      },
    })
    .get('/:id', ({ principal, params }) => service.getEvent(principal.accountId, params.id), {
      auth: 'read',
      params: ById,
      response: { 200: WebhookEventDetail, 404: ErrorBody },
      detail: {
        operationId: 'getWebhookEvent',
        summary: 'Read an event, its body and its deliveries',
        'x-responses': { 200: shown('event', { ...EVENT, body: BODY, deliveries: [DELIVERY] }) },
      },
    })
