import { and, desc, eq, gte, lt, type SQL } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { payments } from '../db/schema/payments.ts'
import { quotes } from '../db/schema/quotes.ts'
import { type PaymentDetail, readPayment } from './sql/read.ts'
import type { Status } from './transitions.ts'

export interface PaymentFilter {
  status?: Status
  createdFrom?: Date
  createdBefore?: Date
  /** Id of the last payment of the page before. */
  after?: string
  limit: number
}

/** What callers read of payments; the single payment's and the steps' statements are in sql/. */
export const createPaymentStore = ({ sql, db }: Database) => {
  const ofQuote = and(eq(quotes.accountId, payments.accountId), eq(quotes.id, payments.quoteId))

  return {
    /** A payment with its quote, provider operations and history, all as of one instant, or null. */
    find: (accountId: string, paymentId: string): Promise<PaymentDetail | null> =>
      readPayment(sql, accountId, paymentId),

    /** The account's payments, newest first. Ids are time-ordered, so the key itself gives the order. */
    list: (accountId: string, filter: PaymentFilter) => {
      const conditions: (SQL | undefined)[] = [
        eq(payments.accountId, accountId),
        filter.status && eq(payments.status, filter.status),
        filter.createdFrom && gte(payments.createdAt, filter.createdFrom),
        filter.createdBefore && lt(payments.createdAt, filter.createdBefore),
        filter.after === undefined ? undefined : lt(payments.id, filter.after),
      ]
      return db
        .select({ payment: payments, quote: quotes })
        .from(payments)
        .innerJoin(quotes, ofQuote)
        .where(and(...conditions))
        .orderBy(desc(payments.id))
        .limit(filter.limit)
    },
  }
}

export type PaymentStore = ReturnType<typeof createPaymentStore>
