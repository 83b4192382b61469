import type { Clock } from '../../core/clock.ts'
import { formatAmount } from '../../core/money.ts'
import type { Operation } from '../port.ts'
import type { Step, Steps } from '../steps.ts'
import { unitsOf } from './amounts.ts'
import type { CircleClient } from './client.ts'
import type { Deposit } from './shapes.ts'
import { DEPOSIT_STATES, stateOf } from './states.ts'

/** How much earlier than its operation a deposit may have been made, for clocks that differ; an older one is another's. */
const EARLY_MS = 5 * 60_000

/** The step by which an operation takes a deposit; its external id is the deposit's, which is taken once. */
export const DEPOSIT = 'deposit'

const madeMs = ({ createDate }: Deposit): number => Date.parse(createDate)

/** Finds the wire that pays for an operation. */
export const createDeposits = (client: CircleClient, steps: Steps, clock: Clock) => {
  const fitting = async (operation: Operation, bank: string, signal: AbortSignal): Promise<Deposit[]> => {
    const fromMs = clock.now() - operation.ageMs - EARLY_MS
    const found: Deposit[] = []
    for await (const page of client.deposits({ from: new Date(fromMs).toISOString() }, signal)) {
      const ours = page.filter(
        (deposit) =>
          deposit.sourceWalletId === bank &&
          madeMs(deposit) >= fromMs &&
          deposit.amount.currency === operation.currency &&
          unitsOf(deposit.amount, operation.currency, operation.currency) === operation.amount &&
          stateOf(DEPOSIT_STATES, 'deposit', deposit.status) === 'complete',
      )
      found.push(...ours)
    }
    return found.sort((a, b) => madeMs(a) - madeMs(b) || (a.id < b.id ? -1 : 1))
  }

  /** What is left of a deposit for the transfer, as the API writes it. */
  const leftOf = (deposit: Deposit, { amount, currency }: Operation): string => {
    const fee = deposit.fee ? unitsOf(deposit.fee, currency, currency) : 0n
    if (fee >= amount) throw new Error('circle takes the whole of a deposit')
    return formatAmount(amount - fee, currency)
  }

  /**
   * Takes the oldest deposit for the operation that has its exact amount, came from its payer's bank and is nobody else's;
   * null while there is none. Its step has what arrived as `wired`, and what is left of it after the fee as `usd`.
   */
  return async (operation: Operation, bank: string, signal: AbortSignal): Promise<Step | null> => {
    const deposits = await fitting(operation, bank, signal)
    if (deposits.length === 0) return null
    await steps.begin(operation, DEPOSIT)
    // The constraint holds within one account; this keeps two accounts that name one bank from sharing a deposit.
    const owners = await steps.owners(deposits.map(({ id }) => id))
    for (const deposit of deposits) {
      const owner = owners.get(deposit.id)
      if (owner && owner.key !== operation.key) continue
      const detail = {
        wired: formatAmount(operation.amount, operation.currency),
        usd: leftOf(deposit, operation),
      }
      const taken = await steps.end(operation, DEPOSIT, { status: 'done', externalId: deposit.id, detail })
      if (taken) return taken
    }
    return null
  }
}

export type TakeDeposit = ReturnType<typeof createDeposits>
