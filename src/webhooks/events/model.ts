import { type Static, Type } from '@sinclair/typebox'
import { pageOf } from '../../core/page.ts'
import { Nullable, oneOf, strict, Timestamp } from '../../core/schema.ts'
import { Delivery } from '../deliveries/model.ts'
import { ALL_TYPES, EventId, rangeProperties } from '../model.ts'

const properties = {
  id: EventId,
  type: oneOf(ALL_TYPES),
  payment_id: Nullable(Type.String({ description: 'The payment it is about' })),
  quote_id: Nullable(Type.String({ description: 'The quote it is about, quote_ and a UUID' })),
  sequence: Nullable(Type.Integer({ description: 'Orders the events of a payment' })),
  created_at: Timestamp,
}

export const WebhookEvent = strict(properties, { title: 'WebhookEvent' })

export const WebhookEventDetail = strict(
  {
    ...properties,
    body: Type.Unsafe<Record<string, unknown>>(
      Type.Object({}, { additionalProperties: true, description: 'What receivers get, as it was frozen' }),
    ),
    deliveries: Type.Array(Delivery, { description: 'Newest first' }),
  },
  { title: 'WebhookEventDetail' },
)

export const WebhookEventPage = pageOf(WebhookEvent, 'WebhookEventPage')

export const EventQuery = strict({
  type: Type.Optional(oneOf(ALL_TYPES)),
  payment_id: Type.Optional(Type.String({ format: 'uuid' })),
  ...rangeProperties,
})

export type WebhookEvent = Static<typeof WebhookEvent>
export type WebhookEventDetail = Static<typeof WebhookEventDetail>
export type WebhookEventPage = Static<typeof WebhookEventPage>
export type EventQuery = Static<typeof EventQuery>
