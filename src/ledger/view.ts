import { toJsonInteger } from '../core/money.ts'
import type { Status } from '../payments/transitions.ts'
import { LEDGER_ACCOUNTS, type LedgerAccount } from './chart.ts'
import type { PaymentLedger } from './model.ts'
import type { EntryRow, LedgerOfPayment } from './store.ts'

const sumOf = (entries: readonly EntryRow[]): bigint => entries.reduce((sum, { amount }) => sum + amount, 0n)

const balancesOf = (entries: readonly EntryRow[]): PaymentLedger['balances'] => {
  const byAccount = Map.groupBy(entries, ({ ledgerAccount }) => ledgerAccount)
  return LEDGER_ACCOUNTS.flatMap((account) =>
    [...Map.groupBy(byAccount.get(account) ?? [], ({ currency }) => currency)]
      .map(([currency, lines]) => ({ account, currency, balance: toJsonInteger(sumOf(lines)) }))
      .filter(({ balance }) => balance !== 0),
  )
}

/** A payment's ledger as its owner sees it. */
export const ledgerView = (paymentId: string, { status, entries }: LedgerOfPayment): PaymentLedger => {
  const result = (account: LedgerAccount) =>
    toJsonInteger(sumOf(entries.filter(({ ledgerAccount }) => ledgerAccount === account)))
  return {
    payment_id: paymentId,
    status: status as Status,
    entries: entries.map((entry) => ({
      sequence: entry.version,
      line: entry.line,
      account: entry.ledgerAccount as LedgerAccount,
      currency: entry.currency,
      amount: toJsonInteger(entry.amount),
      timestamp: entry.at.toISOString(),
    })),
    balances: balancesOf(entries),
    realised: entries.some(({ ledgerAccount }) => ledgerAccount === 'payee')
      ? { fx_spread: result('fx_spread'), fx_gain_loss: result('fx_gain_loss'), currency: 'USDC' }
      : null,
  }
}
