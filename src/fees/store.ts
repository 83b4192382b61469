import { and, eq, getTableColumns, gt, inArray, lt, notExists, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { feeAdvice, feeRecommendations } from '../db/schema/fees.ts'
import { quotes } from '../db/schema/quotes.ts'
import { RECOMMENDATION_SECONDS } from './recommendation.ts'

export type RecommendationRow = typeof feeRecommendations.$inferSelect
export type NewRecommendation = Omit<RecommendationRow, 'createdAt' | 'expiresAt'>

/** How far behind its mark a sweep looks: what it missed for longer stays, and does no harm. */
const SWEEP_BACK_HOURS = 72

/** The rows of recommendations; expiry is written and judged by the database's clock. */
export const createFeeStore = ({ db }: Database) => {
  const placeholders = Object.fromEntries(
    Object.keys(getTableColumns(feeRecommendations)).map((name) => [name, sql.placeholder(name)]),
  ) as unknown as NewRecommendation

  const insert = db
    .insert(feeRecommendations)
    .values({
      ...placeholders,
      createdAt: sql`now()`,
      expiresAt: sql`now() + ${sql.raw(`interval '${RECOMMENDATION_SECONDS} seconds'`)}`,
    })
    .returning({ expiresAt: feeRecommendations.expiresAt })
    .prepare('insert_recommendation')

  const find = db
    .select({
      recommendation: feeRecommendations,
      expired: sql<boolean>`${feeRecommendations.expiresAt} <= now()`,
    })
    .from(feeRecommendations)
    .where(
      and(
        eq(feeRecommendations.accountId, sql.placeholder('accountId')),
        eq(feeRecommendations.id, sql.placeholder('id')),
      ),
    )
    .prepare('find_recommendation')

  return {
    /** Writes the recommendation and answers until when it can be used. */
    insert: async (recommendation: NewRecommendation): Promise<Date> => {
      const [row] = await insert.execute(recommendation)
      if (!row) throw new Error('the recommendation was not written')
      return row.expiresAt
    },

    find: async (accountId: string, id: string) => (await find.execute({ accountId, id }))[0] ?? null,

    /** Deletes at most `limit` recommendations that expired more than `hours` ago and that no quote locked. */
    sweep: async (hours: number, limit: number): Promise<number> => {
      const quote = db
        .select({ one: sql`1` })
        .from(quotes)
        .where(
          and(
            eq(quotes.accountId, feeRecommendations.accountId),
            eq(quotes.recommendationId, feeRecommendations.id),
          ),
        )
      const stale = db
        .select({ accountId: feeRecommendations.accountId, id: feeRecommendations.id })
        .from(feeRecommendations)
        .where(
          and(
            lt(feeRecommendations.expiresAt, sql`now() - ${hours} * interval '1 hour'`),
            // Those that a quote locked stay for ever, so a sweep that looked further back would read all of them.
            gt(feeRecommendations.expiresAt, sql`now() - ${hours + SWEEP_BACK_HOURS} * interval '1 hour'`),
            notExists(quote),
          ),
        )
        .limit(limit)
      const gone = await db
        .delete(feeRecommendations)
        .where(sql`(${feeRecommendations.accountId}, ${feeRecommendations.id}) in ${stale}`)
        .returning({ id: feeRecommendations.id })
      return gone.length
    },

    /** Deletes at most `limit` calls of the model older than `days` that no recommendation names. */
    sweepAdvice: async (days: number, limit: number): Promise<number> => {
      const named = db
        .select({ one: sql`1` })
        .from(feeRecommendations)
        .where(eq(feeRecommendations.adviceId, feeAdvice.id))
      const stale = db
        .select({ id: feeAdvice.id })
        .from(feeAdvice)
        .where(and(lt(feeAdvice.createdAt, sql`now() - ${days} * interval '1 day'`), notExists(named)))
        .limit(limit)
      const gone = await db
        .delete(feeAdvice)
        .where(inArray(feeAdvice.id, stale))
        .returning({ id: feeAdvice.id })
      return gone.length
    },
  }
}

export type FeeStore = ReturnType<typeof createFeeStore>
