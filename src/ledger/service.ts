import { AppError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import type { PaymentLedger } from './model.ts'
import type { LedgerStore } from './store.ts'
import { ledgerView } from './view.ts'

/** Shows what the journal says of a payment. */
export const createLedgerService = (store: LedgerStore) => ({
  /** The ledger of the account's payment. Throws NOT_FOUND. */
  get: async (accountId: string, paymentId: string): Promise<PaymentLedger> => {
    const found = isUuid(paymentId) ? await store.find(accountId, paymentId) : null
    if (!found) throw new AppError('NOT_FOUND', `There is no payment ${paymentId.slice(0, 64)}`)
    return ledgerView(paymentId, found)
  },
})

export type LedgerService = ReturnType<typeof createLedgerService>
