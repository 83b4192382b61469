import { enqueueSql } from '../queue/enqueue.ts'
import { OFF_BY_DEFAULT } from './model.ts'

// PostgreSQL makes version 7 by itself only from 18 on: a version 4 with the time written over its first six bytes.
const TIME = 'substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)'
const STAMPED = `overlay(uuid_send(gen_random_uuid()) placing ${TIME} from 1 for 6)`

/** SQL of a new time-ordered id, so that the primary key gives lists their order and inserts stay at its edge. */
export const newIdSql = `encode(set_bit(set_bit(${STAMPED}, 52, 1), 53, 1), 'hex')::uuid`

/** The CTEs that give each row of `source` (account_id, id, endpoint_id of a delivery) the job of its next attempt. */
export const deliveryJobsSql = (source: string): string => `
  delivery_jobs as (
    select id::text as key, interval '0' as delay, endpoint_id,
      jsonb_build_object('account_id', account_id, 'delivery_id', id) as data
    from ${source}
  ),
  delivery_enqueued as (${enqueueSql('webhook', 'delivery_jobs', 's.endpoint_id::text')})`

const off = OFF_BY_DEFAULT.map((type) => `'${type}'`).join(', ')

/**
 * The CTEs that take the relation `published` (account_id, id, type of events) to the account's endpoints: every
 * enabled one that wants the type gets a delivery, `fanned_out`, and each delivery its job.
 */
export const fanOutSql = `
  fanned_out as (
    insert into webhook_deliveries (account_id, id, event_id, endpoint_id)
    select p.account_id, ${newIdSql}, p.id, e.id
    from published p join webhook_endpoints e on e.account_id = p.account_id and e.enabled
      and (p.type = any (e.event_types) or e.event_types is null and p.type not in (${off}))
    returning account_id, id, endpoint_id
  ),
  ${deliveryJobsSql('fanned_out')}`

/**
 * The CTEs that publish a payment's events in the statement that causes them. `source` is a relation with the columns
 * account_id, event_id, payment_id, sequence, type (null publishes nothing) and body (the frozen JSON text).
 */
export const publishSql = (source: string): string => `
  published as (
    insert into webhook_events (account_id, id, payment_id, sequence, type, body)
    select account_id, event_id, payment_id, sequence, type, body from ${source} where type is not null
    returning account_id, id, type
  ),
  ${fanOutSql}`
