import { and, asc, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Database } from '../db/client.ts'
import { auditSeals } from '../db/schema/audit.ts'
import { paymentAudit, payments } from '../db/schema/payments.ts'

const hex = (column: PgColumn): SQL<string> => sql<string>`encode(${column}, 'hex')`

/** Reads what callers see of the trail; the statements that change payments write it, and the sealer chains it. */
export const createAuditStore = ({ db }: Database) => {
  const { accountId: _account, paymentId: _payment, ...entry } = getTableColumns(paymentAudit)
  const find = db
    .select({
      entry,
      seal: { seq: auditSeals.seq, hash: hex(auditSeals.hash), previous: hex(auditSeals.prevHash) },
    })
    .from(payments)
    .innerJoin(
      paymentAudit,
      and(eq(paymentAudit.accountId, payments.accountId), eq(paymentAudit.paymentId, payments.id)),
    )
    .leftJoin(
      auditSeals,
      and(
        eq(auditSeals.accountId, paymentAudit.accountId),
        eq(auditSeals.paymentId, paymentAudit.paymentId),
        eq(auditSeals.version, paymentAudit.version),
      ),
    )
    .where(
      and(
        eq(payments.accountId, sql.placeholder('accountId')),
        eq(payments.id, sql.placeholder('paymentId')),
      ),
    )
    .orderBy(asc(paymentAudit.version))
    .prepare('find_audit')

  return {
    /** The rows of the account's payment with their links, oldest first; none when there is no such payment. */
    find: (accountId: string, paymentId: string) => find.execute({ accountId, paymentId }),
  }
}

export type AuditStore = ReturnType<typeof createAuditStore>
export type AuditRow = Awaited<ReturnType<AuditStore['find']>>[number]
