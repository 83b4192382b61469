import type { Entry } from './postings.ts'

/** An entry as it travels in JSON, its amount as text, because a JSON number is a float. */
export type EntryWire = Omit<Entry, 'amount'> & { amount: string }

/** Entries as the statement of `postSql` reads them. */
export const entriesWire = (entries: readonly Entry[]): EntryWire[] =>
  entries.map((entry) => ({ ...entry, amount: entry.amount.toString() }))

/**
 * SQL that writes the entry sets of `source`, a relation of the same statement with the columns account_id,
 * payment_id, version (the payment's after the change) and entries (a JSON list of EntryWire).
 */
export const postSql = (source: string): string => `
  insert into ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
  select s.account_id, s.payment_id, s.version, e.line, e.account, e.currency, e.amount
  from ${source} s
  cross join lateral rows from (
    json_to_recordset(s.entries) as (account text, currency text, amount bigint)
  ) with ordinality as e (account, currency, amount, line)`
