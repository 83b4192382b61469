import { createReceiver } from '../../docs/examples/receiver.ts'
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

/** The receiver of docs/webhooks.md on a free port of this machine. */
export const startReceiver = (on: ReceiverEvents): Receiver => {
  let receive: ((request: Request) => Promise<Response>) | null = null

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      if (request.method !== 'POST') return new Response(null, { status: 405 })
      // Not yet trusted: the sender comes again.
      if (!receive) return new Response(null, { status: 503 })
      const response = await receive(request)
      if (response.status === 400) on.refused('its signature does not verify')
      return response
    },
  })

  return {
    url: new URL('/webhooks', server.url).href,
    trust: (secret) => {
      receive = createReceiver(secret, (event) => on.verified(event as WebhookEvent))
    },
    stop: () => server.stop(true),
  }
}
