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
    /** The secret before it, which signs too until it expires. */
    previousSecret: text(),
    previousSecretExpiresAt: instant(),
    description: text(),
    /** Event types wanted; null means all that are on by default. */
    eventTypes: text().array(),
    enabled: boolean().notNull().default(true),
    disabledReason: text(),
    /** When the first of the failed attempts was recorded that no success has followed yet. */
    failingSince: instant(),
    /** Quotes that expired before this have been announced to it, or are none of its concern. */
    quotesAnnouncedTo: instant().notNull().defaultNow(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.id] })],
)

/** Written once, in the transaction of what it tells, with the body frozen as it will be signed. */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    /** What it is about: a payment, a quote, or for a test neither. */
    paymentId: uuid(),
    /** No foreign key: quotes that were never used are deleted in the end, and their events are not. */
    quoteId: uuid(),
    /** The payment's version, so that a receiver can order its events. */
    sequence: integer(),
    type: text().notNull(),
    body: text().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({ columns: [t.accountId, t.paymentId], foreignColumns: [payments.accountId, payments.id] }),
    uniqueIndex('webhook_events_sequence').on(t.accountId, t.paymentId, t.sequence),
    uniqueIndex('webhook_events_one_per_quote').on(t.accountId, t.quoteId).where(sql`quote_id is not null`),
    check(
      'webhook_events_subject',
      sql`(${t.paymentId} is null) = (${t.sequence} is null) and (${t.paymentId} is null or ${t.quoteId} is null)`,
    ),
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
    /** The first delivery, when this one was asked for by hand. */
    redeliveryOf: uuid(),
    status: text().notNull().default('pending'),
    attempts: integer().notNull().default(0),
    /** Attempts made before the retry schedule last started over. */
    scheduleFrom: integer().notNull().default(0),
    /** HTTP status of the last attempt, null when no answer came. */
    lastStatus: integer(),
    lastError: text(),
    createdAt: instant().notNull().defaultNow(),
    lastAttemptAt: instant(),
    /** When the next attempt is due; null before the first and after the last. */
    nextAttemptAt: instant(),
    deliveredAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({
      columns: [t.accountId, t.eventId],
      foreignColumns: [webhookEvents.accountId, webhookEvents.id],
    }),
    foreignKey({ columns: [t.accountId, t.redeliveryOf], foreignColumns: [t.accountId, t.id] }),
    uniqueIndex('webhook_deliveries_once')
      .on(t.accountId, t.eventId, t.endpointId)
      .where(sql`redelivery_of is null`),
    index('webhook_deliveries_again').on(t.accountId, t.eventId).where(sql`redelivery_of is not null`),
    index('webhook_deliveries_dead').on(t.accountId, t.id).where(sql`status = 'dead'`),
    index('webhook_deliveries_pending').on(t.createdAt).where(sql`status = 'pending'`),
    check('webhook_deliveries_status', sql`${t.status} in ('pending', 'delivered', 'dead', 'dropped')`),
  ],
)

/** One attempt of a delivery, written in the transaction that records its outcome. */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    accountId: text().notNull(),
    deliveryId: uuid().notNull(),
    /** Counts the delivery's attempts from 1. */
    attempt: integer().notNull(),
    /** When it was sent, by the clock that also signs it. */
    at: instant().notNull(),
    httpStatus: integer(),
    latencyMs: integer().notNull(),
    error: text(),
    /** The start of the receiver's answer, as clean text. */
    excerpt: text(),
    nextAttemptAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.deliveryId, t.attempt] }),
    foreignKey({
      columns: [t.accountId, t.deliveryId],
      foreignColumns: [webhookDeliveries.accountId, webhookDeliveries.id],
    }).onDelete('cascade'),
  ],
)
