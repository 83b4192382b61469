import { Webhook } from 'standardwebhooks'

/** Answers webhooks: 204 for what is genuine, whether new or repeated, and 400 for the rest. */
export const createReceiver = (secret: string, handle: (event: unknown) => Promise<void> | void) => {
  const webhook = new Webhook(secret)
  const handled = new Set<string>() // yours belongs into a database, in the transaction of what you do
  return async (request: Request): Promise<Response> => {
    const body = await request.text() // as it came: JSON that was parsed and printed again does not verify
    const headers = Object.fromEntries(request.headers)
    let event: unknown
    try {
      event = webhook.verify(body, headers) // signature, and a timestamp of the last five minutes
    } catch {
      return new Response(null, { status: 400 })
    }
    const id = headers['webhook-id'] ?? ''
    if (!handled.has(id)) await handle(event) // when this throws, the answer is a 500 and we come again
    handled.add(id)
    return new Response(null, { status: 204 })
  }
}

if (import.meta.main) {
  Bun.serve({ port: 4000, fetch: createReceiver(process.env.WEBHOOK_SECRET ?? '', console.log) })
}
