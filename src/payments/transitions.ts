/** Every state of a payment, in the order in which a good one passes them. */
export const STATUSES = [
  'PENDING',
  'ONRAMP_PENDING',
  'ONRAMP_COMPLETE',
  'OFFRAMP_PENDING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'REFUND_PENDING',
  'REFUNDED',
] as const

export type Status = (typeof STATUSES)[number]

/** Trouble stands beside the state, so that it never needs a state of its own. */
export const EXCEPTIONS = ['none', 'provider_unknown', 'overdue', 'needs_review'] as const
export type Exception = (typeof EXCEPTIONS)[number]

export interface Transition {
  from: Status
  event: string
  to: Status
  /** What the state history says. */
  message: string
}

/** The whole state machine. The diagram in docs/architecture.md is made from it. */
export const TRANSITIONS = [
  { from: 'PENDING', event: 'onramp_accepted', to: 'ONRAMP_PENDING', message: 'On-ramp transfer initiated' },
  { from: 'PENDING', event: 'onramp_refused', to: 'FAILED', message: 'Every provider refused the on-ramp' },
  { from: 'PENDING', event: 'cancelled', to: 'CANCELLED', message: 'Cancelled by the caller' },
  {
    from: 'ONRAMP_PENDING',
    event: 'onramp_settled',
    to: 'ONRAMP_COMPLETE',
    message: 'On-ramp settled, USDC received',
  },
  { from: 'ONRAMP_PENDING', event: 'onramp_failed', to: 'FAILED', message: 'On-ramp settlement failed' },
  {
    from: 'ONRAMP_COMPLETE',
    event: 'offramp_accepted',
    to: 'OFFRAMP_PENDING',
    message: 'Off-ramp transfer initiated',
  },
  {
    from: 'ONRAMP_COMPLETE',
    event: 'offramp_refused',
    to: 'REFUND_PENDING',
    message: 'Every provider refused the off-ramp',
  },
  {
    from: 'OFFRAMP_PENDING',
    event: 'offramp_settled',
    to: 'COMPLETED',
    message: 'Off-ramp settled, funds delivered',
  },
  {
    from: 'OFFRAMP_PENDING',
    event: 'offramp_failed',
    to: 'ONRAMP_COMPLETE',
    message: 'Off-ramp failed, trying the next provider',
  },
  {
    from: 'OFFRAMP_PENDING',
    event: 'offramp_exhausted',
    to: 'REFUND_PENDING',
    message: 'Off-ramp failed and no provider is left',
  },
  {
    from: 'REFUND_PENDING',
    event: 'refund_settled',
    to: 'REFUNDED',
    message: 'Source amount returned to the payer',
  },
] as const satisfies readonly Transition[]

export type Event = (typeof TRANSITIONS)[number]['event']

/** The transition that `event` makes from `from`. Throws for a pair that the table does not list. */
export const transition = (from: Status, event: Event): (typeof TRANSITIONS)[number] => {
  const found = TRANSITIONS.find((candidate) => candidate.from === from && candidate.event === event)
  if (!found) throw new Error(`no transition from ${from} on ${event}`)
  return found
}

/** Whether nothing can happen any more. */
export const isTerminal = (status: Status): boolean => !TRANSITIONS.some(({ from }) => from === status)
