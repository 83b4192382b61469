import type { Hex } from 'viem'
import { WireError } from '../wire.ts'
import { PACES, type Wait } from './chains.ts'
import { type BurnMessage, isOfBurn, readMessage } from './message.ts'
import { burnOf, type Halt, type Trip } from './trip.ts'

/** A message that Circle has signed, and that pays us when it is minted. */
export interface Attested {
  message: Hex
  attestation: Hex
  read: BurnMessage
}

const REATTEST_EVERY_MS = 120_000
const REATTEST_CHECK_MS = 5_000

/** What was written down of an attestation, null when that is nothing yet, or when it has expired since. */
export const attestedBefore = ({ passage: { detail } }: Trip): Attested | null => {
  const { message, attestation, expired } = detail
  const read = message ? readMessage(message) : null
  if (!message || !attestation || !read || attestation === expired) return null
  return { message: message as Hex, attestation: attestation as Hex, read }
}

const pause = (trip: Trip, burntMs: number, delayed: boolean): number => {
  const { clock, from, passage } = trip
  const pace = PACES[from.chain]
  const fast = passage.detail.speed === 'fast' && !delayed ? pace.fast : null
  const { firstMs, everyMs }: Wait = fast ?? pace.standard
  return Math.max(firstMs - (clock.now() - burntMs), everyMs)
}

/** Fetches what Circle has signed of the burn, checks it against what was burnt, and writes it down. */
export const attest = async (trip: Trip, burn: Hex, signal: AbortSignal): Promise<Attested | Halt> => {
  const { operation, passage, passages, from, iris, clock } = trip
  const { expired, burnt_ms: known } = passage.detail
  const burntMs = Number(known ?? clock.now())
  if (!known) await passages.note(operation, passage.state, { burnt_ms: String(burntMs) })
  const sighting = await iris.sighting(from.domain, burn, signal)
  if (sighting.status === 'unseen')
    return { state: 'attest_unseen', checkAfterMs: pause(trip, burntMs, false) }
  if (sighting.status === 'pending') {
    const { delay } = sighting
    const checkAfterMs = expired ? REATTEST_CHECK_MS : pause(trip, burntMs, delay !== null)
    return { state: delay ? 'attest_delayed' : 'attest_pending', checkAfterMs }
  }
  const { message, attestation } = sighting
  const read = readMessage(message)
  if (!read || !isOfBurn(read, burnOf(trip)))
    throw new WireError('unreadable', 'Iris answered with the message of another burn')
  if (attestation === expired) return askAnew(trip, read.nonce, signal)
  await passages.note(operation, passage.state, { message, attestation })
  return { message, attestation, read }
}

/** Asks for a new attestation in place of one that has expired, unless that was done a moment ago. */
const askAnew = async (trip: Trip, nonce: Hex, signal: AbortSignal): Promise<Halt> => {
  const { operation, passage, passages, iris, clock } = trip
  const askedMs = Number(passage.detail.reattest_ms ?? 0)
  if (clock.now() - askedMs >= REATTEST_EVERY_MS) {
    await iris.reattest(nonce, signal)
    await passages.note(operation, 'attest_expired', { reattest_ms: String(clock.now()) })
  }
  return { state: 'attest_expired', checkAfterMs: REATTEST_CHECK_MS }
}

/** Gives up an attestation that the contract finds expired, and asks for a new one. */
export const renew = async (
  trip: Trip,
  { attestation, read }: Attested,
  signal: AbortSignal,
): Promise<Halt> => {
  await trip.passages.note(trip.operation, 'attest_expired', { expired: attestation })
  return askAnew(trip, read.nonce, signal)
}
