import type { Sql } from '../../db/client.ts'
import { deliveryJobsSql, newIdSql } from '../outbox.ts'

/** What became of a request to deliver once more. `id` is the new delivery, null when there is none. */
export interface Redelivery {
  id: string | null
  status: string
  /** Null when the endpoint was deleted. */
  enabled: boolean | null
}

const REDELIVER = `
with original as (
  select d.account_id, d.id, d.event_id, d.endpoint_id, d.status, d.redelivery_of, e.enabled
  from webhook_deliveries d left join webhook_endpoints e on e.account_id = d.account_id and e.id = d.endpoint_id
  where d.account_id = $1::text and d.id = $2::uuid
),
again as (
  insert into webhook_deliveries (account_id, id, event_id, endpoint_id, redelivery_of)
  select account_id, ${newIdSql}, event_id, endpoint_id, coalesce(redelivery_of, id)
  from original where status <> 'pending' and enabled
  returning account_id, id, endpoint_id
),
${deliveryJobsSql('again')}
select (select id from again) as id, status, enabled from original`

/** Writes a new delivery of the same event to the same endpoint, with its job. Null when there is no such delivery. */
export const insertRedelivery = async (
  sql: Sql,
  accountId: string,
  deliveryId: string,
): Promise<Redelivery | null> => {
  const [row] = await sql.unsafe<Redelivery[]>(REDELIVER, [accountId, deliveryId], { prepare: true })
  return row ?? null
}
