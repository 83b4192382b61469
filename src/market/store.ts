import type { Sql } from '../db/client.ts'
import type { SourceFailure, SourceName } from './source.ts'

/** What a process knows of the stored reading of a source that it wants to refresh. */
export interface Wanted {
  source: SourceName
  /** `stored_at` of the stored reading that it saw last; null when it saw none. */
  seen: number | null
  /** False when that one was not in a shape that it understands. */
  readable: boolean
}

/** What is stored of a source. Ages are by the database's clock, so that those of the processes need not agree. */
export interface Stored {
  source: SourceName
  /** The last good value; null when there is none or the asker has seen it. */
  value: unknown
  /** Epoch milliseconds of the database; null without a reading. */
  stored_at: number | null
  age_ms: number | null
  /** Failures since the last good answer, and the reason of the last one. */
  failures: number
  failure: SourceFailure | null
}

export interface Claim extends Stored {
  /** True when the asker is the one to ask the source; it has then to record what became of it. */
  claimed: boolean
  /** Otherwise the milliseconds until it makes sense to try again, as far as is known. */
  wait_ms: number
}

const ms = (interval: string) => `floor(extract(epoch from ${interval}) * 1000)::float8`

const STORED = `${ms('r.fetched_at')} as stored_at, ${ms('now() - r.fetched_at')} as age_ms,
  coalesce(r.failures, 0) as failures, r.failure`

// In order of name, so that two processes that claim the same sources cannot block each other. Whoever cannot read
// what is stored may replace it at once: it was written by another version of the program.
const CLAIM = `
with wanted as (
  select * from json_to_recordset($1::text::json) as w (source text, seen float8, readable boolean)
),
claimed as (
  insert into market_readings as r (source, held_until)
  select source, now() + $2::float8 * interval '1 millisecond' from wanted order by source
  on conflict (source) do update set held_until = excluded.held_until
  where (r.held_until is null or r.held_until <= now()) and (
    r.fetched_at is null or r.fetched_at <= now() - $3::float8 * interval '1 millisecond'
    or exists (select from wanted w where w.source = r.source and not w.readable and w.seen = ${ms('r.fetched_at')}))
  returning source
)
select w.source, case when ${ms('r.fetched_at')} is distinct from w.seen then r.value end as value, ${STORED},
  c.source is not null as claimed,
  coalesce(${ms(`greatest(r.held_until, case when w.readable
    then r.fetched_at + $3::float8 * interval '1 millisecond' end) - now()`)}, 0) as wait_ms
from wanted w left join claimed c using (source) left join market_readings r using (source)`

/**
 * Claims for `holdMs` those of the wanted sources that nobody is asking, that do not rest after a failure, and whose
 * stored reading is at least `refreshAfterMs` old. Answers for each whether it was claimed, and what is stored.
 */
export const claimReadings = (
  sql: Sql,
  wanted: readonly Wanted[],
  holdMs: number,
  refreshAfterMs: number,
): Promise<Claim[]> =>
  sql.unsafe<Claim[]>(CLAIM, [JSON.stringify(wanted), holdMs, refreshAfterMs], { prepare: true })

const LOAD = `
select r.source, r.value, ${STORED}
from json_array_elements_text($1::text::json) as wanted (source) join market_readings r using (source)`

/** What is stored of these sources; those of which nothing is are left out. */
export const loadReadings = (sql: Sql, sources: readonly SourceName[]): Promise<Stored[]> =>
  sql.unsafe<Stored[]>(LOAD, [JSON.stringify(sources)], { prepare: true })

// Only exchange rates have `fiat_per_usd`; of other values nothing is published. A publication is asked for many
// times a day and recorded once.
const KEEP = `
with published as (
  insert into market_mids (currency, source, published_at, fiat_per_usd)
  select mid.key, $1::text, to_timestamp(($2::text::json ->> 'published_at')::float8 / 1000), mid.value::numeric
  from json_each_text($2::text::json -> 'fiat_per_usd') as mid
  on conflict do nothing
)
insert into market_readings as r (source, value, fetched_at) values ($1::text, $2::text::jsonb || jsonb_build_object('asked', $3::text), now())
on conflict (source) do update
  set value = excluded.value, fetched_at = excluded.fetched_at, held_until = null, failures = 0, failure = null
returning ${ms('r.fetched_at')} as stored_at`

/**
 * Stores a value that the source has just given, with what it was asked, and the mids that it published; answers its
 * `stored_at`.
 */
export const keepReading = async (
  sql: Sql,
  source: SourceName,
  asked: string,
  value: unknown,
): Promise<number> => {
  const [row] = await sql.unsafe<{ stored_at: number }[]>(KEEP, [source, JSON.stringify(value), asked], {
    prepare: true,
  })
  if (!row) throw new Error('an upsert returned no row')
  return row.stored_at
}

const FAIL = `
update market_readings
set failures = failures + 1, failure = $2::text, held_until = now() + $3::float8 * interval '1 millisecond'
where source = $1::text`

/** Records that the source gave no usable value and is left alone for `restMs`; its last good value stays. */
export const failReading = async (
  sql: Sql,
  source: SourceName,
  failure: SourceFailure,
  restMs: number,
): Promise<void> => {
  await sql.unsafe(FAIL, [source, failure, restMs], { prepare: true })
}
