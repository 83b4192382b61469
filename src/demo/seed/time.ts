import type { Clock } from '../../core/clock.ts'
import type { Sql, Tx } from '../../db/client.ts'

/** Gives every column of ours whose default is the one expression the other. */
const defaults = (from: string, to: string): string => `
do $$
declare
  found record;
begin
  for found in
    select d.adrelid::regclass as owner, a.attname as name
    from pg_attrdef d
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join pg_class c on c.oid = d.adrelid
    where c.relnamespace in ('public'::regnamespace, 'sandbox'::regnamespace)
      and pg_get_expr(d.adbin, d.adrelid) = '${from}'
  loop
    execute format('alter table %s alter column %I set default ${to}', found.owner, found.name);
  end loop;
end
$$`

// The schema is searched before pg_catalog, so that the program's own statements, as they are, ask it for the time. The
// queue names pg_catalog itself: its one function for that is replaced, and kept to be put back.
const PLAY = [
  'create schema played',
  'create table played.clock (at timestamptz not null)',
  `create function played.now() returns timestamptz language sql stable as 'select at from played.clock'`,
  `create function played.clock_timestamp() returns timestamptz language sql stable as 'select at from played.clock'`,
  'create sequence played.draws',
  `create table played.kept as select pg_get_functiondef('pgboss.job_now'::regproc) as definition`,
  `create or replace function pgboss.job_now() returns timestamptz language sql stable as 'select at from played.clock'`,
  defaults('now()', 'played.now()'),
]

/** Ids that the database draws, of deliveries and jobs, come out the same for the same seed: version 4 UUIDs all the same. */
const draws = (seed: string): string => `
create function played.gen_random_uuid() returns uuid language sql volatile as $$
  select overlay(overlay(md5('${seed}/' || nextval('played.draws')) placing '4' from 13) placing 'a' from 17)::uuid
$$`

/** Of sessions that are opened while time is played. Plans are made once, and nothing is kept of what is not finished. */
const SETTINGS: Record<string, string> = {
  search_path: 'played, pg_catalog, public',
  synchronous_commit: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
}

const alterDatabase = async (tx: Tx, change: (name: string, value: string) => string): Promise<void> => {
  const [row] = await tx<{ database: string }[]>`select quote_ident(current_database()) as database`
  for (const [name, value] of Object.entries(SETTINGS))
    await tx.unsafe(`alter database ${row?.database} ${change(name, value)}`)
}

/**
 * Makes sessions that are opened from now on ask a clock of ours for the time. `sql` must see the database as it is, and
 * `seed` is letters, digits and dashes.
 */
export const playTime = (sql: Sql, seed: string): Promise<void> =>
  sql.begin(async (tx) => {
    for (const statement of [...PLAY, draws(seed)]) await tx.unsafe(statement)
    await alterDatabase(tx, (name, value) => `set ${name} = ${value}`)
  })

/** Leaves the database as it was before `playTime`, but for what has been written. */
export const endTime = (sql: Sql): Promise<void> =>
  sql.begin(async (tx) => {
    await alterDatabase(tx, (name) => `reset ${name}`)
    const [kept] = await tx<{ definition: string }[]>`select definition from played.kept`
    await tx.unsafe(kept?.definition ?? '')
    await tx.unsafe(defaults('played.now()', 'now()'))
    await tx`drop schema played cascade`
  })

/** A clock that stands until it is moved, here and in the database. */
export interface PlayedClock extends Clock {
  /** Moves it on to the epoch milliseconds; never back. */
  moveTo(ms: number): Promise<void>
}

/** The clock of a database whose time is played. */
export const createPlayedClock = async (sql: Sql, begin: number): Promise<PlayedClock> => {
  let now = begin
  await sql`insert into played.clock values (to_timestamp(${begin}::float8 / 1000))`
  return {
    now: () => now,
    moveTo: async (ms) => {
      if (ms <= now) return
      now = ms
      await sql`update played.clock set at = to_timestamp(${ms}::float8 / 1000)`
    },
  }
}
