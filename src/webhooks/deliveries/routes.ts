import { Elysia } from 'elysia'
import { authPlugin } from '../../http/auth.ts'
import { shown } from '../../http/openapi/responses.ts'
import { ErrorBody } from '../../http/schemas.ts'
import { ATTEMPT, DELIVERY } from '../examples.ts'
import { ById } from '../model.ts'
import { DeliveryPage, DeliveryQuery, DeliveryWithAttempts } from './model.ts'
import type { createDeliveryService } from './service.ts'

type DeliveryService = ReturnType<typeof createDeliveryService>

const REPEATED = {
  ...DELIVERY,
  id: 'wd_0191d3b0-77aa-7d21-8c5e-1f2e3d4c5b6a',
  redelivery_of: DELIVERY.id,
  attempts: 0,
  last_http_status: null,
  last_error: null,
  last_attempt_at: null,
  next_attempt_at: null,
  attempt_log: [],
}

/** Each event on its way to each endpoint. */
export const deliveryRoutes = (service: DeliveryService) =>
  new Elysia({ name: 'webhooks.deliveries', prefix: '/webhooks/deliveries', tags: ['Webhooks'] })
    .use(authPlugin())
    .get('', ({ principal, query }) => service.listDeliveries(principal.accountId, query), {
      auth: 'read',
      query: DeliveryQuery,
      response: { 200: DeliveryPage, 400: ErrorBody },
      detail: {
        operationId: 'listWebhookDeliveries',
        summary: 'List deliveries, newest first',
        'x-responses': { 200: shown('deliveries', { data: [DELIVERY], next_cursor: null }) },
      },
    })
    .get('/:id', ({ principal, params }) => service.getDelivery(principal.accountId, params.id), {
      auth: 'read',
      params: ById,
      response: { 200: DeliveryWithAttempts, 404: ErrorBody },
      detail: {
        operationId: 'getWebhookDelivery',
        summary: 'Read a delivery with every attempt',
        'x-responses': { 200: shown('delivery', { ...DELIVERY, attempt_log: [ATTEMPT] }) },
      },
    })
    .post(
      '/:id/redeliver',
      async ({ principal, params, set }) => {
        const made = await service.redeliver(principal.accountId, params.id)
        set.status = 202
        return made
      },
      {
        auth: 'write',
        params: ById,
        response: { 202: DeliveryWithAttempts, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'redeliverWebhook',
          summary: 'Deliver the event once more',
          description:
            'Makes a new delivery that names the first one. The receiver sees the same webhook-id, so that it can tell the repetition.',
          'x-responses': { 202: shown('delivery', REPEATED) },
        },
      },
    )
