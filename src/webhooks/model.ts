import { type Static, Type } from '@sinclair/typebox'
import { t } from 'elysia'
import { strict } from '../core/schema.ts'

/** Every event that an endpoint can be sent. */
export const EVENT_TYPES = [
  'payment.created',
  'payment.updated',
  'payment.completed',
  'payment.failed',
  'payment.refunded',
  'payment.needs_review',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Most endpoints of one account. Each event costs a delivery for every one of them. */
export const MAX_ENDPOINTS = 20
const MAX_URL_LENGTH = 2048

const OneOf = Type.Unsafe<EventType>(Type.Union(EVENT_TYPES.map((type) => Type.Literal(type))))
const EventTypes = Type.Array(OneOf, {
  minItems: 1,
  uniqueItems: true,
  description: 'The events to send',
})

export const EndpointRequest = strict(
  {
    url: Type.String({
      minLength: 1,
      maxLength: MAX_URL_LENGTH,
      description: 'Where events are posted: https, on a public address, without credentials or fragment',
      examples: ['https://example.com/hooks/ratelock'],
    }),
    event_types: Type.Optional(EventTypes),
  },
  { title: 'WebhookEndpointRequest' },
)

const properties = {
  id: Type.String({ description: 'we_ and a UUID' }),
  url: Type.String(),
  event_types: Type.Union([EventTypes, Type.Null()], { description: 'null: every event' }),
  enabled: Type.Boolean({ description: 'A disabled endpoint is sent nothing' }),
  disabled_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it was disabled' }),
  created_at: Type.String({ format: 'date-time' }),
}

export const Endpoint = strict(properties, { title: 'WebhookEndpoint' })

export const EndpointWithSecret = strict(
  {
    ...properties,
    secret: Type.String({ description: 'Signing secret (Standard Webhooks). It is shown only this once.' }),
  },
  { title: 'WebhookEndpointWithSecret' },
)

export const EndpointPage = strict(
  {
    data: Type.Array(Endpoint, { description: 'Newest first' }),
    next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page' }),
  },
  { title: 'WebhookEndpointPage' },
)

export const PageQuery = strict({
  limit: t.Optional(
    t.Numeric({
      minimum: 1,
      maximum: 100,
      multipleOf: 1,
      default: 20,
      description: 'Most entries of a page',
    }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 100, description: 'next_cursor of the page before' })),
})

export const EndpointParams = strict({ id: Type.String({ maxLength: 100, description: 'we_ and a UUID' }) })

export type EndpointRequest = Static<typeof EndpointRequest>
export type Endpoint = Static<typeof Endpoint>
export type EndpointWithSecret = Static<typeof EndpointWithSecret>
export type EndpointPage = Static<typeof EndpointPage>
export type PageQuery = Static<typeof PageQuery>
