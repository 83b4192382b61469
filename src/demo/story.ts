import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import { DemoFailure } from './failure.ts'
import { createInbox } from './inbox.ts'
import { announced, type Outcome, outcomeOf } from './outcome.ts'
import { startReceiver } from './receiver.ts'
import type { Reporter } from './reporter.ts'
import type { Transition } from './wire.ts'

const WISH = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 } as const
const ACCOUNTS = { source_account: 'user123', destination_account: 'merchant456' } as const
/** How long a quote may be looked at before it is paid. */
const LOOK_MS = 3_000
/** The last webhook comes after the last event of the stream. */
const WEBHOOK_PATIENCE_MS = 10_000

/** What the story needs to be told. */
export interface StoryDeps {
  client: Client
  report: Reporter
  idempotencyKey: string
  signal: AbortSignal
}

/** Tells the whole story over HTTP, from the quote to the payout. Throws DemoFailure when it ends badly. */
export const tellStory = async ({ client, report, idempotencyKey, signal }: StoryDeps): Promise<Outcome> => {
  const inbox = createInbox(report.webhook)
  const forged = Promise.withResolvers<never>()
  // Whoever waits for it comes later.
  forged.promise.catch(() => {})

  const receiver = startReceiver({
    verified: inbox.put,
    refused: (reason) =>
      forged.reject(new DemoFailure(`a webhook arrived whose signature is wrong: ${reason}`)),
  })

  const play = async (): Promise<Outcome> => {
    // Those of demos that were killed, whose receivers are gone.
    for (const { id } of await client.listEndpoints()) await client.deleteEndpoint(id)
    const endpoint = await client.registerEndpoint(receiver.url)
    receiver.trust(endpoint.secret)
    report.listening(endpoint)

    const quote = await client.quote(WISH)
    report.quote(quote)
    if (report.live) await sleep(LOOK_MS, undefined, { signal })

    const wish = {
      ...ACCOUNTS,
      quote_id: quote.quote_id,
      amount: quote.amount,
      currency: quote.payout_currency,
    }
    const accepted = await client.pay(wish, idempotencyKey)
    report.accepted(accepted.payment_id)
    inbox.claim(accepted.payment_id)

    const changes: Transition[] = []
    for await (const change of client.follow(accepted.payment_id)) {
      changes.push(change)
      report.change(change)
    }
    const events = await inbox.settled(announced(changes), WEBHOOK_PATIENCE_MS, signal)
    const outcome = outcomeOf(quote, await client.payment(accepted.payment_id), changes, events)
    await client.deleteEndpoint(endpoint.id)
    return outcome
  }

  try {
    return await Promise.race([play(), forged.promise])
  } finally {
    await receiver.stop()
  }
}
