import { Elysia } from 'elysia'
import { authPlugin } from '../../http/auth.ts'
import { shown } from '../../http/openapi/responses.ts'
import { weightPlugin } from '../../http/rate-limits.ts'
import { ErrorBody } from '../../http/schemas.ts'
import { DeliveryPage } from '../deliveries/model.ts'
import { DEAD, DELIVERY, ENDPOINT } from '../examples.ts'
import { DeadLetterQuery, RedriveAccepted, RedriveRequest } from './model.ts'
import type { createDeadLetterService } from './service.ts'

type DeadLetterService = ReturnType<typeof createDeadLetterService>

/** Deliveries that were given up. */
export const deadLetterRoutes = (service: DeadLetterService) =>
  new Elysia({ name: 'webhooks.dead-letters', prefix: '/webhooks/dead-letters', tags: ['Webhooks'] })
    .use(authPlugin())
    .use(weightPlugin)
    .get('', ({ principal, query }) => service.listDeadLetters(principal.accountId, query), {
      auth: 'read',
      query: DeadLetterQuery,
      response: { 200: DeliveryPage, 400: ErrorBody },
      detail: {
        operationId: 'listWebhookDeadLetters',
        summary: 'List deliveries that were given up, newest first',
        description: 'GET /webhooks/deliveries/:id shows the attempts of one.',
        'x-responses': { 200: shown('deliveries', { data: [DEAD], next_cursor: null }) },
      },
    })
    .post(
      '/redrive',
      async ({ principal, body, set }) => {
        const accepted = await service.redrive(principal.accountId, body)
        set.status = 202
        return accepted
      },
      {
        auth: 'write',
        weight: 10,
        body: RedriveRequest,
        response: { 202: RedriveAccepted, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'redriveWebhookDeadLetters',
          summary: 'Take dead deliveries up again',
          description:
            'They are pending again, oldest first, and their retry schedule starts over; their attempts go on counting. At most 1,000 in one call. Those whose endpoint is disabled or deleted stay dead.',
          'x-examples': {
            some: { summary: 'These', value: { delivery_ids: [DELIVERY.id] } },
            endpoint: { summary: 'All of one endpoint', value: { endpoint_id: ENDPOINT.id } },
            all: { summary: 'All of the account', value: { all: true } },
          },
          'x-responses': { 202: shown('redriven', { redriven: 17, more: false }) },
        },
      },
    )
