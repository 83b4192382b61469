import { type Static, Type } from '@sinclair/typebox'
import { Nullable, oneOf, strict, Timestamp } from '../core/schema.ts'
import { REFUSAL_CLASSES } from '../providers/port.ts'
import { FeeLines, Route } from '../quotes/model.ts'
import { EXCEPTIONS, STATUSES } from './transitions.ts'

const literals = <const T extends string>(values: readonly T[], description: string) =>
  oneOf(values, { description })

const MinorUnits = (description: string) => Type.Integer({ description })

/**
 * Controls, marks of writing direction, what has no width, and separators of lines: with them one name looks like another.
 * The last one is the first half of tags and variation marks beyond the basic plane, which a pattern of plain JSON Schema
 * cannot name as a whole.
 */
const UNSEEN =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\udb40'

const AccountName = (description: string) =>
  Type.String({
    minLength: 3,
    maxLength: 100,
    pattern: `^(?!\\s)[^${UNSEEN}]+(?<!\\s)$`,
    error:
      'must be text of 3 to 100 characters without blanks at its ends and without control, direction and zero-width characters',
    description,
  })

export const PaymentRequest = strict(
  {
    amount: Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The quote’s source amount, minor units of its source currency',
    }),
    currency: Type.String({
      pattern: '^[A-Z]{3}$',
      error: 'must be an ISO 4217 code of three capital letters',
      description: 'The quote’s payout currency',
    }),
    source_account: AccountName('Who pays; 3 to 100 characters'),
    destination_account: AccountName('Who is paid; 3 to 100 characters, differs from source_account'),
    quote_id: Type.String({ minLength: 1, maxLength: 64, description: 'The quote that locks rate and fees' }),
  },
  {
    examples: [
      {
        amount: 100_000,
        currency: 'EUR',
        source_account: 'user123',
        destination_account: 'merchant456',
        quote_id: 'quote_a1b2c3d4-e5f6-7890-abcd-ef1234567890',
      },
    ],
  },
)

export const ReviewRequest = strict(
  {
    note: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: `^[^${UNSEEN}]+$`,
      error: 'must be text of 1 to 200 characters without control, direction and zero-width characters',
      description: 'What was decided, for the audit trail',
    }),
  },
  { examples: [{ note: 'Paid out by hand, bank reference 4711' }] },
)

export const PaymentAccepted = strict(
  {
    payment_id: Type.String({ format: 'uuid' }),
    status: Type.Literal('PENDING'),
    message: Type.String(),
  },
  {
    examples: [
      {
        payment_id: 'd910ce80-3f54-46bf-a1b0-256234c6c08a',
        status: 'PENDING',
        message: 'Payment accepted for processing',
      },
    ],
  },
)

const Leg = strict({
  leg: literals(['onramp', 'offramp', 'refund'], 'Which of the payment’s effects'),
  attempt: Type.Integer({ minimum: 1, description: 'Counts the providers asked for this leg' }),
  provider: Type.String(),
  status: literals(['submitted', 'accepted', 'done', 'refused'], 'What is known of it'),
  reference: Nullable(Type.String({ description: 'The provider’s own reference' })),
  amount: MinorUnits('Fiat side: handed in (onramp), paid out (offramp) or given back (refund)'),
  currency: Type.String(),
  usdc_amount: Nullable(MinorUnits('USDC minor units that the on-ramp delivered or the off-ramp took')),
  rate: Nullable(Type.Number({ description: 'Executed rate of this leg' })),
  reason: Nullable(Type.String({ description: 'Why it was refused' })),
  refusal: Nullable(literals(REFUSAL_CLASSES, 'The kind of refusal, which decides what is tried instead')),
  instructions: Nullable(
    Type.Record(Type.String(), Type.String(), {
      description: 'Where the payer has to send the money, while the provider waits for it',
    }),
  ),
  submitted_at: Timestamp,
  settled_at: Nullable(Timestamp),
})

const HistoryEntry = strict({
  sequence: Type.Integer({ minimum: 1, description: 'As in the events of the same change' }),
  from_status: Nullable(literals(STATUSES, 'State before')),
  to_status: literals(STATUSES, 'State after'),
  timestamp: Timestamp,
  message: Type.String(),
})

const summary = {
  payment_id: Type.String({ format: 'uuid' }),
  sequence: Type.Integer({
    minimum: 1,
    description:
      'Grows with every change of the payment, in events too: of two answers the one with the higher is newer',
  }),
  quote_id: Type.String(),
  status: literals(STATUSES, 'State of the payment'),
  exception: literals(EXCEPTIONS, 'Trouble beside the state; none is the normal case'),
  amount: MinorUnits('Source amount'),
  currency: Type.String({ description: 'Source currency' }),
  guaranteed_payout: MinorUnits('What the payee gets'),
  payout_currency: Type.String(),
  paid_out: Nullable(
    MinorUnits(
      'What the payee has got, minor units of payout_currency; null before that, and after it came back',
    ),
  ),
  returned_at: Nullable(
    Type.String({
      format: 'date-time',
      description: 'When the payout came back; a person has to decide then',
    }),
  ),
  refunded: Nullable(
    MinorUnits('What the payer has back, the whole source amount, fees included; null while nothing is'),
  ),
  exchange_rate: Type.Number({ description: 'The locked rate' }),
  source_account: Type.String(),
  destination_account: Type.String(),
  failure_reason: Nullable(Type.String()),
  created_at: Timestamp,
  updated_at: Timestamp,
  settle_by: Timestamp,
  completed_at: Nullable(Type.String({ format: 'date-time', description: 'When it reached a final state' })),
}

export const PaymentSummary = strict(summary)

export const Payment = strict({
  ...summary,
  fees: FeeLines,
  executed_rate: Nullable(Type.Number({ description: 'The rate that the market gave in the end' })),
  usdc: strict({
    expected: MinorUnits('USDC minor units (6 decimals) that the locked rate assumes'),
    received: Nullable(MinorUnits('What the on-ramp delivered')),
    spent: Nullable(MinorUnits('What the off-ramp took')),
    difference: Nullable(MinorUnits('received less spent: carried by the platform, negative is a loss')),
  }),
  route: Route,
  legs: Type.Array(Leg),
  state_history: Type.Array(HistoryEntry),
})

export const PaymentPage = strict({
  data: Type.Array(PaymentSummary),
  next_cursor: Nullable(
    Type.String({
      description:
        'Give it as cursor for the next page; null on the last one. A page that searched far may hold no entry and have one.',
    }),
  ),
})

export type PaymentRequest = Static<typeof PaymentRequest>
export type ReviewRequest = Static<typeof ReviewRequest>
export type PaymentAccepted = Static<typeof PaymentAccepted>
export type PaymentSummary = Static<typeof PaymentSummary>
export type Payment = Static<typeof Payment>
export type PaymentPage = Static<typeof PaymentPage>
