import { Webhook } from 'standardwebhooks'
import type { WebhookEvent } from './wire.ts'

/** A running receiver. */
export interface Receiver {
  /** Where it listens. */
  url: string
  /** Gives it the secret that came with the registration. */
  trust(secret: string): void
  stop(): Promise<void>
}

/** What a receiver tells. */
export interface ReceiverEvents {
  /** A webhook whose signature is good, once for each event. */
  verified(event: WebhookEvent): void
  /** A webhook whose signature is not. */
  refused(reason: string): void
}

/**
 * What a merchant's server does with webhooks, on a free port of this machine: verify the raw body with the standard
 * library, tell repetitions by webhook-id, answer at once.
 */
export const startReceiver = (on: ReceiverEvents): Receiver => {
  const seen = new Set<string>()
  let webhook: Webhook | null = null

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      if (request.method !== 'POST') return new Response(null, { status: 405 })
      // Not yet trusted: the sender comes again.
      if (!webhook) return new Response(null, { status: 503 })
      const body = await request.text()
      const headers = Object.fromEntries(request.headers)
      let event: WebhookEvent
      try {
        event = webhook.verify(body, headers) as WebhookEvent
      } catch (error) {
        on.refused(error instanceof Error ? error.message : String(error))
        return new Response(null, { status: 400 })
      }
      const id = headers['webhook-id'] ?? ''
      if (!seen.has(id)) on.verified(event)
      seen.add(id)
      return new Response(null, { status: 204 })
    },
  })

  return {
    url: new URL('/webhooks', server.url).href,
    trust: (secret) => {
      webhook = new Webhook(secret)
    },
    stop: () => server.stop(true),
  }
}
