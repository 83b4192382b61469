import { expect } from 'bun:test'
import { LEDGER_ACCOUNTS } from '../../src/ledger/chart.ts'
import type { Executed } from '../../src/ledger/postings.ts'
import type { PaymentState } from '../../src/payments/lifecycle.ts'
import { loadPayments } from '../../src/payments/sql/steps.ts'
import { TRANSITIONS } from '../../src/payments/transitions.ts'
import type { Harness } from '../support/harness.ts'
import { balancesIn, balancesOf, withoutResult } from './books.ts'

export interface WrittenEntry {
  version: number
  line: number
  account: string
  currency: string
  amount: bigint
}

/** A payment's entries as they stand in the table. */
export const entriesOf = async ({ database }: Harness, id: string): Promise<WrittenEntry[]> => {
  const rows = await database.sql<(Omit<WrittenEntry, 'amount'> & { amount: string })[]>`
    select version, line, ledger_account as account, currency, amount from ledger_entries
    where payment_id = ${id} order by version, line`
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }))
}

const orNull = (amount: string | null) => (amount === null ? null : BigInt(amount))

/** The payment with its quote's terms, and what its legs have moved. */
export const termsOf = async (
  { database: { sql } }: Harness,
  id: string,
): Promise<{ payment: PaymentState; executed: Executed }> => {
  const [row] = await sql<{ account_id: string; received: string | null; spent: string | null }[]>`
    select account_id, usdc_received as received, usdc_spent as spent from payments where id = ${id}`
  if (!row) throw new Error(`no payment ${id}`)
  const [payment] = await loadPayments(sql, [{ account_id: row.account_id, payment_id: id }])
  if (!payment) throw new Error(`no payment ${id}`)
  return { payment, executed: { received: orNull(row.received), spent: orNull(row.spent) } }
}

/** Changes of state that move no money. */
const SILENT = ['PENDING FAILED', 'PENDING CANCELLED']
/** A payout that comes back is the only change of a payment that has ended. */
const RETURN = 'COMPLETED COMPLETED'
const MOVING = [...TRANSITIONS.map(({ from, to }) => `${from} ${to}`), RETURN].filter(
  (pair) => !SILENT.includes(pair),
)

/** The balances of a completed payment once its payout is back: ours to hold, and not the payee's any more. */
const takenBack = (balances: Record<string, bigint>) =>
  Object.fromEntries(
    Object.entries(balances).map(([name, amount]) => [name.replace(/^payee /, 'returned_payouts '), amount]),
  )

/**
 * What must hold of a payment's ledger at any time: one set for each change of state that moves money and none
 * besides, each numbered from 1 and summing to zero in each currency, and balances that are what the state says.
 */
export const expectBooked = async (harness: Harness, id: string): Promise<void> => {
  const entries = await entriesOf(harness, id)
  const audit = await harness.database.sql<{ version: number; change: string }[]>`
    select version, from_status || ' ' || to_status as change from payment_audit
    where payment_id = ${id} and (from_status is null or from_status <> to_status or exception = 'needs_review')
    order by version`
  const sets = Map.groupBy(entries, ({ version }) => version)
  expect([...sets.keys()]).toEqual(
    audit.filter(({ change }) => MOVING.includes(change)).map(({ version }) => version),
  )
  for (const set of sets.values()) {
    expect(set.map(({ line }) => line)).toEqual(set.map((_, index) => index + 1))
    for (const [currency, lines] of Map.groupBy(set, (entry) => entry.currency))
      expect([currency, lines.reduce((sum, { amount }) => sum + amount, 0n)]).toEqual([currency, 0n])
    expect(set.every(({ account }) => LEDGER_ACCOUNTS.some((known) => known === account))).toBe(true)
  }
  const { payment, executed } = await termsOf(harness, id)
  const [balances, result] = withoutResult(balancesOf(entries))
  const expected = balancesIn(payment.status, payment, executed)
  expect([payment.status, balances]).toEqual([
    payment.status,
    payment.returned ? takenBack(expected) : expected,
  ])
  if (payment.status === 'COMPLETED') expect(result).toBe((executed.received ?? 0n) - (executed.spent ?? 0n))
  else expect(result).toBe(0n)
}
