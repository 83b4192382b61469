import { and, asc, eq, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { ledgerEntries } from '../db/schema/ledger.ts'
import { payments } from '../db/schema/payments.ts'

export type EntryRow = Omit<typeof ledgerEntries.$inferSelect, 'accountId' | 'paymentId'>

/** A payment's entries in the order in which they were written, and its state, all as of one instant. */
export interface LedgerOfPayment {
  status: string
  entries: EntryRow[]
}

/** Reads the journal; it is written by the statements that change payments. */
export const createLedgerStore = ({ db }: Database) => {
  const { version, line, ledgerAccount, currency, amount, at } = ledgerEntries
  // A left join, because a payment that has moved no money yet has none.
  const find = db
    .select({ status: payments.status, entry: { version, line, ledgerAccount, currency, amount, at } })
    .from(payments)
    .leftJoin(
      ledgerEntries,
      and(eq(ledgerEntries.accountId, payments.accountId), eq(ledgerEntries.paymentId, payments.id)),
    )
    .where(
      and(
        eq(payments.accountId, sql.placeholder('accountId')),
        eq(payments.id, sql.placeholder('paymentId')),
      ),
    )
    .orderBy(asc(version), asc(line))
    .prepare('find_ledger')

  return {
    /** The account's payment with its entries, or null when there is no such payment. */
    find: async (accountId: string, paymentId: string): Promise<LedgerOfPayment | null> => {
      const rows = await find.execute({ accountId, paymentId })
      const [first] = rows
      return first ? { status: first.status, entries: rows.flatMap(({ entry }) => entry ?? []) } : null
    },
  }
}

export type LedgerStore = ReturnType<typeof createLedgerStore>
