import { useEffect, useState } from 'preact/hooks'
import type { Payment } from '../../../../payments/model.ts'
import { type Loaded, useLoad } from '../../lib/load.ts'
import { followPayment } from '../../lib/payment-feed.ts'
import type { StreamState } from '../../lib/stream.ts'

/** Several changes within this many milliseconds are read together. */
const TOGETHER_MS = 100

/** A payment as it is now, and how often it has changed since the page was opened. */
export const usePayment = (id: string): Loaded<Payment> & { changes: number; stream: StreamState } => {
  const payment = useLoad<Payment>(`/payments/${encodeURIComponent(id)}`)
  const [changes, setChanges] = useState(0)
  const [stream, setStream] = useState<StreamState>('connecting')
  const { reload } = payment
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = followPayment(
      id,
      () => {
        timer ??= setTimeout(() => {
          timer = undefined
          reload()
          setChanges((before) => before + 1)
        }, TOGETHER_MS)
      },
      setStream,
    )
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [id, reload])
  return { ...payment, changes, stream }
}
