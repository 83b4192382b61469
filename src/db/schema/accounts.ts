import { sql } from 'drizzle-orm'
import { check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** A tenant. Every other table's key starts with its id, so that the schema can be sharded by it. */
export const accounts = pgTable('accounts', {
  id: text().primaryKey(),
  name: text().notNull(),
  createdAt: instant().notNull().defaultNow(),
})

/** A key to the API. Only its hash is stored, so it can be shown once and never again. */
export const apiKeys = pgTable(
  'api_keys',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    /** What its owner calls it. */
    name: text().notNull().default('Unnamed'),
    /** SHA-256 of the whole key, hexadecimal. */
    hash: text().notNull(),
    /** Its prefix and its last four characters, to recognise it by. */
    hint: text().notNull(),
    scopes: text().array().notNull(),
    createdAt: instant().notNull().defaultNow(),
    /** The key that made it; null when the command line did. */
    createdBy: uuid(),
    /** The end of its own accord; null is never. */
    expiresAt: instant(),
    revokedAt: instant(),
    /** The key that a rotation put in its place. */
    replacedBy: uuid(),
    /** The last minute in which it was used, written down up to a minute later. */
    lastUsedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    index('api_keys_hash').on(t.hash),
    check(
      'api_keys_scopes',
      sql`${t.scopes} <@ array['read', 'write', 'admin'] and cardinality(${t.scopes}) > 0`,
    ),
  ],
)
