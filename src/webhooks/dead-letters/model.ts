import { type Static, Type } from '@sinclair/typebox'
import { pageProperties } from '../../core/page.ts'
import { strict } from '../../core/schema.ts'
import { DeliveryId, EndpointId } from '../model.ts'

/** Most deliveries that one call redrives. */
export const REDRIVEN_AT_ONCE = 1_000

export const DeadLetterQuery = strict({
  endpoint_id: Type.Optional(Type.String({ maxLength: 100 })),
  ...pageProperties,
})

export const RedriveRequest = strict(
  {
    delivery_ids: Type.Optional(
      Type.Array(DeliveryId, { minItems: 1, maxItems: 100, uniqueItems: true, description: 'These' }),
    ),
    endpoint_id: Type.Optional(EndpointId),
    all: Type.Optional(Type.Literal(true, { description: 'Every one of the account' })),
  },
  { title: 'WebhookRedriveRequest', description: 'Exactly one of the three' },
)

export const RedriveAccepted = strict(
  {
    redriven: Type.Integer({ minimum: 0, description: 'Deliveries that are on their way again' }),
    more: Type.Boolean({ description: 'true when others are left: call again' }),
  },
  { title: 'WebhookRedriveAccepted' },
)

export type DeadLetterQuery = Static<typeof DeadLetterQuery>
export type RedriveRequest = Static<typeof RedriveRequest>
export type RedriveAccepted = Static<typeof RedriveAccepted>
