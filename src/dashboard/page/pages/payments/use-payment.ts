import { useEffect } from 'preact/hooks'
import type { Payment } from '../../../../payments/model.ts'
import { isTerminal, type Status } from '../../../../payments/transitions.ts'
import { type Loaded, useLoad } from '../../lib/load.ts'
import { follow } from '../../lib/stream.ts'

/** Several changes within this many milliseconds are read together. */
const TOGETHER_MS = 100

interface Transition {
  to_status: Status
}

/** A payment as it is, and as it changes until it ends. */
export const usePayment = (id: string): Loaded<Payment> => {
  const path = `/payments/${encodeURIComponent(id)}`
  const payment = useLoad<Payment>(path)
  const { reload } = payment
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const stop = follow(`${path}/events`, {
      onEvent: ({ event, data }) => {
        if (event !== 'transition') return
        over ||= isTerminal((data as Transition).to_status)
        timer ??= setTimeout(() => {
          timer = undefined
          reload()
        }, TOGETHER_MS)
      },
      isOver: () => over,
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [path, reload])
  return payment
}
