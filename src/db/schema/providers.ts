import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** What an operation has done at its provider so far, where one operation takes several calls that act. */
export const providerSteps = pgTable(
  'provider_steps',
  {
    accountId: text().notNull(),
    /** The operation's key, which the keys of its steps are derived from. */
    key: uuid().notNull(),
    step: text().notNull(),
    provider: text().notNull(),
    /** Written before the step is sent, so that a killed process leaves a trace of what it may have done. */
    status: text().notNull().default('begun'),
    /** What the provider calls it. */
    externalId: text(),
    /** What the next steps need to know of this one; every number is text. */
    detail: jsonb().$type<Record<string, string>>().notNull().default({}),
    begunAt: instant().notNull().defaultNow(),
    endedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.key, t.step] }),
    // A deposit pays for one operation only.
    uniqueIndex('provider_steps_one_per_thing')
      .on(t.accountId, t.provider, t.step, t.externalId)
      .where(sql`external_id is not null`),
    index('provider_steps_external').on(t.provider, t.externalId).where(sql`external_id is not null`),
    check('provider_steps_status', sql`${t.status} in ('begun', 'done', 'refused')`),
  ],
)

/** What an account's payer or payee is called at a provider: its bank account, customer or balance there. */
export const providerAccounts = pgTable(
  'provider_accounts',
  {
    accountId: text().notNull(),
    provider: text().notNull(),
    /** As in `source_account` and `destination_account` of a payment. */
    name: text().notNull(),
    reference: text().notNull(),
    /** Whether other accounts may have it too. Only a payee's can be: a payer's deposits must belong to one account. */
    shared: boolean().notNull().default(false),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.provider, t.name] }),
    // Across accounts on purpose. The table is small and changed by the operator alone: sharded, it is a copy everywhere.
    uniqueIndex('provider_accounts_one_owner').on(t.provider, t.reference).where(sql`not shared`),
  ],
)

/** Events that a provider has sent to us, so that a repeated one does nothing. */
export const providerEvents = pgTable(
  'provider_events',
  {
    accountId: text().notNull(),
    provider: text().notNull(),
    eventId: text().notNull(),
    paymentId: uuid().notNull(),
    receivedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.provider, t.eventId] }),
    index('provider_events_received').on(t.receivedAt),
  ],
)
