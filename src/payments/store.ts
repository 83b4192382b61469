import { and, desc, eq, gte, ilike, inArray, lt, or, sql as query, type SQL } from 'drizzle-orm'
import type { Database, Db } from '../db/client.ts'
import { payments } from '../db/schema/payments.ts'
import { quotes } from '../db/schema/quotes.ts'
import type { Search } from './search.ts'
import { type PaymentDetail, readPayment } from './sql/read.ts'
import type { Status } from './transitions.ts'

export interface PaymentFilter {
  status?: Status
  createdFrom?: Date
  createdBefore?: Date
  search?: Search
  /** Id of the last payment of the page before. */
  after?: string
  /** Id of the last payment that is looked at. */
  until?: string
  limit: number
}

const containing = (part: string): string => `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`

const found = (search: Search): SQL | undefined => {
  if (search.kind === 'name') {
    const pattern = containing(search.part)
    return or(ilike(payments.sourceAccount, pattern), ilike(payments.destinationAccount, pattern))
  }
  const { paymentId, quoteId } = search
  return or(paymentId === null ? undefined : eq(payments.id, paymentId), eq(payments.quoteId, quoteId))
}

const ofQuote = and(eq(quotes.accountId, payments.accountId), eq(quotes.id, payments.quoteId))

const newestFirst = (db: Pick<Db, 'select'>, accountId: string, filter: PaymentFilter) =>
  db
    .select({ payment: payments, quote: quotes })
    .from(payments)
    .innerJoin(quotes, ofQuote)
    .where(
      and(
        eq(payments.accountId, accountId),
        filter.status && eq(payments.status, filter.status),
        filter.createdFrom && gte(payments.createdAt, filter.createdFrom),
        filter.createdBefore && lt(payments.createdAt, filter.createdBefore),
        filter.search && found(filter.search),
        filter.after === undefined ? undefined : lt(payments.id, filter.after),
        filter.until === undefined ? undefined : gte(payments.id, filter.until),
      ),
    )
    .orderBy(desc(payments.id))
    .limit(filter.limit)

/** The last of the `count` newest payments after `after`, undefined when there are no more than those. */
const lastOf = async (db: Pick<Db, 'select'>, accountId: string, count: number, after?: string) => {
  const [last, further] = await db
    .select({ id: payments.id })
    .from(payments)
    .where(and(eq(payments.accountId, accountId), after === undefined ? undefined : lt(payments.id, after)))
    .orderBy(desc(payments.id))
    .offset(count - 1)
    .limit(2)
  return further && last?.id
}

/** What callers read of payments; the single payment's and the steps' statements are in sql/. */
export const createPaymentStore = ({ sql, db }: Database) => ({
  /** A payment with its quote, provider operations and history, all as of one instant, or null. */
  find: (accountId: string, paymentId: string): Promise<PaymentDetail | null> =>
    readPayment(sql, accountId, paymentId),

  /** Those of the ids that are payments of the account, in any order. */
  listByIds: (accountId: string, ids: readonly string[]) =>
    db
      .select({ payment: payments, quote: quotes })
      .from(payments)
      .innerJoin(quotes, ofQuote)
      .where(and(eq(payments.accountId, accountId), inArray(payments.id, [...ids]))),

  /** The account's payments, newest first. Ids are time-ordered, so the key itself gives the order. */
  list: (accountId: string, filter: PaymentFilter) => newestFirst(db, accountId, filter),

  /**
   * The same among the account's `count` newest payments after `filter.after`. `until` is the last of those, or
   * undefined when there are no others.
   */
  listAmong: (accountId: string, filter: PaymentFilter, count: number) =>
    db.transaction(async (tx) => {
      // Without it a plan made on old statistics would read the whole account, to sort it.
      await tx.execute(query`set local enable_sort = off`)
      const until = await lastOf(tx, accountId, count, filter.after)
      return { rows: await newestFirst(tx, accountId, { ...filter, ...(until ? { until } : {}) }), until }
    }),
})

export type PaymentStore = ReturnType<typeof createPaymentStore>
