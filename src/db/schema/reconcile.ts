import { index, integer, jsonb, pgTable, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** What each reconciliation looked at and found, the newest of which is the metric. */
export const reconcileRuns = pgTable(
  'reconcile_runs',
  {
    id: uuid().primaryKey(),
    startedAt: instant().notNull(),
    endedAt: instant().notNull(),
    /** How far back payments had ended that it looked at. */
    days: integer().notNull(),
    /** How many payments, legs, ledger entries and provider records it compared. */
    checked: jsonb().notNull(),
    /** Every kind with its number of findings. */
    findingsByKind: jsonb().notNull(),
    total: integer().notNull(),
    /** Some findings of each kind. */
    sample: jsonb().notNull(),
  },
  (t) => [index('reconcile_runs_ended').on(t.endedAt)],
)
