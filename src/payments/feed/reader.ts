import type { PaymentSummary } from '../model.ts'

/** Most payments that are kept for one stream; whoever has missed more had better load its list anew. */
export const MOST_PAYMENTS = 1_000

/** An event of the stream of an account, without its id. */
type Saying =
  | { event: 'payment'; data: PaymentSummary }
  | { event: 'ready' | 'reload' | 'heartbeat'; data: Record<string, never> }

/** The id is the place in the account's chain of seals from which a stream goes on and misses nothing. */
export type AccountEvent = Saying & { id?: number }

const plain = (event: 'ready' | 'reload' | 'heartbeat'): Saying => ({ event, data: {} })

/**
 * What one stream has yet to say: of each payment its newest state alone, so that a client which reads slowly holds a
 * bounded number of them. `since` is the place from which the stream resumes, null for a new one.
 */
export const createReader = (since: number | null, nudge: () => void) => {
  /** The place up to which everything has been said. */
  let said = since
  /** The place up to which everything will have been said when nothing waits any more. */
  let reached = since
  let greeting: Saying[] = []
  let reload = false
  const waiting = new Map<string, PaymentSummary>()

  const push = (head: number, payments: readonly PaymentSummary[] | null): void => {
    reached = head
    for (const payment of payments ?? []) waiting.set(payment.payment_id, payment)
    if (payments === null || waiting.size > MOST_PAYMENTS) reload = true
    if (reload) waiting.clear()
    if (greeting.length > 0 || reload || waiting.size > 0) nudge()
    else said = head
  }

  return {
    /** Lets the stream begin with what it missed since it was interrupted, as `push` does. */
    begin: (head: number, missed: readonly PaymentSummary[] | null): void => {
      greeting = [plain('ready')]
      said ??= head
      push(head, missed)
    },

    /** The payments that have changed until the newest seal was `head`; null when they are too many to say. */
    push,

    /** Everything that waits, or undefined. A client that leaves before the last of it comes back to the same place. */
    take: (): AccountEvent[] | undefined => {
      const payments = [...waiting.values()].map((data): Saying => ({ event: 'payment', data }))
      const sayings = [...greeting, ...(reload ? [plain('reload')] : []), ...payments]
      if (sayings.length === 0) return undefined
      const ids = sayings.map((_, index) => (index < sayings.length - 1 ? said : reached) ?? 0)
      said = reached
      greeting = []
      reload = false
      waiting.clear()
      return sayings.map((saying, index): AccountEvent => ({ id: ids[index] ?? 0, ...saying }))
    },

    /** What is said after a long silence; `blind` when nobody can tell what has changed. */
    heartbeat: (blind: boolean): AccountEvent[] => [
      { ...(said === null ? {} : { id: said }), ...plain(blind ? 'reload' : 'heartbeat') },
    ],
  }
}

export type Reader = ReturnType<typeof createReader>
