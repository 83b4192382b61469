import type { Sql } from '../../db/client.ts'
import { TEST_EVENT } from '../model.ts'
import { deliveryJobsSql, newIdSql } from '../outbox.ts'

const PUBLISH = `
with endpoint as (
  select account_id, id from webhook_endpoints where account_id = $1::text and id = $2::uuid and enabled
),
published as (
  insert into webhook_events (account_id, id, type, body)
  select account_id, $3::uuid, '${TEST_EVENT}', json_build_object(
    'type', '${TEST_EVENT}',
    'timestamp', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'data', json_build_object('endpoint_id', 'we_' || id))::text
  from endpoint
  returning account_id, id
),
delivery as (
  insert into webhook_deliveries (account_id, id, event_id, endpoint_id)
  select p.account_id, ${newIdSql}, p.id, e.id from published p join endpoint e using (account_id)
  returning account_id, id, endpoint_id
),
${deliveryJobsSql('delivery')}
select id from delivery`

/** Publishes a test event to one endpoint alone; answers its delivery, or null when the endpoint takes none. */
export const publishTest = async (
  sql: Sql,
  accountId: string,
  endpointId: string,
  eventId: string,
): Promise<string | null> => {
  const [row] = await sql.unsafe<{ id: string }[]>(PUBLISH, [accountId, endpointId, eventId], {
    prepare: true,
  })
  return row?.id ?? null
}
