import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import type { PaymentAudit } from './model.ts'
import type { AuditStore } from './store.ts'
import { auditView } from './view.ts'

/** Shows who changed a payment, and how that is sealed. */
export const createAuditService = (store: AuditStore) => ({
  /** The audit trail of the account's payment. Throws NOT_FOUND. */
  get: async (accountId: string, paymentId: string): Promise<PaymentAudit> => {
    const rows = isUuid(paymentId) ? await store.find(accountId, paymentId) : []
    // No payment is without a row: accepting it writes the first.
    if (rows.length === 0) throw new AppError('NOT_FOUND', `There is no payment ${paymentId.slice(0, 64)}`)
    return auditView(paymentId, rows)
  },
})

export type AuditService = ReturnType<typeof createAuditService>
