import { sql } from 'drizzle-orm'
import { bigint, check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, rate } from './columns.ts'

const minorUnits = () => bigint({ mode: 'bigint' }).notNull()

/** What was promised. A row never changes; that it was used is shown by the payment that names it. */
export const quotes = pgTable(
  'quotes',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    fromCurrency: text().notNull(),
    toCurrency: text().notNull(),
    amount: minorUnits(),
    rate: rate().notNull(),
    onrampRate: rate().notNull(),
    offrampRate: rate().notNull(),
    rateSource: text().notNull(),
    platformFee: minorUnits(),
    onrampFee: minorUnits(),
    offrampFee: minorUnits(),
    payout: minorUnits(),
    usdcAmount: minorUnits(),
    chain: text().notNull(),
    onrampProvider: text().notNull(),
    offrampProvider: text().notNull(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    index('quotes_expires_at').on(t.expiresAt),
    check('quotes_amounts', sql`${t.amount} > 0 and ${t.payout} > 0 and ${t.usdcAmount} > 0`),
    check('quotes_fees', sql`${t.platformFee} >= 0 and ${t.onrampFee} >= 0 and ${t.offrampFee} >= 0`),
    check('quotes_net', sql`${t.amount} > ${t.platformFee} + ${t.onrampFee} + ${t.offrampFee}`),
  ],
)
