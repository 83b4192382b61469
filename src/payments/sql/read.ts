import { parseRate } from '../../core/rate.ts'
import type { Sql } from '../../db/client.ts'
import type { paymentAudit, payments, providerOperations } from '../../db/schema/payments.ts'
import type { quotes } from '../../db/schema/quotes.ts'

type Operation = typeof providerOperations.$inferSelect

/** What a caller may see of a payment's own row. */
export type ShownPayment = Omit<
  typeof payments.$inferSelect,
  'accountId' | 'quoteId' | 'attempt' | 'idempotencyKey' | 'requestHash'
>

/** A payment with its quote, provider operations and history, all as of one instant. */
export interface PaymentDetail {
  payment: ShownPayment
  quote: Omit<typeof quotes.$inferSelect, 'createdAt' | 'expiresAt' | 'totalFees' | 'priority'>
  /** In the order in which they were sent. */
  legs: Omit<Operation, 'accountId' | 'paymentId' | 'key' | 'answeredAt'>[]
  history: Pick<typeof paymentAudit.$inferSelect, 'version' | 'fromStatus' | 'toStatus' | 'at' | 'message'>[]
}

// Spelled out, because how a session prints a time depends on its settings.
const iso = (column: string) => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

// One statement is one snapshot: what is read in several can contradict itself while workers are writing. In JSON
// amounts and rates are text, because a JSON number is a float. Legs follow one another, so their order is that in
// time even where two were sent within a millisecond.
const READ = `
select p.id, p.version, p.status, p.exception, p.source_account, p.destination_account, p.failure_reason, p.usdc_received,
  p.usdc_spent, ${iso('p.settle_by')} as settle_by, ${iso('p.created_at')} as created_at,
  ${iso('p.updated_at')} as updated_at, ${iso('p.ended_at')} as ended_at,
  ${iso('p.returned_at')} as returned_at,
  q.account_id, q.id as quote_id, q.from_currency, q.to_currency, q.amount, q.rate, q.onramp_rate, q.offramp_rate,
  q.rate_source, q.platform_fee, q.onramp_fee, q.offramp_fee, q.gas_cost, q.risk_premium, q.payout, q.usdc_amount,
  q.chain, q.onramp_provider, q.offramp_provider, q.market_buffer_bps, q.lock_buffer_bps, q.recommendation_id,
  (select coalesce(json_agg(json_build_object('leg', o.leg, 'attempt', o.attempt, 'provider', o.provider,
      'status', o.status, 'reference', o.reference, 'amount', o.amount::text, 'currency', o.currency,
      'settledAmount', o.settled_amount::text, 'rate', o.rate::text, 'reason', o.reason, 'refusal', o.refusal, 'instructions', o.instructions,
      'submittedAt', ${iso('o.submitted_at')}, 'settledAt', ${iso('o.settled_at')})
      order by array_position(array['onramp', 'offramp', 'refund'], o.leg), o.attempt), '[]')
    from provider_operations o where o.account_id = p.account_id and o.payment_id = p.id) as legs,
  (select coalesce(json_agg(json_build_object('version', a.version, 'fromStatus', a.from_status,
      'toStatus', a.to_status, 'message', a.message, 'at', ${iso('a.at')}) order by a.version), '[]')
    from payment_audit a where a.account_id = p.account_id and a.payment_id = p.id) as history
from payments p
join quotes q on q.account_id = p.account_id and q.id = p.quote_id
where p.account_id = $1 and p.id = $2`

/** As it travels: amounts and rates are decimal text, times ISO 8601 text. */
type Wire<T> = {
  [K in keyof T]: T[K] extends bigint | Date ? string : T[K] extends WireNull ? string | null : T[K]
}
type WireNull = bigint | Date | null

interface ReadRow {
  id: string
  version: number
  status: string
  exception: string
  source_account: string
  destination_account: string
  failure_reason: string | null
  usdc_received: string | null
  usdc_spent: string | null
  settle_by: string
  created_at: string
  updated_at: string
  ended_at: string | null
  returned_at: string | null
  account_id: string
  quote_id: string
  from_currency: PaymentDetail['quote']['fromCurrency']
  to_currency: PaymentDetail['quote']['toCurrency']
  amount: string
  rate: string
  onramp_rate: string
  offramp_rate: string
  rate_source: string
  platform_fee: string
  onramp_fee: string
  offramp_fee: string
  gas_cost: string
  risk_premium: string
  payout: string
  usdc_amount: string
  chain: string
  onramp_provider: string
  offramp_provider: string
  market_buffer_bps: number
  lock_buffer_bps: number
  recommendation_id: string | null
  legs: Wire<PaymentDetail['legs'][number]>[]
  history: Wire<PaymentDetail['history'][number]>[]
}

const orNull = <T>(text: string | null, parse: (text: string) => T): T | null =>
  text === null ? null : parse(text)
const timeOf = (text: string) => new Date(text)

/** Reads the account's payment in one snapshot, or null when there is none. */
export const readPayment = async (
  sql: Sql,
  accountId: string,
  paymentId: string,
): Promise<PaymentDetail | null> => {
  const [row] = await sql.unsafe<ReadRow[]>(READ, [accountId, paymentId], { prepare: true })
  if (!row) return null
  return {
    payment: {
      id: row.id,
      version: row.version,
      status: row.status,
      exception: row.exception,
      sourceAccount: row.source_account,
      destinationAccount: row.destination_account,
      failureReason: row.failure_reason,
      usdcReceived: orNull(row.usdc_received, BigInt),
      usdcSpent: orNull(row.usdc_spent, BigInt),
      settleBy: timeOf(row.settle_by),
      createdAt: timeOf(row.created_at),
      updatedAt: timeOf(row.updated_at),
      endedAt: orNull(row.ended_at, timeOf),
      returnedAt: orNull(row.returned_at, timeOf),
    },
    quote: {
      accountId: row.account_id,
      id: row.quote_id,
      fromCurrency: row.from_currency,
      toCurrency: row.to_currency,
      amount: BigInt(row.amount),
      rate: parseRate(row.rate),
      onrampRate: parseRate(row.onramp_rate),
      offrampRate: parseRate(row.offramp_rate),
      rateSource: row.rate_source,
      platformFee: BigInt(row.platform_fee),
      onrampFee: BigInt(row.onramp_fee),
      offrampFee: BigInt(row.offramp_fee),
      gasCost: BigInt(row.gas_cost),
      riskPremium: BigInt(row.risk_premium),
      payout: BigInt(row.payout),
      usdcAmount: BigInt(row.usdc_amount),
      chain: row.chain,
      onrampProvider: row.onramp_provider,
      offrampProvider: row.offramp_provider,
      marketBufferBps: row.market_buffer_bps,
      lockBufferBps: row.lock_buffer_bps,
      recommendationId: row.recommendation_id,
    },
    legs: row.legs.map((leg) => ({
      ...leg,
      amount: BigInt(leg.amount),
      settledAmount: orNull(leg.settledAmount, BigInt),
      rate: orNull(leg.rate, parseRate),
      submittedAt: timeOf(leg.submittedAt),
      settledAt: orNull(leg.settledAt, timeOf),
    })),
    history: row.history.map((entry) => ({ ...entry, at: timeOf(entry.at) })),
  }
}
