import type { Fiat } from '../core/currency.ts'
import type { Sql } from '../db/client.ts'

/** What is promised in one currency pair; amounts are minor units as text. */
export interface OpenLock {
  from: Fiat
  to: Fiat
  payments: number
  /** Source money whose on-ramp has not settled. */
  net: string
  /** USDC that has arrived and was not yet spent. */
  usdc: string
  payout: string
  /** ISO 8601, UTC. */
  oldest: string
}

export interface RealisedDay {
  day: string
  payments: number
  spread: string
  gain: string
}

export interface TreasuryRow {
  open: OpenLock[]
  realised: RealisedDay[]
  payments: number
  late: number
}

const OPEN = `
    select q.from_currency as "from", q.to_currency as "to", count(*)::int as payments,
      sum(case when p.usdc_received is null then q.amount - q.total_fees else 0 end)::text as net,
      coalesce(sum(p.usdc_received), 0)::text as usdc, sum(q.payout)::text as payout,
      to_char(min(p.settle_by) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as oldest`

const OWING = `status in ('PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING')`

// A refund no longer owes the payout, so its lock is not open. Days are UTC whatever the session is set to. Amounts
// leave as text, because a JSON number is a float.
const READ = `
select
  (select coalesce(json_agg(o order by o."from", o."to"), '[]') from (${OPEN}
    from payments p join quotes q on q.account_id = p.account_id and q.id = p.quote_id
    where p.account_id = $1 and p.${OWING}
    group by 1, 2) o) as open,
  (select coalesce(json_agg(r order by r.day desc), '[]') from (
    select to_char(at at time zone 'utc', 'YYYY-MM-DD') as day, count(distinct payment_id)::int as payments,
      coalesce(sum(amount) filter (where ledger_account = 'fx_spread'), 0)::text as spread,
      coalesce(sum(amount) filter (where ledger_account = 'fx_gain_loss'), 0)::text as gain
    from ledger_entries
    where account_id = $1 and ledger_account in ('fx_spread', 'fx_gain_loss', 'payee')
      and (ledger_account <> 'payee' or amount > 0)
      and at >= (date_trunc('day', now() at time zone 'utc') - ($2 - 1) * interval '1 day') at time zone 'utc'
    group by 1) r) as realised,
  l.payments, l.late
from (
  select count(*) filter (where ended_at is not null or settle_by <= now())::int as payments,
    count(*) filter (where coalesce(ended_at, now()) > settle_by)::int as late
  from payments
  where account_id = $1
    and created_at >= (date_trunc('day', now() at time zone 'utc') - ($2 - 1) * interval '1 day') at time zone 'utc'
) l`

/** Live payments that are read at most: it bounds what a reading costs. */
const MOST_READ = 100_000

// The limit cuts the scan of the index on live payments short.
const OPEN_OF_ALL = `${OPEN}
    from (select * from payments where ended_at is null order by updated_at limit ${MOST_READ}) p
    join quotes q on q.account_id = p.account_id and q.id = p.quote_id
    where p.${OWING} group by 1, 2`

/** Reads what an account's locks stand for, as of one instant and in one round trip. */
export const createTreasuryStore = (sql: Sql) => ({
  read: async (accountId: string, days: number): Promise<TreasuryRow> => {
    const [row] = await sql.unsafe<TreasuryRow[]>(READ, [accountId, days], { prepare: true })
    if (!row) throw new Error('the treasury query answered no row')
    return row
  },

  /** The open locks of all accounts by currency pair, for operators. */
  openOfAll: (): Promise<OpenLock[]> => sql.unsafe<OpenLock[]>(OPEN_OF_ALL, [], { prepare: true }),
})

export type TreasuryStore = ReturnType<typeof createTreasuryStore>
