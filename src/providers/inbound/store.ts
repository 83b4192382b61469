import { lt, sql } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { providerEvents } from '../../db/schema/providers.ts'
import { wakeSql } from '../../payments/wake.ts'
import type { InboundEvent } from '../port.ts'

/** A payment that an event is about. */
export interface Subject {
  account_id: string
  payment_id: string
  /** False when its step was just being committed, so that it has to be woken again. */
  woken: boolean
}

const WOKEN = `
${wakeSql('due')}
select d.account_id, d.payment_id, exists (select from woken w where w.key = d.payment_id::text) as woken from due d`

// Our own key is looked for only where the provider's names find nothing, because its index begins with the account: among
// 600,000 operations that takes 70 ms, and the rest 2.
// An event is written down once an account, whatever it is about there.
const RECORD = `
with names as (select json_array_elements_text($3::text::json) as name),
keys as (select json_array_elements_text($4::text::json)::uuid as key),
referenced as (
  select o.account_id, o.payment_id from names n
  join provider_operations o on o.provider = $1 and o.reference = n.name
  union
  select o.account_id, o.payment_id from names n
  join provider_steps s on s.provider = $1 and s.external_id = n.name
  join provider_operations o on o.account_id = s.account_id and o.key = s.key
),
found as (
  select account_id, payment_id from referenced
  union
  select o.account_id, o.payment_id from keys k join provider_operations o on o.provider = $1 and o.key = k.key
  where not exists (select from referenced)
),
fresh as (
  insert into provider_events (account_id, provider, event_id, payment_id)
  select account_id, $1, $2, payment_id from found
  on conflict do nothing
  returning account_id
),
due as (select account_id, payment_id from found where account_id in (select account_id from fresh)),
${WOKEN}`

const WAKE = `
with due as (select * from json_to_recordset($1::text::json) as d (account_id text, payment_id uuid)),
${WOKEN}`

/** The rows of what providers have sent to us, and the jobs that they wake. */
export const createInboundStore = ({ sql: driver, db }: Database) => ({
  /**
   * Writes the provider's event down and makes the next step of each payment that it is about due at once. Answers
   * those payments: none when the event is about nothing of ours, or was written down before.
   */
  record: (
    provider: string,
    { id, names }: InboundEvent,
    keys: readonly string[],
  ): Promise<readonly Subject[]> =>
    driver.unsafe<Subject[]>(RECORD, [provider, id, JSON.stringify(names), JSON.stringify(keys)], {
      prepare: true,
    }),

  /** Makes the next step of these payments due at once. */
  wake: (subjects: readonly Subject[]): Promise<readonly Subject[]> =>
    driver.unsafe<Subject[]>(WAKE, [JSON.stringify(subjects)], { prepare: true }),

  /** Deletes at most `limit` events that came more than `days` ago; answers how many. */
  sweep: async (days: number, limit: number): Promise<number> => {
    const { accountId, provider, eventId } = providerEvents
    const stale = db
      .select({ accountId, provider, eventId })
      .from(providerEvents)
      .where(lt(providerEvents.receivedAt, sql`now() - ${days} * interval '1 day'`))
      .limit(limit)
    const gone = await db
      .delete(providerEvents)
      .where(sql`(${accountId}, ${provider}, ${eventId}) in ${stale}`)
      .returning({ eventId })
    return gone.length
  },
})

export type InboundStore = ReturnType<typeof createInboundStore>
