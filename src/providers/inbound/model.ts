import { type Static, Type } from '@sinclair/typebox'
import { strict } from '../../core/schema.ts'

/** The path parameter of everything that is about one provider. */
export const ByProvider = strict({
  provider: Type.String({ maxLength: 100, description: "The provider's name, as in a payment's legs" }),
})

/** What every genuine message is answered with, whether it was news or not. */
export const Received = strict({ received: Type.Literal(true) }, { title: 'Received' })
export type Received = Static<typeof Received>
