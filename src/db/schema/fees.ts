import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

const minorUnits = () => bigint({ mode: 'bigint' }).notNull()
const tokens = () => integer().notNull().default(0)

/** One call of the model: what it was shown and what it said. Shared by all accounts, for it holds nothing of any. */
export const feeAdvice = pgTable(
  'fee_advice',
  {
    id: uuid().primaryKey(),
    model: text().notNull(),
    /** The market facts, the candidates and the question, as the model saw them. */
    question: jsonb().notNull(),
    /** The model's text as it came, bounded; null when none came. Untrusted. */
    answer: text(),
    /** `choice`, or why the answer could not be used. */
    outcome: text().notNull(),
    inputTokens: tokens(),
    outputTokens: tokens(),
    cacheReadTokens: tokens(),
    cacheWriteTokens: tokens(),
    /** Price of the call in millionths of a millionth of a US dollar, which a token costs some hundred thousand of. */
    costPicoUsd: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
    latencyMs: integer().notNull(),
    startedAt: instant().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [index('fee_advice_by_time').on(t.createdAt)],
)

/** What was recommended to whom, with all that it was computed from. A row never changes. */
export const feeRecommendations = pgTable(
  'fee_recommendations',
  {
    accountId: text().notNull(),
    id: uuid().notNull(),
    fromCurrency: text().notNull(),
    toCurrency: text().notNull(),
    amount: minorUnits(),
    platformFee: minorUnits(),
    onrampFee: minorUnits(),
    offrampFee: minorUnits(),
    gasCost: minorUnits(),
    riskPremium: minorUnits(),
    chain: text().notNull(),
    onrampProvider: text().notNull(),
    offrampProvider: text().notNull(),
    /** claude, cache or rules. */
    source: text().notNull(),
    /** Why not by the model, as in `input`; null unless the rules decided, and in rows that are older than the column. */
    reason: text(),
    /** Request, market facts and choice: the same arithmetic on them gives the same fees again. */
    input: jsonb().notNull(),
    adviceId: uuid(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.id] }),
    foreignKey({ columns: [t.adviceId], foreignColumns: [feeAdvice.id] }),
    // For the sweep, and for counting who decided, which reads nothing but this.
    index('fee_recommendations_by_end').on(t.expiresAt, t.source, t.reason),
    // For the sweep of the model's calls, and for the foreign key that their deletion checks.
    index('fee_recommendations_advice').on(t.adviceId).where(sql`advice_id is not null`),
    check(
      'fee_recommendations_amounts',
      sql`${t.amount} > ${t.platformFee} + ${t.onrampFee} + ${t.offrampFee} + ${t.gasCost} + ${t.riskPremium}
        and least(${t.platformFee}, ${t.onrampFee}, ${t.offrampFee}, ${t.gasCost}, ${t.riskPremium}) >= 0`,
    ),
    check('fee_recommendations_source', sql`${t.source} in ('claude', 'cache', 'rules')`),
  ],
)
