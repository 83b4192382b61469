import { Type } from '@sinclair/typebox'
import { pageProperties } from '../core/page.ts'
import { strict } from '../core/schema.ts'

/** Every event that an endpoint can ask for. */
export const EVENT_TYPES = [
  'payment.created',
  'payment.updated',
  'payment.completed',
  'payment.failed',
  'payment.refunded',
  'payment.needs_review',
  'payment.returned',
  'quote.expired',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Sent only to an endpoint that names them: most accounts ask for far more quotes than they pay. */
export const OFF_BY_DEFAULT: readonly EventType[] = ['quote.expired']

/** What POST /webhooks/endpoints/:id/test sends; it cannot be asked for. */
export const TEST_EVENT = 'webhook.test'

/** Every type that an event can have. */
export const ALL_TYPES = [...EVENT_TYPES, TEST_EVENT] as const

/** The ids of the API: a prefix and a UUID. An event's is also the webhook-id that receivers see. */
export const EndpointId = Type.String({ description: 'we_ and a UUID' })
export const EventId = Type.String({ description: 'evt_ and a UUID; receivers get it as webhook-id' })
export const DeliveryId = Type.String({ description: 'wd_ and a UUID' })

/** The path parameter of everything that is found by its id. */
export const ById = strict({ id: Type.String({ maxLength: 100, description: 'The id, prefix and UUID' }) })

const range = {
  created_from: Type.Optional(Type.String({ format: 'date-time', description: 'Created at or after' })),
  created_before: Type.Optional(Type.String({ format: 'date-time', description: 'Created before' })),
}

/** The properties of a query that is paged and filtered by time. */
export const rangeProperties = { ...range, ...pageProperties }
