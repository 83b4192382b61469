import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'
import { payments } from './payments.ts'

/**
 * The double-entry journal, append-only. The lines of one version of a payment are a set, written with the change
 * that makes the version, and sum to zero in each currency: the database refuses to commit any other.
 */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    accountId: text().notNull(),
    paymentId: uuid().notNull(),
    /** The payment's version after the change. */
    version: integer().notNull(),
    /** Position within the set, from 1. */
    line: smallint().notNull(),
    ledgerAccount: text().notNull(),
    currency: text().notNull(),
    /** Minor units: negative leaves the ledger account, positive arrives there. */
    amount: bigint({ mode: 'bigint' }).notNull(),
    at: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.paymentId, t.version, t.line] }),
    foreignKey({ columns: [t.accountId, t.paymentId], foreignColumns: [payments.accountId, payments.id] }),
    // Results are asked for by day over all payments; every other account through its payment, by the primary key.
    index('ledger_entries_results')
      .on(t.accountId, t.ledgerAccount, t.at)
      .where(sql`ledger_account in ('fx_spread', 'fx_gain_loss')`),
    check('ledger_entries_amount', sql`${t.amount} <> 0`),
    check('ledger_entries_line', sql`${t.line} > 0`),
    check(
      'ledger_entries_account',
      sql`${t.ledgerAccount} in ('payer', 'payee', 'customer_funds', 'onramp_clearing', 'liquidity', 'usdc_in_transit', 'payout_clearing', 'platform_fees', 'provider_fees', 'network_gas', 'risk_premiums', 'refunds', 'returned_payouts', 'fx_spread', 'fx_gain_loss')`,
    ),
  ],
)

/** Sets that a statement has left unbalanced, for the check at commit: no transaction leaves a row behind. */
export const ledgerUnbalanced = pgTable(
  'ledger_unbalanced',
  {
    accountId: text().notNull(),
    paymentId: uuid().notNull(),
    version: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.paymentId, t.version] })],
)
