import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { requestIdOf } from '../../http/context.ts'
import { ErrorBody } from '../../http/schemas.ts'
import { ByProvider, Received } from './model.ts'
import type { InboundService } from './service.ts'

const RECEIVED: Received = { received: true }

const EXAMPLE =
  '{"eventId":"0b1c7c9e-2f0e-4c55-9a0c-3b6c0c8f9e11","eventType":"payments.transfers.completed","timestamp":"2026-11-23T12:02:10Z","data":{"transferId":"transfer_af2937b0","status":"completed"}}'

const shown = { 200: { examples: { received: { value: RECEIVED } } } }

/** Where providers send their events. No API key is asked for: a message is let in by the provider's own signature. */
export const inboundRoutes = (service: InboundService) =>
  new Elysia({ name: 'providers.inbound', prefix: '/providers', tags: ['Providers'] })
    .post(
      '/:provider/events',
      async ({ params, body, request }) => {
        const message = { headers: request.headers, body }
        await service.receive(params.provider, message, requestIdOf(request))
        return RECEIVED
      },
      {
        params: ByProvider,
        body: Type.String({ description: "The provider's own JSON, byte for byte as it was signed" }),
        response: { 200: Received, 401: ErrorBody, 404: ErrorBody, 503: ErrorBody },
        detail: {
          operationId: 'receiveProviderEvent',
          summary: 'Take an event that a provider sends',
          description:
            'For providers, not for clients. It needs no API key but the signature of the provider, and changes nothing by itself: the payment that it is about is asked about at once instead of at its next poll. A repeated event, and one about nothing of ours, are answered the same.',
          'x-examples': { transfer: { summary: "Coinbase's", value: EXAMPLE } },
          'x-responses': {
            ...shown,
            401: { description: 'Not signed by the provider' },
            404: { description: 'No such provider, or one that sends nothing' },
            503: { description: 'The signature cannot be checked right now; send it again' },
          },
        },
      },
    )
    .get(
      '/:provider/events',
      ({ params }) => {
        service.assertKnown(params.provider)
        return RECEIVED
      },
      {
        params: ByProvider,
        response: { 200: Received, 404: ErrorBody },
        detail: {
          operationId: 'checkProviderEvents',
          summary: 'Check that a provider may send events here',
          description: 'Circle looks with a HEAD request before it accepts the address.',
          'x-responses': shown,
        },
      },
    )
