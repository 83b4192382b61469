import type { Address, Hex } from 'viem'
import type { Sql } from '../../db/client.ts'
import type { RailChain } from './chains.ts'

/** A transaction of our wallet that was signed for one purpose. */
export interface Signed {
  /** UUID of its purpose, which is signed for once. */
  id: string
  chain: RailChain
  from: Address
  nonce: number
  /** Every hash under which it was ever signed with this nonce, the oldest first: only one of them can land. */
  hashes: readonly Hex[]
  /** What was signed last, ready to be sent. */
  raw: Hex
  /** When that was, epoch milliseconds. */
  signedMs: number
  /** Height of the chain before it was first signed. */
  height: bigint
  /** `refused` once it is certain that it never takes effect. */
  status: 'begun' | 'done' | 'refused'
}

/** The transactions of the rail's wallets, each written down before it is sent. */
export interface Transactions {
  /** What was signed for a purpose, null when nothing was. */
  find(id: string): Promise<Signed | null>
  /** The highest nonce that was ever given out, null before the first. */
  highestNonce(chain: RailChain, from: Address): Promise<number | null>
  /**
   * Writes down what was signed. Answers what stands for the purpose, which is the first writer's; null when the nonce is
   * another purpose's.
   */
  add(signed: Signed): Promise<Signed | null>
  /** Writes down a replacement with the same nonce, unless somebody else has; answers what stands. */
  replace(signed: Signed, by: Pick<Signed, 'raw' | 'signedMs'> & { hash: Hex }): Promise<Signed>
  /** Writes down how it ended. */
  close(id: string, status: 'done' | 'refused'): Promise<void>
  /** What was signed with a nonce between the two, both included, the lowest first. */
  between(chain: RailChain, from: Address, least: number, most: number): Promise<Signed[]>
}

// A wallet's nonces run across accounts, so its transactions are nobody's in particular.
const HOUSE = 'rail'
const PROVIDER = 'cctp'
const STEP = 'transaction'
const MOST_BETWEEN = 100
const NONCE_DIGITS = 12
const LAST_NONCE = 10 ** NONCE_DIGITS - 1

// Of one length, so that texts sort as numbers do.
const slot = (chain: RailChain, from: Address, nonce: number): string =>
  `${chain}/${from.toLowerCase()}/${String(nonce).padStart(NONCE_DIGITS, '0')}`

interface Row {
  id: string
  status: Signed['status']
  detail: string
}

const COLUMNS = 'key as id, status, detail::text as detail'
const FIND = `select ${COLUMNS} from provider_steps where account_id = '${HOUSE}' and key = $1 and step = '${STEP}'`

const HIGHEST = `
select max(external_id) as slot from provider_steps where account_id = '${HOUSE}' and provider = '${PROVIDER}' and step = '${STEP}' and external_id between $1 and $2`

// Both constraints of the table are meant: one transaction for a purpose, and one purpose for a nonce.
const ADD = `
insert into provider_steps (account_id, key, step, provider, external_id, detail)
values ('${HOUSE}', $1, '${STEP}', '${PROVIDER}', $2, $3::text::jsonb)
on conflict do nothing returning ${COLUMNS}`

const REPLACE = `
update provider_steps set detail = detail || $3::text::jsonb
where account_id = '${HOUSE}' and key = $1 and step = '${STEP}' and detail ->> 'hashes' = $2
returning ${COLUMNS}`

const CLOSE = `
update provider_steps set status = $2, ended_at = now()
where account_id = '${HOUSE}' and key = $1 and step = '${STEP}' and status = 'begun'`

const BETWEEN = `
select ${COLUMNS} from provider_steps
where account_id = '${HOUSE}' and provider = '${PROVIDER}' and step = '${STEP}' and external_id between $1 and $2 order by external_id limit ${MOST_BETWEEN}`

const signedOf = ({ id, status, detail }: Row): Signed => {
  const read = JSON.parse(detail) as Record<string, string> & { chain: RailChain; from: Address; raw: Hex }
  return {
    id,
    status,
    chain: read.chain,
    from: read.from,
    nonce: Number(read.nonce),
    hashes: (read.hashes ?? '').split(' ') as Hex[],
    raw: read.raw,
    signedMs: Number(read.signed_ms),
    height: BigInt(read.height ?? 0),
  }
}

const PREPARED = { prepare: true } as const

/** The transactions as they stand in the journal of steps. */
export const createTransactions = (sql: Sql): Transactions => {
  const rows = async (query: string, values: string[]): Promise<Signed[]> =>
    (await sql.unsafe<Row[]>(query, values, PREPARED)).map(signedOf)

  const find: Transactions['find'] = async (id) => (await rows(FIND, [id]))[0] ?? null

  return {
    find,
    highestNonce: async (chain, from) => {
      const bounds = [slot(chain, from, 0), slot(chain, from, LAST_NONCE)]
      const [row] = await sql.unsafe<{ slot: string | null }[]>(HIGHEST, bounds, PREPARED)
      return row?.slot ? Number(row.slot.slice(-NONCE_DIGITS)) : null
    },
    add: async (signed) => {
      const { id, chain, from, nonce, hashes, raw, signedMs, height } = signed
      const detail = {
        chain,
        from,
        nonce: String(nonce),
        hashes: hashes.join(' '),
        raw,
        signed_ms: String(signedMs),
        height: String(height),
      }
      const [added] = await rows(ADD, [id, slot(chain, from, nonce), JSON.stringify(detail)])
      return added ?? find(id)
    },
    replace: async ({ id, hashes }, { hash, raw, signedMs }) => {
      const kept = hashes.join(' ')
      const detail = { hashes: `${kept} ${hash}`, raw, signed_ms: String(signedMs) }
      const [replaced] = await rows(REPLACE, [id, kept, JSON.stringify(detail)])
      const stands = replaced ?? (await find(id))
      if (!stands) throw new Error('a transaction was never written down')
      return stands
    },
    close: async (id, status) => {
      await sql.unsafe(CLOSE, [id, status], PREPARED)
    },
    between: (chain, from, least, most) => rows(BETWEEN, [slot(chain, from, least), slot(chain, from, most)]),
  }
}
