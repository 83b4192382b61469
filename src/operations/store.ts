import type { Sql } from '../db/client.ts'
import { RECOMMENDATION_SECONDS } from '../fees/recommendation.ts'
import type { Exception, Status } from '../payments/transitions.ts'

/** Calls of the model that were kept in one hour. */
export interface CallsRow {
  /** Epoch milliseconds of its beginning, UTC. */
  hour: number
  calls: number
  choices: number
  /** Calls of a model whose price is not known, which `cost` therefore lacks. */
  unpriced: number
  /** Millionths of a millionth of a US dollar, as text. */
  cost: string
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
}

/** Recommendations of one hour that were decided in the same way. */
export interface DecisionsRow {
  hour: number
  source: 'claude' | 'cache' | 'rules'
  /** Why not by the model; null unless the rules decided, and where it was not kept yet. */
  reason: string | null
  count: number
}

export interface ClaudeRow {
  /** Epoch milliseconds of the beginning of the first hour. */
  since: number
  calls: CallsRow[]
  /** The median and the 95th percentile of the calls' milliseconds; null without a call. */
  latency: [p50: number, p95: number] | null
  decisions: DecisionsRow[]
}

/** Live payments that are alike. */
export interface LiveRow {
  status: Status
  exception: Exception
  count: number
  /** Seconds since the oldest was accepted. */
  oldest: number
}

/** Connections of the program that are in the same state, as PostgreSQL calls it. */
export interface ConnectionsRow {
  pool: 'domain' | 'queue'
  state: 'active' | 'idle' | 'idle in transaction' | 'other'
  count: number
}

export interface NowRow {
  payments: LiveRow[]
  /** Quotes that have not expired, used or not. */
  quotes: number
  connections: ConnectionsRow[]
}

/** Where counting stops: it bounds what a reading costs, however much there is. */
const MOST_COUNTED = 100_000

// Both limits cut an index scan short.
const NOW = `
select
  (select coalesce(json_agg(s), '[]') from (
    select status, exception, count(*)::int as count,
      extract(epoch from now() - min(created_at))::float8 as oldest
    from (select status, exception, created_at from payments where ended_at is null
      order by updated_at limit ${MOST_COUNTED}) p
    group by 1, 2) s) as payments,
  (select count(*)::int from (select from quotes where expires_at > now() limit ${MOST_COUNTED}) q) as quotes,
  (select coalesce(json_agg(c), '[]') from (
    select case application_name when 'ratelock' then 'domain' else 'queue' end as pool,
      case when state in ('active', 'idle', 'idle in transaction') then state else 'other' end as state,
      count(*)::int as count
    from pg_stat_activity
    where datname = current_database() and application_name in ('ratelock', 'ratelock-queue')
    group by 1, 2) c) as connections`

const SINCE = `date_trunc('hour', now(), 'UTC') - ($1::int - 1) * interval '1 hour'`
/** A recommendation has an index on its end alone, which is as long after its beginning for all. */
const LIFE = `interval '${RECOMMENDATION_SECONDS} seconds'`

const millis = (instant: string) => `(extract(epoch from ${instant}) * 1000)::float8`

// A call whose tokens are known and cost nothing is of a model without a known price. Amounts leave as text, because a
// JSON number is a float.
const READ = `
select ${millis(SINCE)} as since,
  (select coalesce(json_agg(c), '[]') from (
    select ${millis(`date_trunc('hour', created_at, 'UTC')`)} as hour, count(*)::int as calls,
      count(*) filter (where outcome = 'choice')::int as choices,
      count(*) filter (where cost_pico_usd = 0
        and greatest(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens) > 0)::int as unpriced,
      sum(cost_pico_usd)::text as cost, sum(input_tokens) as input, sum(output_tokens) as output,
      sum(cache_read_tokens) as "cacheRead", sum(cache_write_tokens) as "cacheWrite"
    from fee_advice where created_at >= ${SINCE} group by 1) c) as calls,
  (select percentile_disc(array[0.5, 0.95]) within group (order by latency_ms)
    from fee_advice where created_at >= ${SINCE}) as latency,
  (select coalesce(json_agg(d), '[]') from (
    select ${millis('hour')} as hour, source, reason, count from (
      select date_trunc('hour', expires_at - ${LIFE}, 'UTC') as hour, source, reason, count(*)::int as count
      from fee_recommendations where expires_at >= ${SINCE} + ${LIFE} group by 1, 2, 3) h) d) as decisions`

/** What all processes of the database have done, as it tells. */
export const createOperationsStore = (sql: Sql) => ({
  /** Calls of the model and recommendations in this hour and the `hours - 1` before it, in one round trip. */
  claude: async (hours: number): Promise<ClaudeRow> => {
    const [row] = await sql.unsafe<ClaudeRow[]>(READ, [hours], { prepare: true })
    if (!row) throw new Error('the query about the model answered no row')
    return row
  },

  /** The live payments and quotes of all accounts, and the connections of all processes, in one round trip. */
  now: async (): Promise<NowRow> => {
    const [row] = await sql.unsafe<NowRow[]>(NOW, [], { prepare: true })
    if (!row) throw new Error('the query about the present answered no row')
    return row
  },
})

export type OperationsStore = ReturnType<typeof createOperationsStore>
