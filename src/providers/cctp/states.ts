/** Where a passage over the rail can be, and what its on-ramp comes to meanwhile. */
export const RAIL_STATES = {
  inner: { outcome: 'accepted', meaning: 'the provider has not delivered on the home chain yet' },
  delivered: { outcome: 'accepted', meaning: 'the USDC is on the home chain, and not on its way yet' },
  approve_signed: { outcome: 'unknown', meaning: 'no node takes the approval, as without coins for gas' },
  approve_sent: { outcome: 'accepted', meaning: 'the approval waits for its block' },
  approve_reverted: { outcome: 'unknown', meaning: 'the approval failed on chain' },
  burn_signed: { outcome: 'unknown', meaning: 'no node takes the burn, as without coins for gas' },
  burn_sent: { outcome: 'accepted', meaning: 'the burn waits for its block' },
  burn_failing: {
    outcome: 'accepted',
    meaning: 'the burn failed on chain or lost its nonce; it is tried again once that is final',
  },
  burn_reverted: {
    outcome: 'unknown',
    meaning: 'the burn failed on chain: the USDC is still on the home chain',
  },
  attest_unseen: { outcome: 'accepted', meaning: 'the burn is in a block, Iris has not seen it' },
  attest_pending: { outcome: 'accepted', meaning: 'Iris waits for finality' },
  attest_delayed: { outcome: 'accepted', meaning: 'Iris carries the fast burn as a standard one' },
  attest_expired: { outcome: 'accepted', meaning: 'the attestation came too late, a new one is asked for' },
  mint_signed: { outcome: 'unknown', meaning: 'no node takes the mint, as without coins for gas' },
  mint_sent: { outcome: 'accepted', meaning: 'the mint waits for its block' },
  mint_confirming: { outcome: 'accepted', meaning: 'the mint is in a block, and more have to follow' },
  mint_reverted: { outcome: 'unknown', meaning: 'the mint fails: the message can still be minted by hand' },
  done: { outcome: 'done', meaning: 'the USDC is in our wallet on the payment’s chain' },
} as const satisfies Record<string, { outcome: 'accepted' | 'unknown' | 'done'; meaning: string }>

export type RailState = keyof typeof RAIL_STATES

/** Why Iris attests a fast burn at the pace of a standard one. */
const DELAYS = ['insufficient_fee', 'amount_above_max', 'insufficient_allowance_available'] as const
export type Delay = (typeof DELAYS)[number]

/** A `delayReason` of Iris; undefined for one that is not documented. */
export const delayOf = (reason: string): Delay | undefined => DELAYS.find((known) => known === reason)
