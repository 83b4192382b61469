import { parseRate, RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import {
  type Choice,
  decide,
  type Effect,
  type JournalEntry,
  type PaymentState,
  settle,
  type Timing,
} from '../../src/payments/lifecycle.ts'
import type { Status } from '../../src/payments/transitions.ts'
import type { Outcome } from '../../src/providers/port.ts'

export const TIMING: Timing = {
  firstPollMs: 30_000,
  pollMinMs: 5_000,
  pollMaxMs: 300_000,
  retryMinMs: 1_000,
  retryMaxMs: 60_000,
  restMs: 5_000,
  reviewMs: 600_000,
}

export const choiceOf = (ranked: readonly string[], resting: readonly string[] = []): Choice => ({
  ranked,
  resting: new Set(resting),
})

export const entryOf = (change: Partial<JournalEntry> = {}): JournalEntry => ({
  leg: 'onramp',
  attempt: 1,
  provider: 'a',
  status: 'submitted',
  refusal: null,
  reference: null,
  waitedMs: 0,
  ageMs: 0,
  ...change,
})

export const paymentOf = (change: Partial<PaymentState> = {}): PaymentState => ({
  accountId: 'demo',
  id: '018f0000-0000-7000-8000-000000000001',
  status: 'PENDING',
  exception: 'none',
  version: 1,
  attempt: 0,
  amount: 100_000n,
  net: 95_275n,
  fees: { platform: 2_100n, onramp: 1_050n, offramp: 1_575n, gas: 0n, riskPremium: 0n },
  currency: 'USD',
  payout: 87_699n,
  payoutCurrency: 'EUR',
  usdcAmount: 952_750_000n,
  offrampRate: parseRate('0.92049'),
  usdcReceived: null,
  chain: 'base',
  speed: 'standard',
  onrampProvider: 'a',
  offrampProvider: 'a',
  sourceAccount: 'payer',
  destinationAccount: 'payee',
  pastSettleBy: false,
  sinceMs: 0,
  returned: false,
  journal: [],
  ...change,
})

/** An on-ramp that went well at `a`; what every later leg builds on. */
export const ONRAMPED = entryOf({ status: 'done', reference: 'ref_onramp' })

export const OUTCOMES = {
  accepted: { kind: 'accepted', reference: 'ref' },
  done: {
    kind: 'done',
    reference: 'ref',
    settled: { amount: 952_750_000n, currency: 'USDC', fiat: 95_275n, rate: RATE_UNITS as Rate },
  },
  refused: { kind: 'refused', reason: 'route', message: 'no' },
  not_found: { kind: 'not_found' },
  not_sent: { kind: 'not_sent' },
  unknown: { kind: 'unknown', message: 'silence' },
} satisfies Record<Outcome['kind'], Outcome>

export const AB = choiceOf(['a', 'b'])

export const offramp = (change: Partial<JournalEntry>) => entryOf({ leg: 'offramp', ...change })
export const refund = (change: Partial<JournalEntry>) => entryOf({ leg: 'refund', ...change })

/** A payment in this state, its leg's attempt and its journal. */
export const at = (status: Status, attempt: number, ...journal: JournalEntry[]): PaymentState =>
  paymentOf({ status, attempt, journal })

/** Decides and settles in one go. */
export const run = (payment: PaymentState, outcome: Outcome | null, choice = AB): Effect =>
  settle(payment, decide(payment, choice), outcome, choice, TIMING)
