import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, rate } from './columns.ts'
import { quotes } from './quotes.ts'

/** A quote that was paid. Amounts, rate and route are the quote's; this row says how far it has come. */
export const payments = pgTable(
  'payments',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    quoteId: uuid().notNull(),
    status: text().notNull(),
    exception: text().notNull().default('none'),
    /** Bumped by every change, and compared by it: a stale writer touches no row. */
    version: integer().notNull().default(1),
    /** Number of the provider attempt in the present leg, 0 before the first. */
    attempt: integer().notNull().default(0),
    sourceAccount: text().notNull(),
    destinationAccount: text().notNull(),
    idempotencyKey: text(),
    requestHash: text().notNull(),
    failureReason: text(),
    /** USDC minor units that the on-ramp delivered and the off-ramp took. */
    usdcReceived: bigint({ mode: 'bigint' }),
    usdcSpent: bigint({ mode: 'bigint' }),
    /** Bounds our exposure to the market; the quote's expiry is irrelevant once the payment exists. */
    settleBy: instant().notNull(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    endedAt: instant(),
    /** When a payout that was done came back. */
    returnedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({ columns: [t.accountId, t.quoteId], foreignColumns: [quotes.accountId, quotes.id] }),
    uniqueIndex('payments_one_per_quote').on(t.accountId, t.quoteId),
    uniqueIndex('payments_one_per_idempotency_key').on(t.accountId, t.idempotencyKey),
    index('payments_by_status').on(t.accountId, t.status, t.id),
    index('payments_live').on(t.updatedAt).where(sql`ended_at is null`),
    check(
      'payments_status',
      sql`${t.status} in ('PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED', 'FAILED', 'CANCELLED', 'REFUND_PENDING', 'REFUNDED')`,
    ),
    check(
      'payments_exception',
      sql`${t.exception} in ('none', 'provider_unknown', 'overdue', 'needs_review')`,
    ),
  ],
)

/** One row for every change of a payment, append-only: a trigger refuses update, delete and truncate. */
export const paymentAudit = pgTable(
  'payment_audit',
  {
    accountId: text().notNull(),
    paymentId: uuid().notNull(),
    /** The payment's version after the change. */
    version: integer().notNull(),
    fromStatus: text(),
    toStatus: text().notNull(),
    exception: text().notNull(),
    actor: text().notNull(),
    message: text().notNull(),
    /** Why it went wrong, in the provider's words or ours; null when it did not. */
    reason: text(),
    provider: text(),
    leg: text(),
    attempt: integer(),
    jobId: uuid(),
    requestId: text(),
    at: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.paymentId, t.version] }),
    foreignKey({ columns: [t.accountId, t.paymentId], foreignColumns: [payments.accountId, payments.id] }),
  ],
)

/** The journal of external effects: a row is written before the call and never sent under another key. */
export const providerOperations = pgTable(
  'provider_operations',
  {
    accountId: text().notNull(),
    paymentId: uuid().notNull(),
    leg: text().notNull(),
    attempt: integer().notNull(),
    provider: text().notNull(),
    /** The provider's idempotency key, derived from payment, leg and attempt. */
    key: uuid().notNull(),
    status: text().notNull().default('submitted'),
    reference: text(),
    /** What we asked for: source minor units of an on-ramp or refund, payout minor units of an off-ramp. */
    amount: bigint({ mode: 'bigint' }).notNull(),
    currency: text().notNull(),
    /** What it moved on the USDC side (on- and off-ramp) or returned to the payer (refund), minor units. */
    settledAmount: bigint({ mode: 'bigint' }),
    rate: rate(),
    reason: text(),
    /** The class of a refusal, which decides what is tried instead. */
    refusal: text(),
    /** Where the payer has to send the money, while the provider waits for it. */
    instructions: jsonb().$type<Record<string, string>>(),
    submittedAt: instant().notNull().defaultNow(),
    answeredAt: instant(),
    settledAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.paymentId, t.leg, t.attempt] }),
    foreignKey({ columns: [t.accountId, t.paymentId], foreignColumns: [payments.accountId, payments.id] }),
    uniqueIndex('provider_operations_key').on(t.accountId, t.key),
    // For a provider's events, which name an operation but no account.
    index('provider_operations_by_key').on(t.provider, t.key),
    index('provider_operations_reference').on(t.provider, t.reference).where(sql`reference is not null`),
    check('provider_operations_leg', sql`${t.leg} in ('onramp', 'offramp', 'refund')`),
    check('provider_operations_status', sql`${t.status} in ('submitted', 'accepted', 'done', 'refused')`),
    check(
      'provider_operations_refusal',
      sql`${t.refusal} in ('funds', 'compliance', 'limits', 'route', 'temporary')`,
    ),
  ],
)
