import type { ErrorCode } from '../core/errors.ts'
import type { Status } from './transitions.ts'

/** What became of a request for a payment. */
export type AcceptOutcome = 'accepted' | 'replayed' | ErrorCode

/** Told of what this process has committed, for metrics. It must be quick, and must not throw. */
export interface PaymentObserver {
  requested(outcome: AcceptOutcome): void
  /** A payment has come into the state. */
  entered(status: Status): void
  /** A payout that was done has come back. */
  returned(): void
  /** A payment was COMPLETED so many seconds after it was accepted. */
  completed(seconds: number): void
  /** A step was done so many seconds after it was due. */
  stepped(lagSeconds: number): void
}
