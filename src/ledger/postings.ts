import type { Currency, Fiat } from '../core/currency.ts'
import { costOf } from '../core/money.ts'
import type { Rate } from '../core/rate.ts'
import type { Fees } from '../fees/schedule.ts'
import type { Event } from '../payments/transitions.ts'
import type { LedgerAccount } from './chart.ts'

/** One line of an entry set, minor units: negative leaves the account, positive arrives there. */
export interface Entry {
  account: LedgerAccount
  currency: Currency
  amount: bigint
}

/** What was quoted, as far as it moves money. Amounts are minor units of `currency` unless they say otherwise. */
export interface Terms {
  currency: Fiat
  amount: bigint
  /** The amount less all fees: what the on-ramp is given. */
  net: bigint
  fees: Omit<Fees, 'total'>
  payoutCurrency: Fiat
  /** Minor units of `payoutCurrency`. */
  payout: bigint
  /** USDC minor units that the net amount should buy, and the rate at which the payout was to be bought with them. */
  usdcAmount: bigint
  offrampRate: Rate
}

/** USDC minor units that the on-ramp delivered and the off-ramp took; null while it has not. */
export interface Executed {
  received: bigint | null
  spent: bigint | null
}

/** Takes the sum of the parts out of one account: whatever the amounts are, the lines sum to zero. */
const move = (
  currency: Currency,
  from: LedgerAccount,
  ...parts: readonly (readonly [to: LedgerAccount, amount: bigint])[]
): Entry[] => [
  { account: from, currency, amount: -parts.reduce((sum, [, amount]) => sum + amount, 0n) },
  ...parts.map(([account, amount]) => ({ account, currency, amount })),
]

const reversed = (entries: readonly Entry[]): Entry[] =>
  entries.map((entry) => ({ ...entry, amount: -entry.amount }))

const known = (amount: bigint | null, leg: string): bigint => {
  if (amount === null) throw new Error(`the ledger needs the USDC amount of the ${leg}`)
  return amount
}

/** What the quote keeps if both legs execute as quoted, USDC minor units: -1 at the least, from rounding up a cost. */
const plannedSpread = ({ usdcAmount, payout, payoutCurrency, offrampRate }: Terms): bigint =>
  usdcAmount - costOf(payout, 'USDC', payoutCurrency, offrampRate)

const handedIn = ({ currency, amount, net }: Terms): Entry[] => [
  ...move(currency, 'payer', ['customer_funds', amount]),
  ...move(currency, 'customer_funds', ['onramp_clearing', net]),
]

const converted = ({ currency, net }: Terms, { received }: Executed): Entry[] => [
  ...move(currency, 'onramp_clearing', ['liquidity', net]),
  ...move('USDC', 'liquidity', ['usdc_in_transit', known(received, 'on-ramp')]),
]

const payoutSent = ({ payoutCurrency, payout }: Terms): Entry[] =>
  move(payoutCurrency, 'liquidity', ['payout_clearing', payout])

const paidOut = (terms: Terms, executed: Executed): Entry[] => {
  const { currency, fees, payoutCurrency, payout } = terms
  const [received, spent] = [known(executed.received, 'on-ramp'), known(executed.spent, 'off-ramp')]
  const spread = plannedSpread(terms)
  return [
    ...move(payoutCurrency, 'payout_clearing', ['payee', payout]),
    ...move(
      'USDC',
      'usdc_in_transit',
      ['liquidity', spent],
      ['fx_spread', spread],
      ['fx_gain_loss', received - spent - spread],
    ),
    ...move(
      currency,
      'customer_funds',
      ['platform_fees', fees.platform],
      ['provider_fees', fees.onramp],
      ['provider_fees', fees.offramp],
      ['network_gas', fees.gas],
      ['risk_premiums', fees.riskPremium],
    ),
  ]
}

const refundDue = ({ currency, net }: Terms, { received }: Executed): Entry[] => [
  ...move('USDC', 'usdc_in_transit', ['liquidity', known(received, 'on-ramp')]),
  ...move(currency, 'liquidity', ['refunds', net]),
]

const givenBack = ({ currency, amount, net }: Terms): Entry[] => [
  ...move(currency, 'refunds', ['payer', net]),
  ...move(currency, 'customer_funds', ['payer', amount - net]),
]

const cameBack = ({ payoutCurrency, payout }: Terms): Entry[] =>
  move(payoutCurrency, 'payee', ['returned_payouts', payout])

/** What moves money: a transition, or a payout that comes back after the payment has ended. */
export type Cause = Event | 'payout_returned'

const POSTINGS: Record<Cause, (terms: Terms, executed: Executed) => Entry[]> = {
  onramp_accepted: handedIn,
  onramp_refused: () => [],
  cancelled: () => [],
  onramp_settled: converted,
  onramp_failed: (terms) => reversed(handedIn(terms)),
  offramp_accepted: payoutSent,
  offramp_refused: refundDue,
  offramp_settled: paidOut,
  offramp_failed: (terms) => reversed(payoutSent(terms)),
  offramp_exhausted: (terms, executed) => [...reversed(payoutSent(terms)), ...refundDue(terms, executed)],
  refund_settled: givenBack,
  payout_returned: cameBack,
}

/**
 * The entry set of a transition, empty when it moves no money; each currency sums to zero, and no line is zero.
 * Throws Error when a leg's executed amount is missing that the event cannot have happened without.
 */
export const postingsOf = (event: Cause, terms: Terms, executed: Executed): Entry[] =>
  POSTINGS[event](terms, executed).filter(({ amount }) => amount !== 0n)
