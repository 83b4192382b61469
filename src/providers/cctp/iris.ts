import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Hex } from 'viem'
import type { Clock } from '../../core/clock.ts'
import { scaled } from '../../core/decimal.ts'
import { parseAmount } from '../../core/money.ts'
import { createWire, WireError, type WireRequest } from '../wire.ts'
import { THRESHOLDS } from './chains.ts'
import { FEE_PLACES, type FeeBps, MOST_FEE_BPS } from './fees.ts'
import { BLOCK_MS, createLimiter } from './limiter.ts'
import { type Delay, delayOf } from './states.ts'

/** What Iris knows of a burn. */
export type Sighting =
  /** It has not seen the burn yet, which is normal at first. */
  | { status: 'unseen' }
  | { status: 'pending'; delay: Delay | null }
  | { status: 'complete'; message: Hex; attestation: Hex }

/** What a burn costs at each speed. */
export interface RailFees {
  /** Null where nothing is said of a fast transfer. */
  fast: FeeBps | null
  standard: FeeBps
}

/** Circle's attestation service. Every call throws IrisBusy, WireError, or the signal's reason. */
export interface Iris {
  /** What it knows of the burn in a transaction of the chain with that domain. */
  sighting(domain: number, burn: Hex, signal: AbortSignal): Promise<Sighting>
  /** What a burn between two domains costs now. */
  fees(from: number, to: number, signal: AbortSignal): Promise<RailFees>
  /** USDC minor units that may still be burnt fast, by everybody together. */
  allowance(signal: AbortSignal): Promise<bigint>
  /** Asks for a new attestation of a fast message that has expired; asking twice does no harm. */
  reattest(nonce: Hex, signal: AbortSignal): Promise<void>
}

/** It may not be asked now; nothing was sent. */
export class IrisBusy extends Error {
  override readonly name = 'IrisBusy'

  constructor(readonly afterMs: number) {
    super('Iris may not be asked right now')
  }
}

const HexText = Type.Unsafe<Hex>(Type.String({ pattern: '^0x([0-9a-fA-F]{2})+$' }))

const Messages = Type.Object({
  messages: Type.Array(
    Type.Object({
      // Both are placeholders while it is pending.
      message: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      attestation: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      status: Type.String(),
      delayReason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
    { minItems: 1 },
  ),
})

const Fee = Type.Object({
  finalityThreshold: Type.String({ pattern: '^\\d{1,5}$' }),
  minimumFee: Type.String({ pattern: `^\\d{1,5}(\\.\\d{1,${FEE_PLACES}})?$` }),
})
// The schema says an object with the list, the example and Circle's own client read the list alone.
const Fees = Type.Union([Type.Array(Fee), Type.Object({ data: Type.Array(Fee) })])

const Allowance = Type.Object({ allowance: Type.String() })
const Reattested = Type.Object({ message: Type.String(), nonce: Type.String() })

const unreadable = (what: string) => new WireError('unreadable', `Iris answered with ${what}`)

const sightingIn = ({ messages }: Static<typeof Messages>): Sighting => {
  const [only, second] = messages
  // A burn of ours is a transaction of its own.
  if (!only || second) throw unreadable('several messages for one burn')
  const { status, message, attestation, delayReason } = only
  if (status === 'pending_confirmations') {
    const delay = delayReason == null ? null : delayOf(delayReason)
    if (delay === undefined) throw unreadable('a reason for a delay that is not documented')
    return { status: 'pending', delay }
  }
  if (status !== 'complete') throw unreadable('a status that is not documented')
  if (!Value.Check(HexText, message) || !Value.Check(HexText, attestation))
    throw unreadable('an attestation that is none')
  return { status, message, attestation }
}

const feesIn = (answer: Static<typeof Fees>): RailFees => {
  const list = Array.isArray(answer) ? answer : answer.data
  const at = (threshold: number): FeeBps | null => {
    const found = list.find(({ finalityThreshold }) => finalityThreshold === String(threshold))
    const fee = found ? (scaled(found.minimumFee, FEE_PLACES) as FeeBps) : null
    if (fee !== null && fee > MOST_FEE_BPS) throw unreadable('a fee above any that was ever published')
    return fee
  }
  const standard = at(THRESHOLDS.standard)
  if (standard === null) throw unreadable('no fee for a standard transfer')
  return { fast: at(THRESHOLDS.fast), standard }
}

/** Asks Iris at the URL. All who share the client share its limit of requests, and the block that exceeding it brings. */
export const createIris = (baseUrl: string, clock: Clock): Iris => {
  const limiter = createLimiter(clock)
  const wire = createWire({ provider: 'Iris', baseUrl, headers: () => ({}), now: clock.now })

  const ask = async (request: WireRequest, signal: AbortSignal) => {
    const waitMs = limiter.take()
    if (waitMs > 0) throw new IrisBusy(waitMs)
    try {
      return await wire(request, signal)
    } catch (error) {
      if (!(error instanceof WireError) || error.fault !== 'turned_away') throw error
      // It knows no keys, so being turned away is the block for asking too often.
      const blockMs = Math.max(BLOCK_MS, error.retryAfterMs ?? 0)
      limiter.block(blockMs)
      throw new IrisBusy(blockMs)
    }
  }

  const get = async <T extends TSchema>(schema: T, path: string, signal: AbortSignal): Promise<Static<T>> => {
    const { status, body } = await ask({ method: 'GET', path }, signal)
    if (status !== 200) throw unreadable(`HTTP ${status}`)
    if (!Value.Check(schema, body)) throw unreadable('another shape than is documented')
    return body
  }

  return {
    sighting: async (domain, burn, signal) => {
      const path = `/v2/messages/${domain}?transactionHash=${burn}`
      const { status, body } = await ask({ method: 'GET', path }, signal)
      if (status === 404) return { status: 'unseen' }
      if (status !== 200) throw unreadable(`HTTP ${status}`)
      if (!Value.Check(Messages, body)) throw unreadable('another shape than is documented')
      return sightingIn(body)
    },
    fees: async (from, to, signal) => feesIn(await get(Fees, `/v2/burn/USDC/fees/${from}/${to}`, signal)),
    allowance: async (signal) => {
      const { allowance } = await get(Allowance, '/v2/fastBurn/USDC/allowance', signal)
      const units = parseAmount(allowance, 'USDC')
      if (units === null) throw unreadable('an allowance that is no amount')
      return units
    },
    reattest: async (nonce, signal) => {
      const { status, body } = await ask({ method: 'POST', path: `/v2/reattest/${nonce}` }, signal)
      if (status !== 200 || !Value.Check(Reattested, body))
        throw unreadable('something else to a new attestation')
    },
  }
}
