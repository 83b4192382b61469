import type { Operation, Outcome } from '../port.ts'
import { type Order, settledOf } from './order.ts'
import { refusalOfFailure } from './refusals.ts'
import type { Transfer } from './shapes.ts'
import { stateOf } from './states.ts'

const unknown = (message: string): Outcome => ({ kind: 'unknown', message })

/** What an executed transfer comes to; its id is the operation's reference from the first such answer on. */
export const outcomeOf = (transfer: Transfer, order: Order, operation: Operation): Outcome => {
  const { transferId: reference, status } = transfer
  switch (stateOf(status)) {
    case 'pending':
      return { kind: 'accepted', reference }
    case 'settled': {
      const settled = settledOf(transfer, order, operation)
      if (!settled) return unknown('coinbase completed a transfer that is not what was ordered')
      return { kind: 'done', reference, settled }
    }
    case 'failed':
      return refusalOfFailure(transfer, operation.leg)
    case 'unexecuted':
      return unknown('coinbase has not executed the transfer yet')
    default:
      return unknown('coinbase shows a status that is not documented')
  }
}
