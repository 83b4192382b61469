import type { Currency, Fiat } from '../core/currency.ts'
import type { Rate } from '../core/rate.ts'

/** The three effects a payment has outside: money in to USDC, USDC to money out, and money in given back. */
export const LEGS = ['onramp', 'offramp', 'refund'] as const
export type Leg = (typeof LEGS)[number]

export const CHAINS = ['base', 'polygon', 'arbitrum', 'solana', 'ethereum'] as const
export type Chain = (typeof CHAINS)[number]

/** One operation that a provider is asked to carry out, as journalled before the call. */
export interface Operation {
  /** The provider's idempotency key (UUID): the same key never acts twice, whatever happens to the reply. */
  key: string
  paymentId: string
  leg: Leg
  attempt: number
  /** Minor units: what the payer hands in (onramp), what the payee must get (offramp), what goes back (refund). */
  amount: bigint
  currency: Fiat
  chain: Chain
  sourceAccount: string
  destinationAccount: string
  /** For a refund: the provider's reference of the on-ramp that is undone. */
  undoes: string | null
}

/** Why a provider said no. Only `temporary` may be worth asking the same provider again later. */
export type RefusalClass = 'funds' | 'compliance' | 'limits' | 'route' | 'temporary'

/**
 * What is known of an operation. A refusal is definite: no money moved, or it came back. Everything that
 * is not definite is `unknown`: it is asked about again under the same key, never sent under a new one. The message
 * of an `unknown` is for the log alone, because it may hold a provider's secrets. `not_sent` is the guard's: this
 * call never left, which says nothing about earlier ones.
 */
export type Outcome =
  | { kind: 'accepted'; reference: string; checkAfterMs?: number }
  | { kind: 'done'; reference: string; settled: Settled }
  | { kind: 'refused'; reason: RefusalClass; message: string; reference?: string }
  | { kind: 'not_found' }
  | { kind: 'not_sent' }
  | { kind: 'unknown'; message: string }

export interface Settled {
  /** Minor units on the other side: USDC received (onramp), USDC spent (offramp), fiat returned (refund). */
  amount: bigint
  currency: Currency
  /** Minor units of the operation's currency that were handed in, paid out or given back: what was asked for. */
  fiat: bigint
  /** USDC per unit of fiat (onramp), fiat per USDC (offramp), 1 for a refund. */
  rate: Rate
}

/** A provider's price for one leg right now. */
export interface LegPrice {
  provider: string
  /** USDC for one unit of fiat (onramp) or fiat for one USDC (offramp), after the provider's spread. */
  rate: Rate
  sandbox: boolean
}

/** A provider's own record of one operation that it was asked for, for comparison with our journal. */
export interface ProviderRecord {
  key: string
  reference: string
  leg: Leg
  /** `refused` also when it failed later: no money moved, or it came back. */
  state: 'pending' | 'done' | 'refused'
  /** When it came into this state, epoch milliseconds of the provider's clock. */
  changedMs: number
  /** What it was asked for, minor units of the currency. */
  amount: bigint
  currency: string
  /** Minor units on the other side, as in `Settled.amount`; null unless it is done. */
  settledAmount: bigint | null
}

export interface Capabilities {
  currencies: readonly Fiat[]
  chains: readonly Chain[]
}

/**
 * A payment provider. Implementations may throw: whoever calls treats a throw, a lost connection and a
 * passed deadline as `unknown`.
 */
export interface Provider {
  readonly name: string
  /** Whether it only plays: no real money moves, and a sample rate may be quoted. */
  readonly sandbox: boolean
  readonly capabilities: Capabilities
  /** The executable rate for a leg, from the provider's spread over the mid (fiat per USD, as decimal rate). */
  price(leg: 'onramp' | 'offramp', currency: Fiat, fiatPerUsd: Rate): Rate
  /** Asks for the operation; the same key twice acts once and answers as the first time. */
  initiate(operation: Operation, signal: AbortSignal): Promise<Outcome>
  /** What became of the operation with this key; `not_found` means that it never arrived. */
  status(operation: Operation, signal: AbortSignal): Promise<Outcome>
  /**
   * Pages of all records that the provider made within the window (epoch milliseconds, the end excluded), each once and
   * in any order. An operation that never arrived has none. Throws when the signal is set, or when it cannot tell.
   */
  records(
    window: { fromMs: number; toMs: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly ProviderRecord[]>
}
