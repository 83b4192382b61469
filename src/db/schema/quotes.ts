import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
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
    /** The two that only a quote with a recommendation has. */
    gasCost: minorUnits().default(sql`0`),
    riskPremium: minorUnits().default(sql`0`),
    totalFees: minorUnits().generatedAlwaysAs(
      sql`platform_fee + onramp_fee + offramp_fee + gas_cost + risk_premium`,
    ),
    payout: minorUnits(),
    usdcAmount: minorUnits(),
    chain: text().notNull(),
    onrampProvider: text().notNull(),
    offrampProvider: text().notNull(),
    /** Hundredths of a percent that the rate was lowered by: for doubtful market data, and for the lock itself. */
    marketBufferBps: integer().notNull().default(0),
    lockBufferBps: integer().notNull().default(0),
    /** The fee recommendation whose route and fees this quote locks. */
    recommendationId: uuid(),
    /** Of the recommendation: `express` pays for speed where a rail has a price for it. */
    priority: text().notNull().default('standard'),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    index('quotes_expires_at').on(t.expiresAt),
    uniqueIndex('quotes_one_per_recommendation')
      .on(t.accountId, t.recommendationId)
      .where(sql`recommendation_id is not null`),
    check('quotes_amounts', sql`${t.amount} > 0 and ${t.payout} > 0 and ${t.usdcAmount} > 0`),
    check('quotes_fees', sql`${t.platformFee} >= 0 and ${t.onrampFee} >= 0 and ${t.offrampFee} >= 0`),
    check('quotes_extra_fees', sql`${t.gasCost} >= 0 and ${t.riskPremium} >= 0`),
    check('quotes_net', sql`${t.amount} > ${t.totalFees}`),
    check('quotes_priority', sql`${t.priority} in ('economy', 'standard', 'express')`),
    check('quotes_buffers', sql`${t.marketBufferBps} >= 0 and ${t.lockBufferBps} >= 0`),
  ],
)
