import { and, asc, desc, eq, getTableColumns, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { paymentAudit, payments, providerOperations } from '../db/schema/payments.ts'
import { quotes } from '../db/schema/quotes.ts'
import type { Status } from './transitions.ts'

export interface PaymentFilter {
  status?: Status
  createdFrom?: Date
  createdBefore?: Date
  /** Id of the last payment of the page before. */
  after?: string
  limit: number
}

/** What callers read of payments; the steps' own statements are in sql/. */
export const createPaymentStore = ({ db }: Database) => {
  const ofQuote = and(eq(quotes.accountId, payments.accountId), eq(quotes.id, payments.quoteId))
  const account = sql.placeholder('accountId')
  const id = sql.placeholder('id')

  const one = db
    .select({ payment: payments, quote: quotes })
    .from(payments)
    .innerJoin(quotes, ofQuote)
    .where(and(eq(payments.accountId, account), eq(payments.id, id)))
    .prepare('payment')

  const operations = db
    .select(getTableColumns(providerOperations))
    .from(providerOperations)
    .where(and(eq(providerOperations.accountId, account), eq(providerOperations.paymentId, id)))
    .orderBy(asc(providerOperations.submittedAt), asc(providerOperations.attempt))
    .prepare('payment_operations')

  const audit = db
    .select(getTableColumns(paymentAudit))
    .from(paymentAudit)
    .where(and(eq(paymentAudit.accountId, account), eq(paymentAudit.paymentId, id)))
    .orderBy(asc(paymentAudit.version))
    .prepare('payment_audit')

  return {
    /** A payment with its quote, provider operations and audit rows, or null. The three reads travel together. */
    find: async (accountId: string, paymentId: string) => {
      const key = { accountId, id: paymentId }
      const [[row], legs, history] = await Promise.all([
        one.execute(key),
        operations.execute(key),
        audit.execute(key),
      ])
      return row ? { ...row, legs, history } : null
    },

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
export type PaymentRow = Awaited<ReturnType<PaymentStore['list']>>[number]
export type PaymentDetail = NonNullable<Awaited<ReturnType<PaymentStore['find']>>>
