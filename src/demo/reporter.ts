import type { Outcome } from './outcome.ts'
import type { Endpoint, Quote, Transition, WebhookEvent } from './wire.ts'

/** Shows the story. Methods are called in the story's order, and `close` at the very end. */
export interface Reporter {
  /** Whether someone watches, so that it makes sense to wait for them. */
  readonly live: boolean
  starting(dataDir: string): void
  started(url: string): void
  listening(endpoint: Endpoint): void
  quote(quote: Quote): void
  accepted(paymentId: string): void
  change(change: Transition): void
  webhook(event: WebhookEvent): void
  outcome(outcome: Outcome): void
  failed(problem: string): void
  stopping(): void
  stopped(completed: boolean): void
  close(): void
}
