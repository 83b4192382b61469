import { type Static, Type } from '@sinclair/typebox'
import { pageOf } from '../../core/page.ts'
import { Nullable, oneOf, strict, Timestamp } from '../../core/schema.ts'
import { DeliveryId, EndpointId, EVENT_TYPES, EventId, type EventType } from '../model.ts'

/** Most endpoints of one account. Each event costs a delivery for every one of them. */
export const MAX_ENDPOINTS = 20
const MAX_URL_LENGTH = 2048
const DAY_SECONDS = 86_400

const EventTypes = Type.Array(oneOf<EventType>(EVENT_TYPES), {
  minItems: 1,
  uniqueItems: true,
  description: 'The events to send',
})
const Url = Type.String({
  minLength: 1,
  maxLength: MAX_URL_LENGTH,
  description: 'Where events are posted: https, on a public address, without credentials or fragment',
  examples: ['https://example.com/hooks/ratelock'],
})
const Description = Type.String({ maxLength: 200, description: 'A note of yours' })

export const EndpointRequest = strict(
  { url: Url, event_types: Type.Optional(EventTypes), description: Type.Optional(Nullable(Description)) },
  { title: 'WebhookEndpointRequest' },
)

export const EndpointUpdate = strict(
  {
    url: Type.Optional(Url),
    event_types: Type.Optional(
      Type.Union([EventTypes, Type.Null()], {
        error: `must be null or a list of different event types: ${EVENT_TYPES.join(', ')}`,
      }),
    ),
    enabled: Type.Optional(
      Type.Boolean({ description: 'true also forgets why it was disabled and how long it has failed' }),
    ),
    description: Type.Optional(Nullable(Description)),
  },
  { title: 'WebhookEndpointUpdate', minProperties: 1 },
)

export const RotationRequest = strict(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 7 * DAY_SECONDS,
        default: DAY_SECONDS,
        description: 'How long the old secret signs too, beside the new one',
      }),
    ),
  },
  { title: 'WebhookSecretRotation' },
)

const properties = {
  id: EndpointId,
  url: Type.String(),
  description: Nullable(Type.String()),
  event_types: Nullable(EventTypes),
  enabled: Type.Boolean({ description: 'A disabled endpoint is sent nothing' }),
  disabled_reason: Nullable(Type.String({ description: 'Why it was disabled' })),
  failing_since: Nullable(
    Type.String({ format: 'date-time', description: 'Every attempt since then has failed' }),
  ),
  previous_secret_expires_at: Nullable(
    Type.String({ format: 'date-time', description: 'Until then the secret before signs too' }),
  ),
  created_at: Timestamp,
}

export const Endpoint = strict(properties, { title: 'WebhookEndpoint' })

export const EndpointWithSecret = strict(
  {
    ...properties,
    secret: Type.String({ description: 'Signing secret (Standard Webhooks). It is shown only this once.' }),
  },
  { title: 'WebhookEndpointWithSecret' },
)

export const EndpointPage = pageOf(Endpoint, 'WebhookEndpointPage')

export const TestAccepted = strict(
  { delivery_id: DeliveryId, event_id: EventId },
  { title: 'WebhookTestAccepted' },
)

export type EndpointRequest = Static<typeof EndpointRequest>
export type EndpointUpdate = Static<typeof EndpointUpdate>
export type Endpoint = Static<typeof Endpoint>
export type EndpointWithSecret = Static<typeof EndpointWithSecret>
export type EndpointPage = Static<typeof EndpointPage>
export type TestAccepted = Static<typeof TestAccepted>
