import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { PageQuery } from '../../core/page.ts'
import { authPlugin } from '../../http/auth.ts'
import { shown } from '../../http/openapi/responses.ts'
import { ErrorBody } from '../../http/schemas.ts'
import { DELIVERY, ENDPOINT, EVENT, ROTATED, SECRET } from '../examples.ts'
import { ById } from '../model.ts'
import {
  Endpoint,
  EndpointPage,
  EndpointRequest,
  EndpointUpdate,
  EndpointWithSecret,
  RotationRequest,
  TestAccepted,
} from './model.ts'
import type { createEndpointService } from './service.ts'

type EndpointService = ReturnType<typeof createEndpointService>

/** Where an account wants its events sent. */
export const endpointRoutes = (service: EndpointService) =>
  new Elysia({ name: 'webhooks.endpoints', prefix: '/webhooks/endpoints', tags: ['Webhooks'] })
    .use(authPlugin())
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
            'Events are posted to it, signed by Standard Webhooks, at least once each and in any order: tell repetitions by webhook-id, and order a payment’s events by data.sequence. Without event_types it gets every event but quote.expired, which has to be named.',
          'x-examples': {
            all: { summary: 'Every event', value: { url: ENDPOINT.url } },
            some: { summary: 'Some', value: { url: ENDPOINT.url, event_types: ENDPOINT.event_types } },
          },
          'x-responses': { 201: shown('endpoint', { ...ENDPOINT, secret: SECRET }) },
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
        'x-responses': { 200: shown('endpoints', { data: [ENDPOINT], next_cursor: null }) },
      },
    })
    .get('/:id', ({ principal, params }) => service.getEndpoint(principal.accountId, params.id), {
      auth: 'read',
      params: ById,
      response: { 200: Endpoint, 404: ErrorBody },
      detail: {
        operationId: 'getWebhookEndpoint',
        summary: 'Read an endpoint',
        'x-responses': { 200: shown('endpoint', ENDPOINT) },
      },
    })
    .patch(
      '/:id',
      ({ principal, params, body }) => service.updateEndpoint(principal.accountId, params.id, body),
      {
        auth: 'write',
        params: ById,
        body: EndpointUpdate,
        response: { 200: Endpoint, 404: ErrorBody },
        detail: {
          operationId: 'updateWebhookEndpoint',
          summary: 'Change, disable or enable an endpoint',
          description:
            'What is still on its way goes to the new URL. While the endpoint is disabled nothing is sent to it, what was on its way is dropped, and no new deliveries are made. event_types: null means every event that is on by default.',
          'x-examples': {
            enable: { summary: 'Enable it again', value: { enabled: true } },
            move: { summary: 'Move it', value: { url: ENDPOINT.url, description: 'The new order system' } },
          },
          'x-responses': { 200: shown('endpoint', ENDPOINT) },
        },
      },
    )
    .post(
      '/:id/rotate-secret',
      ({ principal, params, body }) =>
        service.rotateSecret(principal.accountId, params.id, body.overlap_seconds),
      {
        auth: 'write',
        params: ById,
        body: RotationRequest,
        response: { 200: EndpointWithSecret, 404: ErrorBody },
        detail: {
          operationId: 'rotateWebhookSecret',
          summary: 'Replace the signing secret',
          description:
            'During the overlap every attempt carries two signatures, the new secret’s first. 0 ends the old secret at once; a second rotation ends the overlap of the first.',
          'x-examples': {
            day: { summary: 'Both secrets for a day', value: {} },
            leaked: { summary: 'The old one has leaked', value: { overlap_seconds: 0 } },
          },
          'x-responses': { 200: shown('endpoint', ROTATED) },
        },
      },
    )
    .post(
      '/:id/test',
      async ({ principal, params, set }) => {
        const accepted = await service.testEndpoint(principal.accountId, params.id)
        set.status = 202
        return accepted
      },
      {
        auth: 'write',
        params: ById,
        response: { 202: TestAccepted, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'testWebhookEndpoint',
          summary: 'Send it a webhook.test event',
          description: 'Signed, retried and recorded as every other; read the delivery to see how it went.',
          'x-responses': { 202: shown('delivery', { delivery_id: DELIVERY.id, event_id: EVENT.id }) },
        },
      },
    )
    .delete(
      '/:id',
      async ({ principal, params, set }) => {
        await service.deleteEndpoint(principal.accountId, params.id)
        set.status = 204
      },
      {
        auth: 'write',
        params: ById,
        response: { 204: Type.Void(), 404: ErrorBody },
        detail: {
          operationId: 'deleteWebhookEndpoint',
          summary: 'Delete an endpoint',
          description: 'What is still on its way to it is dropped.',
        },
      },
    )
