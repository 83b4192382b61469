import { and, eq, getTableColumns, gt, lt, notExists, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { payments } from '../db/schema/payments.ts'
import { quotes } from '../db/schema/quotes.ts'
import { QUOTE_SECONDS } from './model.ts'

export type QuoteRow = typeof quotes.$inferSelect
/** How far behind its mark a sweep looks: what it missed for longer stays, and does no harm. */
const SWEEP_BACK_HOURS = 72

export type NewQuote = Omit<QuoteRow, 'createdAt' | 'expiresAt' | 'totalFees'>

/** The rows of quotes; expiry is written and judged by the database's clock. */
export const createQuoteStore = ({ db }: Database) => {
  const { totalFees: _generated, ...columns } = getTableColumns(quotes)
  const placeholders = Object.fromEntries(
    Object.keys(columns).map((name) => [name, sql.placeholder(name)]),
  ) as unknown as NewQuote

  // Prepared: one round trip instead of the builder's two.
  const insert = db
    .insert(quotes)
    .values({
      ...placeholders,
      createdAt: sql`now()`,
      expiresAt: sql`now() + ${sql.raw(`interval '${QUOTE_SECONDS} seconds'`)}`,
    })
    // The only thing to conflict with is another quote for the same recommendation.
    .onConflictDoNothing()
    .returning({ expiresAt: quotes.expiresAt })
    .prepare('insert_quote')

  const find = db
    .select({
      quote: quotes,
      used: sql<boolean>`${payments.id} is not null`,
      secondsLeft: sql<number>`greatest(0, floor(extract(epoch from ${quotes.expiresAt} - now())))::int`,
      expired: sql<boolean>`${quotes.expiresAt} <= now()`,
    })
    .from(quotes)
    .leftJoin(payments, and(eq(payments.accountId, quotes.accountId), eq(payments.quoteId, quotes.id)))
    .where(and(eq(quotes.accountId, sql.placeholder('accountId')), eq(quotes.id, sql.placeholder('id'))))
    .prepare('find_quote')

  return {
    /** Writes the quote and answers when it expires, or null when its recommendation has been used already. */
    insert: async (quote: NewQuote): Promise<Date | null> =>
      (await insert.execute(quote))[0]?.expiresAt ?? null,

    /** The quote with what has become of it, or null. */
    find: async (accountId: string, id: string) => (await find.execute({ accountId, id }))[0] ?? null,

    /** Deletes at most `limit` unused quotes that expired more than `hours` ago; answers how many. */
    sweep: async (hours: number, limit: number): Promise<number> => {
      const payment = db
        .select({ one: sql`1` })
        .from(payments)
        .where(and(eq(payments.accountId, quotes.accountId), eq(payments.quoteId, quotes.id)))
      const stale = db
        .select({ accountId: quotes.accountId, id: quotes.id })
        .from(quotes)
        .where(
          and(
            lt(quotes.expiresAt, sql`now() - ${hours} * interval '1 hour'`),
            // Used quotes stay for ever, so a sweep that looked further back would read all of them each time.
            gt(quotes.expiresAt, sql`now() - ${hours + SWEEP_BACK_HOURS} * interval '1 hour'`),
            notExists(payment),
          ),
        )
        .limit(limit)
      const gone = await db
        .delete(quotes)
        .where(sql`(${quotes.accountId}, ${quotes.id}) in ${stale}`)
        .returning({ id: quotes.id })
      return gone.length
    },
  }
}

export type QuoteStore = ReturnType<typeof createQuoteStore>
