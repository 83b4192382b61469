/** Whose currency an account is kept in: of the payer, of the payee, USDC between them, or each of the three. */
export type Side = 'source' | 'target' | 'usdc' | 'each'

export interface ChartLine {
  side: Side
  /** Whether a payment's entries in it sum to zero once the payment has ended. */
  clears: boolean
  meaning: string
}

/** The chart of accounts, kept for each tenant and currency. A balance is what has arrived less what has left. */
export const CHART = {
  payer: {
    side: 'source',
    clears: false,
    meaning: 'The payers, outside: below zero is what they have given',
  },
  customer_funds: {
    side: 'source',
    clears: true,
    meaning: 'Handed in by payers: on the way to a provider, or held for the fees until the payout',
  },
  onramp_clearing: { side: 'source', clears: true, meaning: 'At the on-ramp, until it has settled' },
  liquidity: {
    side: 'each',
    clears: false,
    meaning: 'Our position: every conversion gives it one currency and takes another out of it',
  },
  usdc_in_transit: {
    side: 'usdc',
    clears: true,
    meaning: 'Delivered by the on-ramp, until the off-ramp has settled',
  },
  payout_clearing: { side: 'target', clears: true, meaning: 'At the off-ramp, until the payee has it' },
  payee: { side: 'target', clears: false, meaning: 'The payees, outside: what they have got' },
  returned_payouts: {
    side: 'target',
    clears: false,
    meaning: 'Came back after it was paid out: held by us until a person has decided where it goes',
  },
  platform_fees: { side: 'source', clears: false, meaning: 'Earned: the platform fee' },
  provider_fees: {
    side: 'source',
    clears: false,
    meaning: 'Taken for the providers: on-ramp fee and off-ramp fee',
  },
  network_gas: { side: 'source', clears: false, meaning: 'Taken for the chain, with a recommendation only' },
  risk_premiums: {
    side: 'source',
    clears: false,
    meaning: 'Taken for a doubtful route, with a recommendation only',
  },
  refunds: { side: 'source', clears: true, meaning: 'Owed to payers, until the provider has given it back' },
  fx_spread: {
    side: 'usdc',
    clears: false,
    meaning: 'Kept by the quote itself: the buffers in its rate, and its rounding',
  },
  fx_gain_loss: {
    side: 'usdc',
    clears: false,
    meaning: 'What the lock made of the market: above zero a gain, below a loss that the platform carries',
  },
} as const satisfies Record<string, ChartLine>

export type LedgerAccount = keyof typeof CHART

export const LEDGER_ACCOUNTS = Object.keys(CHART) as LedgerAccount[]
