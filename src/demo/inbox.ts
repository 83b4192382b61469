import type { WebhookEvent } from './wire.ts'

/**
 * Collects the verified webhooks of one payment and hands them to `show`. The first may come before we know the
 * payment's id, and those of an earlier, interrupted demo may come at any time.
 */
export const createInbox = (show: (event: WebhookEvent) => void) => {
  const events: WebhookEvent[] = []
  let paymentId: string | null = null
  let wake = () => {}
  const isOurs = ({ data }: WebhookEvent) => data.payment_id === paymentId
  const has = (sequence: number) => events.some((event) => isOurs(event) && event.data.sequence === sequence)

  return {
    put: (event: WebhookEvent) => {
      events.push(event)
      if (isOurs(event)) show(event)
      wake()
    },
    /** Says which payment it is. */
    claim: (id: string) => {
      paymentId = id
      events.filter(isOurs).forEach(show)
    },
    /** The payment's events as soon as those with these sequences are there, or what has come after `ms`. */
    settled: async (
      sequences: readonly number[],
      ms: number,
      signal: AbortSignal,
    ): Promise<WebhookEvent[]> => {
      const late = AbortSignal.any([signal, AbortSignal.timeout(ms)])
      while (!late.aborted && !sequences.every(has)) {
        await new Promise<void>((resolve) => {
          wake = resolve
          late.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      signal.throwIfAborted()
      return events.filter(isOurs)
    },
  }
}
