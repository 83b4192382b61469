import { Webhook } from 'standardwebhooks'

const SECRET_BYTES = 32

/** A new signing secret: `whsec_` and 32 random bytes in base64. */
export const newSecret = (): string =>
  `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64')}`

export interface Message {
  eventId: string
  /** The exact text that is sent. */
  body: string
}

/**
 * The Standard Webhooks headers of one attempt at `now` (epoch milliseconds). The id is the event's, the same over all
 * attempts and endpoints, so that a receiver can recognise a repetition. Several secrets give several signatures, in
 * their order: a receiver that knows any of them is satisfied.
 */
export const signedHeaders = (
  message: Message,
  secrets: string | readonly string[],
  now: number,
): Record<string, string> => {
  const id = `evt_${message.eventId}`
  const seconds = Math.floor(now / 1000)
  const signatures = [secrets]
    .flat()
    .map((secret) => new Webhook(secret).sign(id, new Date(seconds * 1000), message.body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}
