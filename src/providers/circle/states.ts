import { ownEntry } from '../../core/own-entry.ts'

/** What a transfer, a payout or a trade has come to. */
export type Progress = 'moving' | 'complete' | 'failed'

/** `running` is documented of incoming transfers only, and means the same. */
export const TRANSFER_STATES = {
  pending: 'moving',
  running: 'moving',
  complete: 'complete',
  failed: 'failed',
} as const satisfies Record<string, Progress>

export const PAYOUT_STATES = {
  pending: 'moving',
  running: 'moving',
  complete: 'complete',
  failed: 'failed',
} as const satisfies Record<string, Progress>

/**
 * What became of a payout that its bank has sent back. The payee does not have it from then on, but while the return
 * has failed nobody knows who does.
 */
export const RETURN_STATES = {
  pending: 'returned',
  complete: 'returned',
  failed: 'unclear',
} as const

/** Before it is settled, what was bought is not in our balance. */
export const TRADE_STATES = {
  pending: 'moving',
  confirmed: 'moving',
  pending_settlement: 'moving',
  complete: 'complete',
  failed: 'failed',
} as const satisfies Record<string, Progress>

export const DEPOSIT_STATES = {
  pending: 'moving',
  complete: 'complete',
  failed: 'failed',
} as const satisfies Record<string, Progress>

/** Recipients that an administrator has not confirmed, or that still wait, take no transfers. */
export const RECIPIENT_STATES = {
  active: 'ready',
  pending_verification: 'waiting',
  verification_succeeded: 'waiting',
} as const

/** What a status means by its table. Throws for one that is not documented, because then nobody knows. */
export const stateOf = <T extends string>(
  table: Readonly<Record<string, T>>,
  thing: string,
  status: string,
): T => {
  const state = ownEntry(table, status)
  if (state === undefined) throw new Error(`circle has a ${thing} in a state that is not documented`)
  return state
}
