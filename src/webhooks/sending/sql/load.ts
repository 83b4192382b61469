import type { Sql } from '../../../db/client.ts'

/** What a delivery's job carries, see outbox.ts. */
export interface DeliveryKey {
  account_id: string
  delivery_id: string
}

/** A pending delivery with all that an attempt needs. Without its endpoint, url and secret are null. */
export interface Due {
  account_id: string
  id: string
  attempts: number
  /** Attempts made before the retry schedule last started over. */
  schedule_from: number
  event_id: string
  /** Null for an event that no payment caused. */
  payment_id: string | null
  type: string
  body: string
  endpoint_id: string
  url: string | null
  secret: string | null
  /** The secret before it, while both are valid. */
  previous_secret: string | null
  enabled: boolean | null
  disabled_reason: string | null
}

const LOAD = `
select d.account_id, d.id, d.attempts, d.schedule_from, d.event_id, v.payment_id, v.type, v.body, d.endpoint_id, e.url, e.secret,
  case when e.previous_secret_expires_at > now() then e.previous_secret end as previous_secret,
  e.enabled, e.disabled_reason
from json_to_recordset($1::text::json) as k (account_id text, delivery_id uuid)
join webhook_deliveries d on d.account_id = k.account_id and d.id = k.delivery_id
join webhook_events v on v.account_id = d.account_id and v.id = d.event_id
left join webhook_endpoints e on e.account_id = d.account_id and e.id = d.endpoint_id
where d.status = 'pending'`

/** Reads a batch in one round trip. Deliveries that do not exist or are not pending are left out. */
export const loadDeliveries = (sql: Sql, keys: readonly DeliveryKey[]): Promise<Due[]> =>
  sql.unsafe<Due[]>(LOAD, [JSON.stringify(keys)], { prepare: true })
