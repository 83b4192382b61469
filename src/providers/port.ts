import type { Currency, Fiat } from '../core/currency.ts'
import type { Rate } from '../core/rate.ts'

/** The three effects a payment has outside: money in to USDC, USDC to money out, and money in given back. */
export const LEGS = ['onramp', 'offramp', 'refund'] as const
export type Leg = (typeof LEGS)[number]

export const CHAINS = ['base', 'polygon', 'arbitrum', 'solana', 'ethereum'] as const
export type Chain = (typeof CHAINS)[number]

/** What a leg on a chain is worth the wait: `fast` pays for it where a rail has a price for speed. */
export type Speed = 'standard' | 'fast'

/** One operation that a provider is asked to carry out, as journalled before the call. */
export interface Operation {
  accountId: string
  paymentId: string
  /** The provider's idempotency key (UUID): the same key never acts twice, whatever happens to the reply. */
  key: string
  leg: Leg
  attempt: number
  /** Minor units: what the payer hands in (onramp), what the payee must get (offramp), what goes back (refund). */
  amount: bigint
  currency: Fiat
  chain: Chain
  speed: Speed
  /** USDC minor units that a payout or refund may cost at most: beyond that a price is a mistake, and is refused. */
  mostUsdc: bigint
  sourceAccount: string
  destinationAccount: string
  /** For a refund: the provider's reference of the on-ramp that is undone. */
  undoes: string | null
  /** The provider's own reference, once it has accepted. */
  reference: string | null
  /**
   * Whether this key may have been sent before. While it is false, an answer that says that nothing was done is
   * definite; afterwards such an answer speaks of the repetition only.
   */
  sentBefore: boolean
  /** Milliseconds since it was journalled: providers forget their keys, so an old one must not be sent again. */
  ageMs: number
}

/**
 * Why a provider said no, and so what may be tried instead. `funds`: our balance there does not cover it. `limits`: too
 * little, too much or too often for it. `route`: it cannot serve these accounts or this way. `temporary`: not now.
 * `compliance`: it may not, for reasons of law, and so nobody else is asked either.
 */
export const REFUSAL_CLASSES = ['funds', 'compliance', 'limits', 'route', 'temporary'] as const
export type RefusalClass = (typeof REFUSAL_CLASSES)[number]

/** Where the payer has to send the money for a leg that waits for it: the provider's words, by its own field names. */
export type Instructions = Readonly<Record<string, string>>

/**
 * What is known of an operation. `done`: the money is where it was to go. A refusal is definite: no money moved, or it
 * came back, even after it was done; its message may be shown to the account. Everything that is not definite is
 * `unknown`: it is asked about again under the same key, never sent under a new one. The message of an `unknown` is for
 * the log alone, because it may hold a provider's secrets. `not_found`: there is nothing under this key, so that it may
 * be sent (again) under it. `not_sent` is the guard's: this call never left, which says nothing about earlier ones.
 */
export type Outcome =
  | { kind: 'accepted'; reference: string; checkAfterMs?: number; instructions?: Instructions }
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

/** A leg that wants a provider. */
export interface Ask {
  leg: 'onramp' | 'offramp'
  currency: Fiat
  chain: Chain
  /** The mid now, units of the currency for one USD. */
  fiatPerUsd: Rate
  /** About what the leg is worth, USD cents, for limits and for fees that do not grow with the amount. */
  usdCents: bigint
}

/** A provider's price for one leg right now. */
export interface LegPrice {
  provider: string
  /** USDC for one unit of fiat (onramp) or fiat for one USDC (offramp), after the provider's spread and fees. */
  rate: Rate
  sandbox: boolean
}

/** What a provider, or its status page, says of itself. */
export const PROVIDER_HEALTH = ['operational', 'unknown', 'degraded', 'outage'] as const
export type ProviderHealth = (typeof PROVIDER_HEALTH)[number]

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

/** What a provider can do in one direction. */
export interface LegCapability {
  currencies: readonly Fiat[]
  chains: readonly Chain[]
  /** Limits of one operation, USD cents. */
  leastUsdCents: bigint
  mostUsdCents: bigint
}

/** Per direction, null for one that it does not serve. A refund is asked of whoever carried out the on-ramp. */
export interface Capabilities {
  onramp: LegCapability | null
  offramp: LegCapability | null
}

/** A message that a provider has sent to us of its own accord. */
export interface InboundEvent {
  /** The provider's id of the event; the same event sent again has the same one. */
  id: string
  /** Whatever may name one of our operations: references of the provider's, or keys of ours. */
  names: readonly string[]
}

/** The messages that a provider sends to us. They are only ever a reason to ask, never believed. */
export interface Inbound {
  /**
   * The event in a request, by its raw body. Null when it is forged, altered, too old, or none of the provider's.
   * May throw when the signature cannot be checked now; the provider sends it again.
   */
  read(message: { headers: Headers; body: string }, signal: AbortSignal): Promise<InboundEvent | null>
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
  /** For a provider that sends messages to us; asking it goes on regardless. */
  readonly inbound?: Inbound
  /**
   * The rate at which it would carry out the leg now, spread and fees included, from what it last said: it answers from
   * memory. Null while it has said nothing young enough.
   */
  quote(ask: Ask): Rate | null
  /** What it last said of itself, from memory. */
  health(): ProviderHealth
  /** Brings quotes and health up to date. May throw; what was known then grows old. */
  refresh(signal: AbortSignal): Promise<void>
  /** Asks for the operation; the same key twice acts once and answers as the first time. */
  initiate(operation: Operation, signal: AbortSignal): Promise<Outcome>
  /**
   * What became of the operation; `not_found` means that it never arrived, or that its provider cannot be asked by key
   * and the key is young enough to be sent again. Where an operation has several steps at its provider, this is also
   * what carries it from one to the next, each under a key derived from its own.
   */
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
