import { type Static, Type } from '@sinclair/typebox'
import { pageOf } from '../../core/page.ts'
import { Nullable, oneOf, strict, Timestamp } from '../../core/schema.ts'
import { ALL_TYPES, DeliveryId, EndpointId, EventId, rangeProperties } from '../model.ts'

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead', 'dropped'] as const

const Status = oneOf(DELIVERY_STATUSES, {
  description:
    'pending: will be attempted; delivered: got a 2xx; dead: given up, can be redriven; dropped: its endpoint was deleted or disabled by its owner',
})

const properties = {
  id: DeliveryId,
  event_id: EventId,
  event_type: oneOf(ALL_TYPES),
  endpoint_id: EndpointId,
  redelivery_of: Nullable(Type.String({ description: 'The first delivery, when this one was asked for' })),
  status: Status,
  attempts: Type.Integer({ minimum: 0, description: 'Attempts made so far' }),
  last_http_status: Nullable(Type.Integer({ description: 'Of the last attempt; null when no answer came' })),
  last_error: Nullable(Type.String()),
  created_at: Timestamp,
  last_attempt_at: Nullable(Timestamp),
  next_attempt_at: Nullable(Type.String({ format: 'date-time', description: 'null: at once, or never' })),
  delivered_at: Nullable(Timestamp),
}

export const Delivery = strict(properties, { title: 'WebhookDelivery' })

const Attempt = strict(
  {
    attempt: Type.Integer({ minimum: 1, description: 'Counts the attempts of this delivery' }),
    at: Type.String({ format: 'date-time', description: 'When it was sent' }),
    http_status: Nullable(Type.Integer({ description: 'null when no answer came' })),
    latency_ms: Type.Integer({ description: 'Until the answer or the failure, milliseconds' }),
    error: Nullable(Type.String()),
    response_excerpt: Nullable(Type.String({ description: 'The start of the answer’s text' })),
    next_attempt_at: Nullable(Timestamp),
  },
  { title: 'WebhookAttempt' },
)

export const DeliveryWithAttempts = strict(
  { ...properties, attempt_log: Type.Array(Attempt, { description: 'Every attempt, oldest first' }) },
  { title: 'WebhookDeliveryWithAttempts' },
)

export const DeliveryPage = pageOf(Delivery, 'WebhookDeliveryPage')

export const DeliveryQuery = strict({
  endpoint_id: Type.Optional(Type.String({ maxLength: 100 })),
  event_id: Type.Optional(Type.String({ maxLength: 100 })),
  payment_id: Type.Optional(
    Type.String({ format: 'uuid', description: 'Of the payment that the events are about' }),
  ),
  status: Type.Optional(oneOf(DELIVERY_STATUSES)),
  ...rangeProperties,
})

export type Delivery = Static<typeof Delivery>
export type DeliveryWithAttempts = Static<typeof DeliveryWithAttempts>
export type DeliveryPage = Static<typeof DeliveryPage>
export type DeliveryQuery = Static<typeof DeliveryQuery>
