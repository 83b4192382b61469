import { sql } from 'drizzle-orm'
import { check, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant, rate } from './columns.ts'

/** The last good value of each market source, and whose turn it is to ask again; shared by all processes. */
export const marketReadings = pgTable('market_readings', {
  source: text().primaryKey(),
  /** In the shape of the source's value schema; null until it answered for the first time. */
  value: jsonb(),
  fetchedAt: instant(),
  /** Nobody asks the source before this: somebody is asking now, or it failed and rests. */
  heldUntil: instant(),
  /** Failures since the last good answer, and the last one's reason. */
  failures: integer().notNull().default(0),
  failure: text(),
})

/** Every mid that a source has published: what volatility is measured on. */
export const marketMids = pgTable(
  'market_mids',
  {
    currency: text().notNull(),
    source: text().notNull(),
    publishedAt: instant().notNull(),
    /** Units of the currency for one US dollar. */
    fiatPerUsd: rate().notNull(),
    recordedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.currency, t.source, t.publishedAt] }),
    check('market_mids_positive', sql`${t.fiatPerUsd} > 0`),
  ],
)
