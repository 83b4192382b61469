import { createHash } from 'node:crypto'

/**
 * The columns of payment_audit in the order in which a link's hash covers them. One that is added later belongs at
 * the end, and must add nothing where it is null, or no older link will verify.
 */
export const AUDIT_COLUMNS = [
  'account_id',
  'payment_id',
  'version',
  'from_status',
  'to_status',
  'exception',
  'actor',
  'message',
  'reason',
  'provider',
  'leg',
  'attempt',
  'job_id',
  'request_id',
  'at',
] as const

export type AuditColumn = (typeof AUDIT_COLUMNS)[number]

/** An audit row as text, null where a column is null; `at` is in seconds since 1970 with six decimals. */
export type AuditContent = Record<AuditColumn, string | null>

/** Hash that the first link of every chain follows. */
export const GENESIS = '0'.repeat(64)

/** The bytes that stand for a row: its columns as a JSON array, spaced as PostgreSQL does. */
export const encodeRow = (row: AuditContent): string =>
  `[${AUDIT_COLUMNS.map((column) => JSON.stringify(row[column])).join(', ')}]`

/** Hash of the link that holds `row` and follows the link with the hash `previous`; both hexadecimal. */
export const linkHash = (previous: string, row: AuditContent): string =>
  createHash('sha256').update(Buffer.from(previous, 'hex')).update(encodeRow(row)).digest('hex')
