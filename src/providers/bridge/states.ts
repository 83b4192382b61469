import type { Leg } from '../port.ts'

/**
 * What a state says of an operation: it goes on by itself, the money is where it was to go, it came back, or it cannot
 * be known without a person.
 */
export type Meaning = 'pending' | 'done' | 'refused' | 'unknown'

interface ByDirection {
  /** Of a deposit that becomes USDC; refused only once the payer has the money back. */
  onramp: Meaning
  /** Of a payout; refused as soon as it is certain that the payee has nothing, for the USDC only goes back to our own wallet. */
  payout: Meaning
}

const both = (meaning: Meaning): ByDirection => ({ onramp: meaning, payout: meaning })

/** Every state that Bridge documents: on the page of transfer states, as a filter of lists, or in examples of answers. */
export const STATES = {
  awaiting_funds: both('pending'),
  in_review: both('pending'),
  funds_received: both('pending'),
  payment_submitted: both('pending'),
  payment_processed: both('done'),
  // Some examples show it where the page of states has awaiting_funds.
  pending: both('pending'),
  kyc_in_review: both('pending'),
  kyc_required: both('unknown'),
  developer_kyb_required: both('unknown'),
  // Bridge still has the money and may yet deliver it, once somebody has corrected where to.
  undeliverable: both('unknown'),
  returned: { onramp: 'pending', payout: 'refused' },
  refund_in_flight: { onramp: 'pending', payout: 'refused' },
  refunded: both('refused'),
  refund_failed: both('unknown'),
  missing_return_policy: both('unknown'),
  canceled: both('refused'),
  error: both('unknown'),
} as const satisfies Readonly<Record<string, ByDirection>>

export type State = keyof typeof STATES

const isState = (state: string): state is State => Object.hasOwn(STATES, state)

/** What the state means for the leg; unknown for one that is not documented. */
export const meaningOf = (state: string, leg: Leg): Meaning =>
  isState(state) ? STATES[state][leg === 'onramp' ? 'onramp' : 'payout'] : 'unknown'
