import type { Fiat } from '../../core/currency.ts'
import { parseRate } from '../../core/rate.ts'
import type { Sql } from '../../db/client.ts'
import type { Chain } from '../../providers/port.ts'
import type { JournalEntry, PaymentState } from '../lifecycle.ts'
import type { Exception, Status } from '../transitions.ts'

/** A payment's identity, which is all that a job carries. */
export interface PaymentKey {
  account_id: string
  payment_id: string
}

const LOAD = `
select p.account_id, p.id, p.status, p.exception, p.version, p.attempt, p.source_account, p.destination_account,
  p.settle_by <= now() as past_settle_by,
  floor(extract(epoch from now() - p.updated_at) * 1000)::float8 as since_ms,
  p.returned_at is not null as returned, p.usdc_received, q.amount, q.amount - q.total_fees as net, q.platform_fee,
  q.onramp_fee, q.offramp_fee, q.gas_cost, q.risk_premium, q.from_currency, q.payout, q.to_currency, q.usdc_amount,
  q.offramp_rate, q.chain, q.priority, q.onramp_provider, q.offramp_provider,
  (select coalesce(json_agg(json_build_object('leg', o.leg, 'attempt', o.attempt, 'provider', o.provider,
      'status', o.status, 'refusal', o.refusal, 'reference', o.reference,
      'waitedMs', floor(extract(epoch from now() - coalesce(o.answered_at, o.submitted_at)) * 1000),
      'ageMs', floor(extract(epoch from now() - o.submitted_at) * 1000))), '[]')
    from provider_operations o where o.account_id = p.account_id and o.payment_id = p.id) as journal
from json_to_recordset($1::text::json) as k (account_id text, payment_id uuid)
join payments p on p.account_id = k.account_id and p.id = k.payment_id
join quotes q on q.account_id = p.account_id and q.id = p.quote_id`

interface LoadedRow {
  account_id: string
  id: string
  status: Status
  exception: Exception
  version: number
  attempt: number
  source_account: string
  destination_account: string
  past_settle_by: boolean
  since_ms: number
  returned: boolean
  usdc_received: string | null
  amount: string
  net: string
  platform_fee: string
  onramp_fee: string
  offramp_fee: string
  gas_cost: string
  risk_premium: string
  from_currency: Fiat
  payout: string
  to_currency: Fiat
  usdc_amount: string
  offramp_rate: string
  chain: Chain
  priority: string
  onramp_provider: string
  offramp_provider: string
  journal: JournalEntry[]
}

/** Reads what a batch of steps needs to decide, in one round trip. Payments that do not exist are left out. */
export const loadPayments = async (sql: Sql, keys: readonly PaymentKey[]): Promise<PaymentState[]> => {
  const rows = await sql.unsafe<LoadedRow[]>(LOAD, [JSON.stringify(keys)], { prepare: true })
  return rows.map((row) => ({
    accountId: row.account_id,
    id: row.id,
    status: row.status,
    exception: row.exception,
    version: row.version,
    attempt: row.attempt,
    amount: BigInt(row.amount),
    net: BigInt(row.net),
    fees: {
      platform: BigInt(row.platform_fee),
      onramp: BigInt(row.onramp_fee),
      offramp: BigInt(row.offramp_fee),
      gas: BigInt(row.gas_cost),
      riskPremium: BigInt(row.risk_premium),
    },
    currency: row.from_currency,
    payout: BigInt(row.payout),
    payoutCurrency: row.to_currency,
    usdcAmount: BigInt(row.usdc_amount),
    offrampRate: parseRate(row.offramp_rate),
    usdcReceived: row.usdc_received === null ? null : BigInt(row.usdc_received),
    chain: row.chain,
    speed: row.priority === 'express' ? 'fast' : 'standard',
    onrampProvider: row.onramp_provider,
    offrampProvider: row.offramp_provider,
    sourceAccount: row.source_account,
    destinationAccount: row.destination_account,
    pastSettleBy: row.past_settle_by,
    sinceMs: row.since_ms,
    returned: row.returned,
    journal: row.journal,
  }))
}

/** A provider operation that is about to be sent. */
export interface JournalWrite {
  account_id: string
  payment_id: string
  version: number
  leg: string
  attempt: number
  provider: string
  key: string
  amount: string
  currency: string
}

// The attempt number on the payment is raised with it, so that a cancellation and another worker both see it.
const JOURNAL = `
with input as (
  select * from json_to_recordset($1::text::json) as j (account_id text, payment_id uuid, version int, leg text,
    attempt int, provider text, key uuid, amount bigint, currency text)
),
claimed as (
  update payments p set attempt = j.attempt from input j
  where p.account_id = j.account_id and p.id = j.payment_id and p.version = j.version and p.attempt = j.attempt - 1
  returning p.account_id, p.id
)
insert into provider_operations (account_id, payment_id, leg, attempt, provider, key, amount, currency)
select j.account_id, j.payment_id, j.leg, j.attempt, j.provider, j.key, j.amount, j.currency
from input j join claimed c on c.account_id = j.account_id and c.id = j.payment_id
returning payment_id`

/** Journals operations before they are sent; answers the payments that were still as expected. */
export const journalOperations = async (
  sql: Sql,
  writes: readonly JournalWrite[],
): Promise<ReadonlySet<string>> => {
  const rows = await sql.unsafe<{ payment_id: string }[]>(JOURNAL, [JSON.stringify(writes)], {
    prepare: true,
  })
  return new Set(rows.map(({ payment_id }) => payment_id))
}

// The conditions on the job are those of the exclusive policy's index.
const ORPHANS = `
with orphans as (
  select p.account_id, p.id, p.updated_at, exists (
      select from pgboss.job d where d.name = 'payment_dead' and d.data ->> 'payment_id' = p.id::text
        and d.created_on > p.updated_at) as dead
  from payments p
  where p.ended_at is null and p.updated_at < now() - interval '1 minute' and not exists (
    select from pgboss.job j where j.name = 'payment' and j.policy = 'exclusive'
      and coalesce(j.singleton_key, '') = p.id::text and j.state <= 'active')
  order by p.updated_at limit $1
)
select account_id, id as payment_id, dead from orphans order by updated_at`

/** A live payment that no job will move on. */
export interface Orphan extends PaymentKey {
  /** Its step kept failing until the queue gave it up; nothing has changed about it since. */
  dead: boolean
}

/** Live payments that no job will move on, oldest first: what a lost or hopeless job leaves behind. */
export const findOrphans = (sql: Sql, limit: number): Promise<Orphan[]> =>
  sql.unsafe<Orphan[]>(ORPHANS, [limit], { prepare: true })
