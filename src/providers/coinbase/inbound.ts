import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { objectIn, readObject, textIn, textsIn } from '../inbound/body.ts'
import { fieldOf, isNear, readStamped, type Stamped } from '../inbound/signature.ts'
import type { Inbound } from '../port.ts'

/** As Coinbase advises; it signs every repetition anew. */
const WINDOW_MS = 5 * 60_000

const MOST_SIGNED_HEADERS = 32
const HEADER_NAMES = /^[a-z0-9-]+( [a-z0-9-]+)*$/
const HEX_DIGEST = /^[0-9a-f]{64}$/

export interface CoinbaseInboundOptions {
  /** The subscription's own, as Coinbase shows it when the subscription is made. */
  secret: string
  clock: Clock
}

/**
 * What the sender has put through the HMAC: time, names and values of headers, and the raw body, with dots between. Null
 * when the names are none. A header that did not arrive counts as empty, and so is missed.
 */
const signedText = (stamped: Stamped, headers: Headers, body: string): string | null => {
  const names = fieldOf(stamped, 'h') ?? ''
  const list = names.split(' ')
  if (!HEADER_NAMES.test(names) || list.length > MOST_SIGNED_HEADERS) return null
  const values = list.map((name) => headers.get(name) ?? '')
  return [stamped.time, names, values.join('.'), body].join('.')
}

/** Reads Coinbase's events: HMAC-SHA256 with a shared secret. Throws at once when the secret is empty. */
export const createCoinbaseInbound = ({ secret, clock }: CoinbaseInboundOptions): Inbound => {
  if (secret === '') throw new Error("Coinbase's webhook secret is empty")
  const isGenuine = (stamped: Stamped, text: string): boolean => {
    const expected = createHmac('sha256', secret).update(text).digest()
    return (stamped.fields.get('v1') ?? []).some(
      (code) => HEX_DIGEST.test(code) && timingSafeEqual(Buffer.from(code, 'hex'), expected),
    )
  }
  return {
    read: async ({ headers, body }) => {
      const stamped = readStamped(headers.get('x-hook0-signature'), 1_000)
      if (!stamped || !isNear(stamped.at, clock.now(), WINDOW_MS, WINDOW_MS)) return null
      const text = signedText(stamped, headers, body)
      if (text === null || !isGenuine(stamped, text)) return null

      const event = readObject(body)
      // The types of its SDK write the one for transfers, and its pages the other.
      const id = event && (textIn(event, 'eventID') ?? textIn(event, 'eventId'))
      if (!event || !id) return null
      const data = objectIn(event, 'data')
      const metadata = objectIn(data, 'metadata')
      return { id, names: [...textsIn(data, ['transferId']), ...textsIn(metadata, Object.keys(metadata))] }
    },
  }
}
