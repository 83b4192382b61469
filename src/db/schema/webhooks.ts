import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'
import { payments } from './payments.ts'

/** Where an account wants its events sent. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    url: text().notNull(),
    /** Signing secret in Standard Webhooks form (`whsec_` and base64). */
    secret: text().notNull(),
    /** Event types wanted; null means all that are on by default. */
    eventTypes: text().array(),
    enabled: boolean().notNull().default(true),
    disabledReason: text(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.id] })],
)

/** Written once, in the transition's transaction, with the body frozen as it will be signed. */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    paymentId: uuid().notNull(),
    /** The payment's version, so that a receiver can order its events. */
    sequence: integer().notNull(),
    type: text().notNull(),
    body: text().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({ columns: [t.accountId, t.paymentId], foreignColumns: [payments.accountId, payments.id] }),
    uniqueIndex('webhook_events_sequence').on(t.accountId, t.paymentId, t.sequence),
  ],
)

/** One event on its way to one endpoint, over all its attempts. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    eventId: uuid().notNull(),
    endpointId: uuid().notNull(),
    status: text().notNull().default('pending'),
    attempts: integer().notNull().default(0),
    /** HTTP status of the last attempt, null when no answer came. */
    lastStatus: integer(),
    lastError: text(),
    createdAt: instant().notNull().defaultNow(),
    lastAttemptAt: instant(),
    deliveredAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({
      columns: [t.accountId, t.eventId],
      foreignColumns: [webhookEvents.accountId, webhookEvents.id],
    }),
    uniqueIndex('webhook_deliveries_once').on(t.accountId, t.eventId, t.endpointId),
    index('webhook_deliveries_pending').on(t.createdAt).where(sql`status = 'pending'`),
    check('webhook_deliveries_status', sql`${t.status} in ('pending', 'delivered', 'dead', 'dropped')`),
  ],
)
