import type { PaymentFeed } from '../../src/payments/feed/feed.ts'
import type { AccountEvent } from '../../src/payments/feed/reader.ts'
import type { PaymentSummary } from '../../src/payments/model.ts'
import { ACCOUNT } from './support.ts'

/** The payment of an event; throws for another event. */
export const paymentIn = ({ event, data }: AccountEvent): PaymentSummary => {
  if (event !== 'payment') throw new Error(`${event} is about no payment`)
  return data
}

/** Follows an account as a client does that reads one event after the other. */
export const listen = (feed: PaymentFeed, since: number | null = null, account = ACCOUNT) => {
  const leaving = new AbortController()
  const batches = feed.followAccount(account, since, leaving.signal)
  const read: AccountEvent[] = []

  /** The next event; undefined when the stream has ended. */
  const next = async (): Promise<AccountEvent | undefined> => {
    while (read.length === 0) {
      const { value, done } = await batches.next()
      if (done) return undefined
      read.push(...value)
    }
    return read.shift()
  }

  return {
    next,
    /** The next events, which have to come. */
    take: async (count: number): Promise<AccountEvent[]> => {
      const events: AccountEvent[] = []
      while (events.length < count) {
        const event = await next()
        if (!event) throw new Error('the stream has ended')
        events.push(event)
      }
      return events
    },
    /** The payments that are told until one of them fits, each as its id and sequence. */
    until: async (fits: (payment: PaymentSummary) => boolean): Promise<PaymentSummary[]> => {
      const payments: PaymentSummary[] = []
      for (let event = await next(); event; event = await next()) {
        payments.push(paymentIn(event))
        if (fits(paymentIn(event))) return payments
      }
      throw new Error('the stream has ended')
    },
    leave: async () => {
      leaving.abort()
      await batches.return(undefined)
    },
  }
}

export type Listener = ReturnType<typeof listen>
