import { isTerminal, type Status } from '../../../payments/transitions.ts'
import { follow, type StreamState } from './stream.ts'

interface Transition {
  to_status: Status
}

/** Tells of every change of one payment until it ends. Answers how to stop. */
export const followPayment = (
  id: string,
  onChange: () => void,
  onState: (state: StreamState) => void,
): (() => void) => {
  let over = false
  return follow(`/payments/${encodeURIComponent(id)}/events`, {
    onEvent: ({ event, data }) => {
      if (event !== 'transition') return
      over ||= isTerminal((data as Transition).to_status)
      onChange()
    },
    onState,
    isOver: () => over,
  })
}
