import {
  bigint,
  customType,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

const row = {
  accountId: text().notNull(),
  paymentId: uuid().notNull(),
  version: integer().notNull(),
}

/**
 * Each account's audit rows in one chain: a link's hash covers its row and the link before it. Append-only like the
 * rows. No foreign key to them, because its check would write into every row that it looks at.
 */
export const auditSeals = pgTable(
  'audit_seals',
  {
    ...row,
    /** Counts the account's links from 1, without a gap. */
    seq: bigint({ mode: 'bigint' }).notNull(),
    /** Hash of the link before, 32 zero bytes in the first. */
    prevHash: bytes().notNull(),
    /** SHA-256 of `prev_hash` and the row's canonical bytes. */
    hash: bytes().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.accountId, t.seq] }),
    uniqueIndex('audit_seals_one_per_row').on(t.accountId, t.paymentId, t.version),
  ],
)

/** The audit rows that wait for their link. A trigger writes it beside the row, in the same transaction. */
export const auditUnsealed = pgTable('audit_unsealed', row, (t) => [
  primaryKey({ columns: [t.accountId, t.paymentId, t.version] }),
])
