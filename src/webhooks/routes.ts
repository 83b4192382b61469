import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Authenticate } from '../core/principal.ts'
import { authPlugin } from '../http/auth.ts'
import { ErrorBody } from '../http/schemas.ts'
import {
  Endpoint,
  EndpointPage,
  EndpointParams,
  EndpointRequest,
  EndpointWithSecret,
  PageQuery,
} from './model.ts'
import type { WebhookService } from './service.ts'

const EXAMPLE = {
  id: 'we_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
  url: 'https://example.com/hooks/ratelock',
  event_types: ['payment.completed', 'payment.failed'],
  enabled: true,
  disabled_reason: null,
  created_at: '2026-11-23T12:00:00.000Z',
}
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='

const shown = (value: object) => ({ examples: { endpoint: { value } } })

/** The API of webhook endpoints. */
export const webhookRoutes = (service: WebhookService, authenticate: Authenticate) =>
  new Elysia({ name: 'webhooks', prefix: '/webhooks/endpoints', tags: ['Webhooks'] })
    .use(authPlugin(authenticate))
    .post(
      '',
      async ({ principal, body, set }) => {
        const created = await service.createEndpoint(principal.accountId, body)
        set.status = 201
        return created
      },
      {
        auth: 'write',
        body: EndpointRequest,
        response: { 201: EndpointWithSecret, 409: ErrorBody },
        detail: {
          operationId: 'createWebhookEndpoint',
          summary: 'Register an endpoint',
          description:
            'Events are posted to it, signed by Standard Webhooks, at least once each and in any order: tell repetitions by webhook-id, and order a payment’s events by data.sequence.',
          'x-examples': {
            all: { summary: 'Every event', value: { url: EXAMPLE.url } },
            some: { summary: 'Chosen events', value: { url: EXAMPLE.url, event_types: EXAMPLE.event_types } },
          },
          'x-responses': { 201: shown({ ...EXAMPLE, secret: SECRET }) },
        },
      },
    )
    .get('', ({ principal, query }) => service.listEndpoints(principal.accountId, query), {
      auth: 'read',
      query: PageQuery,
      response: { 200: EndpointPage },
      detail: {
        operationId: 'listWebhookEndpoints',
        summary: 'List endpoints, newest first',
        'x-responses': { 200: shown({ data: [EXAMPLE], next_cursor: null }) },
      },
    })
    .get('/:id', ({ principal, params }) => service.getEndpoint(principal.accountId, params.id), {
      auth: 'read',
      params: EndpointParams,
      response: { 200: Endpoint, 404: ErrorBody },
      detail: {
        operationId: 'getWebhookEndpoint',
        summary: 'Read an endpoint',
        'x-responses': { 200: shown(EXAMPLE) },
      },
    })
    .delete(
      '/:id',
      async ({ principal, params, set }) => {
        await service.deleteEndpoint(principal.accountId, params.id)
        set.status = 204
      },
      {
        auth: 'write',
        params: EndpointParams,
        response: { 204: Type.Void(), 404: ErrorBody },
        detail: {
          operationId: 'deleteWebhookEndpoint',
          summary: 'Delete an endpoint',
          description: 'What is still on its way to it is dropped.',
        },
      },
    )
