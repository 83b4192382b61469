import { type Static, Type } from '@sinclair/typebox'
import { Nullable, oneOf, strict, Timestamp } from '../core/schema.ts'
import { EXCEPTIONS, STATUSES } from '../payments/transitions.ts'

const Hash = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description })

const Seal = strict({
  sequence: Type.Integer({
    minimum: 1,
    description: 'Counts the links of the account’s chain without a gap',
  }),
  hash: Hash('SHA-256 of previous_hash and this row, hexadecimal'),
  previous_hash: Hash('Hash of the link before; zeros in the first'),
})

const Entry = strict({
  version: Type.Integer({ minimum: 1, description: 'The payment’s sequence after the change' }),
  from_status: Nullable(oneOf(STATUSES, { description: 'State before; null in the first entry' })),
  to_status: oneOf(STATUSES, {
    description: 'State after, the same where only trouble or an attempt changed',
  }),
  exception: oneOf(EXCEPTIONS, { description: 'Trouble beside the state, after the change' }),
  actor: Type.String({ description: 'worker, or api: and the id of the API key; api where none is needed' }),
  message: Type.String(),
  reason: Nullable(Type.String({ description: 'What was given as the cause; null when nothing went wrong' })),
  provider: Nullable(Type.String({ description: 'Whose answer it was' })),
  leg: Nullable(Type.String({ description: 'onramp, offramp or refund' })),
  attempt: Nullable(Type.Integer({ description: 'Counts the providers asked for this leg' })),
  job_id: Nullable(Type.String({ description: 'The job of the queue that did it' })),
  request_id: Nullable(Type.String({ description: 'The x-request-id of the call that did it' })),
  timestamp: Timestamp,
  seal: Type.Union([Seal, Type.Null()], {
    description: 'Its link in the hash chain; null until it is sealed, usually for less than a minute',
  }),
})

export const PaymentAudit = strict(
  {
    payment_id: Type.String({ format: 'uuid' }),
    entries: Type.Array(Entry, { description: 'Oldest first, one for every change' }),
  },
  { title: 'PaymentAudit' },
)

export type PaymentAudit = Static<typeof PaymentAudit>
