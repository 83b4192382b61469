import { formatRate, parseRate } from '../../core/rate.ts'
import type { Sql } from '../../db/client.ts'
import type { Operation, Settled } from '../port.ts'
import type { Detail } from '../steps.ts'
import type { RailChain } from './chains.ts'
import type { RailState } from './states.ts'

/** What the provider delivered on the home chain. */
export interface Delivered extends Pick<Settled, 'amount' | 'fiat' | 'rate'> {
  reference: string
}

/** One on-ramp's way over the rail, as it is written down. */
export interface Passage {
  home: RailChain
  to: RailChain
  state: RailState
  /** Null until the provider has delivered. */
  delivered: Delivered | null
  /** USDC minor units that arrived in our wallet; null before that. */
  minted: bigint | null
  /** When that was written down, epoch milliseconds of the database; null before that. */
  mintedMs: number | null
  /** What the moves need to remember; every number is text. */
  detail: Detail
}

type Keyed = Pick<Operation, 'accountId' | 'key'>

/** The passages over the rail. */
export interface Passages {
  /** An operation's passage, null when it has none. */
  find(operation: Keyed): Promise<Passage | null>
  /** Writes down that an operation is about to be sent whose USDC the rail will carry on. */
  begin(operation: Keyed, way: Pick<Passage, 'home' | 'to'>): Promise<void>
  /** Writes down what the provider delivered, unless that is known; answers the passage as it stands. */
  deliver(operation: Keyed, delivered: Delivered, detail: Detail): Promise<Passage>
  /** Writes down where a passage is, and what it must remember; nothing changes one that is done. */
  note(operation: Keyed, state: RailState, detail?: Detail): Promise<void>
  /** Writes down what arrived. */
  finish(operation: Keyed, minted: bigint): Promise<void>
  /** The passages among operations of any account, by their keys. */
  among(keys: readonly string[]): Promise<ReadonlyMap<string, Passage>>
}

const PROVIDER = 'cctp'
/** Named after the rail, because the operation's provider may have steps of its own under the same key. */
const STEP = 'cctp passage'

interface Row {
  key: string
  detail: string
  ended_ms: number | null
}

const COLUMNS = `key, detail::text as detail, floor(extract(epoch from ended_at) * 1000)::float8 as ended_ms`
const FIND = `select ${COLUMNS} from provider_steps where account_id = $1 and key = $2::uuid and step = '${STEP}'`

const BEGIN = `
insert into provider_steps (account_id, key, step, provider, external_id, detail)
values ($1, $2::uuid, '${STEP}', '${PROVIDER}', $2::uuid::text, $3::text::jsonb) on conflict do nothing`

// What was delivered first stands.
const DELIVER = `
update provider_steps set detail = case when detail ? 'amount' then detail else detail || $3::text::jsonb end
where account_id = $1 and key = $2::uuid and step = '${STEP}' returning ${COLUMNS}`

const NOTE = `
update provider_steps set detail = detail || $3::text::jsonb where account_id = $1 and key = $2::uuid and step = '${STEP}' and status = 'begun'`

const FINISH = `
update provider_steps set detail = detail || $3::text::jsonb, status = 'done', ended_at = now()
where account_id = $1 and key = $2::uuid and step = '${STEP}' and status = 'begun'`

const AMONG = `
select ${COLUMNS} from provider_steps
where provider = '${PROVIDER}' and step = '${STEP}'
  and external_id in (select json_array_elements_text($1::text::json))`

const deliveredOf = ({ amount, fiat, rate, reference }: Detail): Delivered | null =>
  amount && fiat && rate && reference
    ? { amount: BigInt(amount), fiat: BigInt(fiat), rate: parseRate(rate), reference }
    : null

const passageOf = ({ detail: text, ended_ms }: Row): Passage => {
  const detail = JSON.parse(text) as Record<string, string> & Pick<Passage, 'home' | 'to' | 'state'>
  return {
    home: detail.home,
    to: detail.to,
    state: detail.state,
    delivered: deliveredOf(detail),
    minted: detail.minted ? BigInt(detail.minted) : null,
    mintedMs: ended_ms,
    detail,
  }
}

const PREPARED = { prepare: true } as const

/** The passages as they stand in the journal of steps. */
export const createPassages = (sql: Sql): Passages => {
  const run = ({ accountId, key }: Keyed, query: string, detail?: Detail): Promise<Row[]> =>
    sql.unsafe<Row[]>(query, [accountId, key, ...(detail ? [JSON.stringify(detail)] : [])], PREPARED)

  return {
    find: async (operation) => {
      const [row] = await run(operation, FIND)
      return row ? passageOf(row) : null
    },
    begin: async (operation, { home, to }) => {
      await run(operation, BEGIN, { home, to, state: 'inner' satisfies RailState })
    },
    deliver: async (operation, { amount, fiat, rate, reference }, detail) => {
      const delivered = { amount: String(amount), fiat: String(fiat), rate: formatRate(rate), reference }
      const state: RailState = 'delivered'
      const [row] = await run(operation, DELIVER, { ...detail, ...delivered, state })
      if (!row) throw new Error('a passage was never begun')
      return passageOf(row)
    },
    note: async (operation, state, detail = {}) => {
      await run(operation, NOTE, { ...detail, state })
    },
    finish: async (operation, minted) => {
      const state: RailState = 'done'
      await run(operation, FINISH, { state, minted: String(minted) })
    },
    among: async (keys) => {
      const rows = await sql.unsafe<Row[]>(AMONG, [JSON.stringify(keys)], PREPARED)
      return new Map(rows.map((row) => [row.key, passageOf(row)]))
    },
  }
}
