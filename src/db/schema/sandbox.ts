import { bigint, integer, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, rate } from './columns.ts'

/** A schema of its own: it plays the outside world, and nothing of ours may join with it. */
export const sandbox = pgSchema('sandbox')

/** What a sandbox provider has been asked to do, as its own books show it. */
export const sandboxOperations = sandbox.table(
  'operations',
  {
    provider: text().notNull(),
    key: uuid().notNull(),
    reference: text().notNull(),
    leg: text().notNull(),
    amount: bigint({ mode: 'bigint' }).notNull(),
    currency: text().notNull(),
    settledAmount: bigint({ mode: 'bigint' }).notNull(),
    rate: rate().notNull(),
    /** How it ends: settles, fails at settlement, or was refused at once. */
    ending: text().notNull(),
    reason: text(),
    /** Calls to act that arrived; 0 while the only one was lost. Only the first moves money. */
    calls: integer().notNull().default(1),
    /** When it ends, in epoch milliseconds of the sandbox's clock. */
    endsAtMs: bigint({ mode: 'number' }).notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.provider, t.key] })],
)
