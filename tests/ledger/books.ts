import type { Executed, Terms } from '../../src/ledger/postings.ts'
import type { Status } from '../../src/payments/transitions.ts'

/** Sums by account and currency, such as `payer USD`; what is zero is left out. */
export type Balances = Record<string, bigint>

export const balancesOf = (
  entries: readonly { account: string; currency: string; amount: bigint }[],
): Balances => {
  const sums: Balances = {}
  for (const { account, currency, amount } of entries)
    sums[`${account} ${currency}`] = (sums[`${account} ${currency}`] ?? 0n) + amount
  return nonZero(sums)
}

const nonZero = (sums: Balances): Balances =>
  Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0n))

const add = (...all: Balances[]): Balances => {
  const sums: Balances = {}
  for (const each of all)
    for (const [name, sum] of Object.entries(each)) sums[name] = (sums[name] ?? 0n) + sum
  return sums
}

/** What a payment's balances are in each state, whatever way it took there. Written down apart from the postings. */
export const balancesIn = (status: Status, terms: Terms, executed: Executed): Balances => {
  const { currency, amount, net, fees, payoutCurrency, payout } = terms
  const [received, spent] = [executed.received ?? 0n, executed.spent ?? 0n]
  const taken = { [`payer ${currency}`]: -amount, [`customer_funds ${currency}`]: amount - net }
  const bought = { [`liquidity ${currency}`]: net, 'liquidity USDC': -received }
  const sold = { [`liquidity ${payoutCurrency}`]: -payout }
  const balances: Record<Status, () => Balances> = {
    PENDING: () => ({}),
    CANCELLED: () => ({}),
    FAILED: () => ({}),
    REFUNDED: () => ({}),
    ONRAMP_PENDING: () => add(taken, { [`onramp_clearing ${currency}`]: net }),
    ONRAMP_COMPLETE: () => add(taken, bought, { 'usdc_in_transit USDC': received }),
    OFFRAMP_PENDING: () =>
      add(taken, bought, sold, {
        'usdc_in_transit USDC': received,
        [`payout_clearing ${payoutCurrency}`]: payout,
      }),
    REFUND_PENDING: () => add(taken, { [`refunds ${currency}`]: net }),
    COMPLETED: () =>
      add(bought, sold, {
        [`payer ${currency}`]: -amount,
        [`payee ${payoutCurrency}`]: payout,
        'liquidity USDC': spent,
        [`platform_fees ${currency}`]: fees.platform,
        [`provider_fees ${currency}`]: fees.onramp + fees.offramp,
        [`network_gas ${currency}`]: fees.gas,
        [`risk_premiums ${currency}`]: fees.riskPremium,
      }),
  }
  return nonZero(balances[status]())
}

/** The two accounts that share what USDC was left over, or was short: only their sum is known from the amounts. */
export const withoutResult = (balances: Balances): [Balances, bigint] => {
  const { 'fx_spread USDC': spread = 0n, 'fx_gain_loss USDC': gain = 0n, ...rest } = balances
  return [rest, spread + gain]
}
