import { toJsonInteger } from '../core/money.ts'
import type { Exception, Status } from '../payments/transitions.ts'
import type { PaymentAudit } from './model.ts'
import type { AuditRow } from './store.ts'

/** A payment's audit trail as its owner sees it. */
export const auditView = (paymentId: string, rows: readonly AuditRow[]): PaymentAudit => ({
  payment_id: paymentId,
  entries: rows.map(({ entry, seal }) => ({
    version: entry.version,
    from_status: entry.fromStatus as Status | null,
    to_status: entry.toStatus as Status,
    exception: entry.exception as Exception,
    actor: entry.actor,
    message: entry.message,
    reason: entry.reason,
    provider: entry.provider,
    leg: entry.leg,
    attempt: entry.attempt,
    job_id: entry.jobId,
    request_id: entry.requestId,
    timestamp: entry.at.toISOString(),
    seal: seal && { sequence: toJsonInteger(seal.seq), hash: seal.hash, previous_hash: seal.previous },
  })),
})
