import type { Sql } from '../db/client.ts'
import type { Operation } from './port.ts'

/** What later steps need to know of one; numbers are text, so that none becomes a float. */
export type Detail = Readonly<Record<string, string>>

/** One call of an operation that acts at its provider, as it was written down before it was sent. */
export interface Step {
  name: string
  status: 'begun' | 'done' | 'refused'
  /** What the provider calls it; null while that is not known. */
  externalId: string | null
  detail: Detail
  /** Milliseconds since it was begun. */
  ageMs: number
}

/** What became of a step. */
export interface End {
  status: 'begun' | 'done' | 'refused'
  externalId?: string
  /** Added to what was written down before. */
  detail?: Detail
}

/** Whose step has an external id. */
export interface StepOwner {
  accountId: string
  key: string
  step: string
}

type Keyed = Pick<Operation, 'accountId' | 'key'>

/** A provider's journal of steps. */
export interface Steps {
  /** The operation's steps by their names. */
  of(operation: Keyed): Promise<ReadonlyMap<string, Step>>
  /** Writes down that a step is about to be sent; answers the step as it stands, which is the first writer's. */
  begin(operation: Keyed, name: string, detail?: Detail): Promise<Step>
  /**
   * Writes down what became of a step that was begun. Null, and nothing is written, when the external id belongs to the
   * same step of another operation already.
   */
  end(operation: Keyed, name: string, end: End): Promise<Step | null>
  /** Whose steps these external ids belong to; ids that nobody's step has are left out. */
  owners(externalIds: readonly string[]): Promise<ReadonlyMap<string, StepOwner>>
}

interface Row {
  step: string
  status: Step['status']
  external_id: string | null
  detail: string
  age_ms: number
}

const COLUMNS = `step, status, external_id, detail::text as detail,
  floor(extract(epoch from now() - begun_at) * 1000)::float8 as age_ms`

const OF = `select ${COLUMNS} from provider_steps where account_id = $1 and key = $2 order by begun_at, step`

// The update changes nothing; without it the row of an earlier writer would not be returned.
const BEGIN = `
insert into provider_steps (account_id, key, step, provider, detail) values ($1, $2, $3, $4, $5::text::jsonb)
on conflict (account_id, key, step) do update set step = excluded.step
returning ${COLUMNS}`

const END = `
update provider_steps set
  status = $4, external_id = coalesce($5, external_id), detail = detail || $6::text::jsonb,
  ended_at = case when $4 <> 'begun' then now() end
where account_id = $1 and key = $2 and step = $3
returning ${COLUMNS}`

const OWNERS = `
select external_id, account_id as "accountId", key, step from provider_steps
where provider = $1 and external_id in (select json_array_elements_text($2::text::json))`

const stepOf = (row: Row): Step => ({
  name: row.step,
  status: row.status,
  externalId: row.external_id,
  detail: JSON.parse(row.detail) as Detail,
  ageMs: row.age_ms,
})

const TAKEN = 'provider_steps_one_per_thing'

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'constraint_name' in error && error.constraint_name === TAKEN

const PREPARED = { prepare: true } as const

/** The journal of steps of the provider with that name. */
export const createSteps = (sql: Sql, provider: string): Steps => ({
  of: async ({ accountId, key }) => {
    const rows = await sql.unsafe<Row[]>(OF, [accountId, key], PREPARED)
    return new Map(rows.map((row) => [row.step, stepOf(row)]))
  },
  begin: async ({ accountId, key }, name, detail = {}) => {
    const values = [accountId, key, name, provider, JSON.stringify(detail)]
    const [row] = await sql.unsafe<Row[]>(BEGIN, values, PREPARED)
    if (!row) throw new Error('a step was not written down')
    return stepOf(row)
  },
  end: async ({ accountId, key }, name, { status, externalId, detail = {} }) => {
    const values = [accountId, key, name, status, externalId ?? null, JSON.stringify(detail)]
    try {
      const [row] = await sql.unsafe<Row[]>(END, values, PREPARED)
      if (!row) throw new Error(`step ${name} was never begun`)
      return stepOf(row)
    } catch (error) {
      if (isTaken(error)) return null
      throw error
    }
  },
  owners: async (externalIds) => {
    const rows = await sql.unsafe<(StepOwner & { external_id: string })[]>(
      OWNERS,
      [provider, JSON.stringify(externalIds)],
      PREPARED,
    )
    return new Map(rows.map(({ external_id, ...owner }) => [external_id, owner]))
  },
})
