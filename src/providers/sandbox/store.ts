import { formatRate, parseRate } from '../../core/rate.ts'
import type { Sql } from '../../db/client.ts'
import type { Leg, Operation, Settled } from '../port.ts'

/** How an operation ends once its time has come. */
export type Ending = 'settles' | 'returns' | 'fails' | 'refused' | 'busy'

/** What a sandbox provider writes into its books when it is asked to act. */
export interface Plan {
  reference: string
  settled: Settled
  ending: Ending
  reason: string | null
  /** Epoch milliseconds of the sandbox's clock. */
  endsAtMs: number
  /** False plays a request that is lost on the way: the books then only remember that it was sent. */
  arrives: boolean
}

/** The books' entry for a key, which the first call that arrived made. */
export interface Entry extends Pick<Plan, 'reference' | 'ending' | 'reason' | 'endsAtMs'> {
  /** Calls that arrived; none when the only one so far was lost. */
  calls: number
  settled: Pick<Settled, 'amount' | 'fiat' | 'rate'>
}

/** An entry with what it was made for. */
export interface Booked extends Entry {
  key: string
  leg: Leg
  currency: string
  /** When the entry was made, epoch milliseconds. */
  bookedMs: number
}

/** Entries that one page of a listing has. */
const PAGE = 500

/** The nil UUID, below every key. */
export const FIRST = '00000000-0000-0000-0000-000000000000'

interface Row {
  reference: string
  ending: Ending
  reason: string | null
  calls: number
  amount: string
  settled_amount: string
  rate: string
  ends_at_ms: string
}

const entryOf = (row: Row): Entry => ({
  reference: row.reference,
  ending: row.ending,
  reason: row.reason,
  calls: row.calls,
  settled: { amount: BigInt(row.settled_amount), fiat: BigInt(row.amount), rate: parseRate(row.rate) },
  endsAtMs: Number(row.ends_at_ms),
})

/**
 * Enters the operation unless its key is known, and counts the call; answers with the books' entry.
 * Throws Error when the key stands for another operation.
 */
export const book = async (sql: Sql, provider: string, operation: Operation, plan: Plan): Promise<Entry> => {
  const { key, leg, amount, currency } = operation
  const { settled } = plan
  // Terms are fixed by the call that arrives first, so a lost one leaves its to the next.
  const [row] = await sql<Row[]>`
    insert into sandbox.operations as o (
      provider, key, reference, leg, amount, currency,
      settled_amount, rate, ending, reason, calls, ends_at_ms
    ) values (
      ${provider}, ${key}, ${plan.reference}, ${leg}, ${String(amount)}, ${currency},
      ${String(settled.amount)}, ${formatRate(settled.rate)}, ${plan.ending}, ${plan.reason},
      ${plan.arrives ? 1 : 0}, ${plan.endsAtMs}
    )
    on conflict (provider, key) do update set
      calls = o.calls + 1,
      settled_amount = case o.calls when 0 then excluded.settled_amount else o.settled_amount end,
      rate = case o.calls when 0 then excluded.rate else o.rate end,
      ends_at_ms = case o.calls when 0 then excluded.ends_at_ms else o.ends_at_ms end
    where (o.leg, o.amount, o.currency) = (excluded.leg, excluded.amount, excluded.currency)
    returning reference, ending, reason, calls, amount, settled_amount, rate, ends_at_ms`
  if (!row) throw new Error(`${provider} was given key ${key} for two different operations`)
  return entryOf(row)
}

/** The books' entry for a key, null when there is none. */
export const find = async (sql: Sql, provider: string, key: string): Promise<Entry | null> => {
  const [row] = await sql<Row[]>`
    select reference, ending, reason, calls, amount, settled_amount, rate, ends_at_ms
    from sandbox.operations where provider = ${provider} and key = ${key}`
  return row ? entryOf(row) : null
}

interface BookedRow extends Row {
  key: string
  leg: Leg
  currency: string
  booked_ms: number
}

/** A page of the entries made within the window (epoch milliseconds) of calls that arrived, by key after `after`. */
export const list = async (
  sql: Sql,
  provider: string,
  window: { fromMs: number; toMs: number },
  after: string,
): Promise<Booked[]> => {
  const rows = await sql<BookedRow[]>`
    select key, leg, currency, reference, ending, reason, calls, amount, settled_amount, rate, ends_at_ms,
      floor(extract(epoch from created_at) * 1000)::float8 as booked_ms
    from sandbox.operations
    where provider = ${provider} and calls > 0 and key > ${after}::uuid
      and created_at >= to_timestamp(${window.fromMs}::float8 / 1000)
      and created_at < to_timestamp(${window.toMs}::float8 / 1000)
    order by key limit ${PAGE}`
  return rows.map((row) => ({
    ...entryOf(row),
    key: row.key,
    leg: row.leg,
    currency: row.currency,
    bookedMs: row.booked_ms,
  }))
}
