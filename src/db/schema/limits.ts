import { bigint, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

/**
 * What callers have used of their limits, minute by minute, the sum of all processes. Unlogged: a database that crashes
 * forgets two minutes of counts, and no request writes a log for them.
 */
export const rateLimitUsage = pgTable(
  'rate_limit_usage',
  {
    /** Empty for what is counted by address, before the account is known. */
    accountId: text().notNull(),
    /** Empty for what is counted by account, or by address. */
    keyId: text().notNull(),
    /** Empty for what is counted by account or key. */
    address: text().notNull(),
    /** Minutes since the epoch. */
    minute: integer().notNull(),
    used: bigint({ mode: 'bigint' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.keyId, t.address, t.minute] })],
)
