import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Clock } from '../../core/clock.ts'
import { isUuid } from '../../core/ids.ts'
import { untilAborted } from '../abort.ts'
import { objectIn, readObject, textIn, textsIn } from '../inbound/body.ts'
import { createPublishedKeys } from '../inbound/published-keys.ts'
import { isNear, readBase64 } from '../inbound/signature.ts'
import type { Inbound } from '../port.ts'
import { createWire, type Wire } from '../wire.ts'

const HOUR_MS = 3_600_000
/**
 * Circle tries 12 times within 36.3 hours and does not say that it dates a repetition anew. What is repeated later than
 * this is refused, and what is repeated sooner is known by its id.
 */
const REPEATED_FOR_MS = 48 * HOUR_MS
const AHEAD_MS = 10 * 60_000

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/** What a notification's subject may call our operation: itself, what it belongs to, and what we said. */
const NAMES = ['id', 'paymentId', 'transferId', 'payoutId', 'quoteId', 'customerRefId', 'refCode']

const KeyAnswer = Type.Object({
  data: Type.Object({
    id: Type.String(),
    algorithm: Type.Literal('ECDSA_SHA_256'),
    publicKey: Type.String({ maxLength: 1_000 }),
  }),
})

export interface CircleInboundOptions {
  /** Of the API that publishes the keys, such as https://api.circle.com, without a slash at its end. */
  baseUrl: string
  apiKey: string
  clock: Clock
  /** Longest that a key is waited for, milliseconds. */
  deadlineMs: number
}

/** Asks for a public key. Throws when there is no telling, and when the answer is not what is documented. */
const fetchKey =
  (wire: Wire) =>
  async (id: string, signal: AbortSignal): Promise<KeyObject | null> => {
    const { status, body } = await wire(
      { method: 'GET', path: `/v2/cpn/notifications/publicKey/${id}` },
      signal,
    )
    if (status === 400 || status === 404) return null
    if (!Value.Check(KeyAnswer, body) || body.data.id !== id)
      throw new Error(`circle answered HTTP ${status} without the key that was asked for`)
    const key = createPublicKey({
      key: Buffer.from(body.data.publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
    if (key.asymmetricKeyType !== 'ec') throw new Error('circle has published a key of another kind')
    return key
  }

/**
 * Reads Circle's notifications of version 2: ECDSA over the raw body, by a key that it publishes. The signature covers
 * no time but the body's own.
 */
export const createCircleInbound = ({
  baseUrl,
  apiKey,
  clock,
  deadlineMs,
}: CircleInboundOptions): Inbound => {
  const wire = createWire({
    provider: 'circle',
    baseUrl,
    headers: () => ({ authorization: `Bearer ${apiKey}` }),
    now: clock.now,
  })
  const keys = createPublishedKeys(fetchKey(wire), clock, deadlineMs)
  return {
    read: async ({ headers, body }, signal) => {
      const keyId = headers.get('x-circle-key-id') ?? ''
      const signature = readBase64(headers.get('x-circle-signature') ?? '')
      // The id goes into a URL that is asked with our API key, so only the form that ids have gets there.
      if (!signature || !isUuid(keyId)) return null
      const key = await untilAborted(signal, () => keys.find(keyId))
      if (!key || !verify('sha256', Buffer.from(body), key, signature)) return null

      const notice = readObject(body)
      const id = notice && textIn(notice, 'notificationId')
      const timestamp = notice && textIn(notice, 'timestamp')
      if (!notice || !id || !timestamp || !TIMESTAMP.test(timestamp)) return null
      if (!isNear(Date.parse(timestamp), clock.now(), REPEATED_FOR_MS, AHEAD_MS)) return null
      return { id, names: textsIn(objectIn(notice, 'notification'), NAMES) }
    },
  }
}
