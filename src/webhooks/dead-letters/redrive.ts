import type { Sql } from '../../db/client.ts'
import { deliveryJobsSql } from '../outbox.ts'

/** Which dead deliveries: those named, those to one endpoint, or with neither all of the account. */
export interface Which {
  deliveryIds?: readonly string[] | undefined
  endpointId?: string | undefined
}

// Locked in order and read again after any wait, so that of two calls at once each delivery goes to one of them. One
// row more than the limit is looked for, to tell whether others are left.
const REDRIVE = `
with dead as (
  select d.account_id, d.id from webhook_deliveries d
  where d.account_id = $1::text and d.status = 'dead'
    and ($2::text is null or d.id in (select json_array_elements_text($2::text::json)::uuid))
    and ($3::uuid is null or d.endpoint_id = $3::uuid)
    and exists (select from webhook_endpoints e where e.account_id = d.account_id and e.id = d.endpoint_id and e.enabled)
  order by d.id limit $4::int + 1 for update of d
),
chosen as (select account_id, id from dead order by id limit $4::int),
redriven as (
  update webhook_deliveries d set status = 'pending', schedule_from = d.attempts, next_attempt_at = null
  from chosen c where d.account_id = c.account_id and d.id = c.id
  returning d.account_id, d.id, d.endpoint_id
),
${deliveryJobsSql('redriven')}
select (select count(*)::int from redriven) as redriven, (select count(*)::int from dead) > $4::int as more`

/**
 * Puts dead deliveries whose endpoint takes events back to pending, each with a job, oldest first; their retry
 * schedule starts over. Answers how many there were, at most `limit`, and whether others are left.
 */
export const redriveDead = async (
  sql: Sql,
  accountId: string,
  { deliveryIds, endpointId }: Which,
  limit: number,
): Promise<{ redriven: number; more: boolean }> => {
  const [row] = await sql.unsafe<{ redriven: number; more: boolean }[]>(
    REDRIVE,
    [accountId, deliveryIds ? JSON.stringify(deliveryIds) : null, endpointId ?? null, limit],
    { prepare: true },
  )
  return { redriven: row?.redriven ?? 0, more: row?.more ?? false }
}
