import { useEffect, useState } from 'preact/hooks'
import type { Payment } from '../../../../payments/model.ts'
import { isTerminal } from '../../../../payments/transitions.ts'
import { type Loaded, useLoad } from '../../lib/load.ts'
import { follow, type StreamState } from '../../lib/stream.ts'

/** Several changes within this many milliseconds are read together. */
const TOGETHER_MS = 100
/** While nothing tells of changes, as when too many streams are open. */
const ALONE_MS = 5_000
/** Streams end with the payment, and a payout may come back later. */
const ENDED_MS = 30_000

/** A payment as it is, and as it changes. */
export const usePayment = (id: string): Loaded<Payment> => {
  const path = `/payments/${encodeURIComponent(id)}`
  const [stream, setStream] = useState<StreamState>('connecting')
  const everyMs = (data: Payment | null): number | null => {
    if (data && isTerminal(data.status)) return ENDED_MS
    return stream === 'live' ? null : ALONE_MS
  }
  const payment = useLoad<Payment>(path, { everyMs })
  const { reload } = payment

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let last = false
    const stop = follow(`${path}/events`, {
      onEvent: ({ event, data: change }) => {
        if (event !== 'transition') return
        last ||= isTerminal((change as Pick<Payment['state_history'][number], 'to_status'>).to_status)
        timer ??= setTimeout(() => {
          timer = undefined
          reload()
        }, TOGETHER_MS)
      },
      onState: setStream,
      isOver: () => last,
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [path, reload])
  return payment
}
