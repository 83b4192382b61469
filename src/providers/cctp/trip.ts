import type { Address } from 'viem'
import type { Clock } from '../../core/clock.ts'
import { stepKey } from '../keys.ts'
import type { Operation } from '../port.ts'
import type { RailChain } from './chains.ts'
import type { Iris } from './iris.ts'
import type { Burn } from './message.ts'
import { ChainError, type Node } from './node.ts'
import type { Delivered, Passage, Passages } from './passages.ts'
import type { RailState } from './states.ts'
import type { Call, Fate, Wallet } from './wallet.ts'

/** One end of the rail. */
export interface Station {
  chain: RailChain
  domain: number
  node: Node
  /** Signs there. */
  wallet: Wallet
  /** Where our USDC is kept. */
  owner: Address
  usdc: Address
  tokenMessenger: Address
  messageTransmitter: Address
}

/** What one passage is carried on with. */
export interface Trip {
  operation: Operation
  passage: Passage
  delivered: Delivered
  from: Station
  to: Station
  iris: Iris
  passages: Passages
  clock: Clock
}

/** Where a passage has to wait. */
export interface Halt {
  state: Exclude<RailState, 'done'>
  /** Milliseconds after which it is worth looking again. */
  checkAfterMs?: number
  /** For the log: why a person may have to look. */
  message?: string
}

/** The burn that the passage makes. */
export const burnOf = ({ from, to, delivered }: Trip): Burn => ({
  sourceDomain: from.domain,
  destinationDomain: to.domain,
  tokenMessenger: from.tokenMessenger,
  burnToken: from.usdc,
  burner: from.wallet.address,
  mintRecipient: to.owner,
  amount: delivered.amount,
})

/** Transactions that may be signed for one purpose, each only when none before it can take effect. */
const MOST_TRIES = 3

/** The id of what a transaction of the operation is for. */
export const purposeOf = ({ operation }: Trip, what: 'approve' | 'burn' | 'mint', attempt = 1): string =>
  stepKey(operation.key, `cctp ${what} ${attempt}`)

/**
 * Carries a purpose on through as many tries as it takes: a next one is signed once the last is at one of the `over`
 * stages. Null when the last of them is over too.
 */
export const carryOn = async (
  trip: Trip,
  wallet: Wallet,
  what: 'approve' | 'burn' | 'mint',
  over: readonly Fate['stage'][],
  call: () => Promise<Call>,
  signal: AbortSignal,
): Promise<Fate | null> => {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
    const fate = await wallet.carry(purposeOf(trip, what, attempt), call, signal)
    if (!over.includes(fate.stage)) return fate
  }
  return null
}

/** What the work gives, or the halt that it comes to when the contract would refuse the call. */
export const unlessReverted = async <T>(
  state: Halt['state'],
  work: () => Promise<T | Halt>,
): Promise<T | Halt> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ChainError && error.fault === 'reverted') return { state, message: error.message }
    throw error
  }
}
