import { createHash, createPublicKey, verify } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { objectIn, readObject, textIn, textsIn } from '../inbound/body.ts'
import { fieldOf, isNear, readBase64, readStamped } from '../inbound/signature.ts'
import type { Inbound } from '../port.ts'

/** As Bridge advises; it signs every repetition anew. */
const WINDOW_MS = 10 * 60_000

/** What an event's subject may call our operation: itself, what it belongs to, and what we said. */
const NAMES = ['id', 'transfer_id', 'client_reference_id']

export interface BridgeInboundOptions {
  /** The endpoint's own, in PEM, as Bridge shows it when the endpoint is made. */
  publicKey: string
  clock: Clock
}

/**
 * Reads Bridge's events. It hashes twice: RSA with PKCS #1 v1.5 and SHA-256, over the SHA-256 digest of time and body.
 * Throws at once when the key is not one.
 */
export const createBridgeInbound = ({ publicKey, clock }: BridgeInboundOptions): Inbound => {
  const key = createPublicKey(publicKey)
  if (key.asymmetricKeyType !== 'rsa') throw new Error("Bridge's webhook key is not an RSA key")
  return {
    read: async ({ headers, body }) => {
      const stamped = readStamped(headers.get('x-webhook-signature'), 1)
      const signature = stamped && readBase64(fieldOf(stamped, 'v0') ?? '')
      if (!stamped || !signature || !isNear(stamped.at, clock.now(), WINDOW_MS, WINDOW_MS)) return null
      const digest = createHash('sha256').update(`${stamped.time}.${body}`).digest()
      if (!verify('sha256', digest, key, signature)) return null

      const event = readObject(body)
      const id = event && textIn(event, 'event_id')
      if (!event || !id) return null
      return {
        id,
        names: [...textsIn(event, ['event_object_id']), ...textsIn(objectIn(event, 'event_object'), NAMES)],
      }
    },
  }
}
