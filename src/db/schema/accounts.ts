import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
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
    /** SHA-256 of the whole key, hexadecimal. */
    hash: text().notNull(),
    /** Its first and last characters, to recognise it by. */
    hint: text().notNull(),
    scopes: text().array().notNull(),
    createdAt: instant().notNull().defaultNow(),
    revokedAt: instant(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.id] }), index('api_keys_hash').on(t.hash)],
)
