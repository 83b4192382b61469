import { enqueueSql } from '../queue/enqueue.ts'

/**
 * The CTEs that publish events in the statement that causes them. `source` is a relation with the columns
 * account_id, event_id, payment_id, sequence, type (null publishes nothing) and body (the frozen JSON text).
 * Every enabled endpoint of the account that wants the type gets a delivery, and each delivery its job.
 */
export const publishSql = (source: string): string => `
  published as (
    insert into webhook_events (account_id, id, payment_id, sequence, type, body)
    select account_id, event_id, payment_id, sequence, type, body from ${source} where type is not null
    returning account_id, id, type
  ),
  fanned_out as (
    insert into webhook_deliveries (account_id, id, event_id, endpoint_id)
    select p.account_id, gen_random_uuid(), p.id, e.id
    from published p join webhook_endpoints e
      on e.account_id = p.account_id and e.enabled and (e.event_types is null or p.type = any (e.event_types))
    returning account_id, id, endpoint_id
  ),
  delivery_jobs as (
    select id::text as key, interval '0' as delay, endpoint_id,
      jsonb_build_object('account_id', account_id, 'delivery_id', id) as data
    from fanned_out
  ),
  delivery_enqueued as (${enqueueSql('webhook', 'delivery_jobs', 's.endpoint_id::text')})`
