import type { Sql } from '../../../db/client.ts'
import { deliveryJobsSql } from '../../outbox.ts'

// The conditions on the job are those of the index that the queue's exclusive policy rests on.
const ENQUEUE_ORPHANS = `
with orphans as (
  select d.account_id, d.id, d.endpoint_id from webhook_deliveries d
  where d.status = 'pending' and d.created_at < now() - interval '60 seconds' and not exists (
    select from pgboss.job j where j.name = 'webhook' and j.policy = 'exclusive'
      and coalesce(j.singleton_key, '') = d.id::text and j.state <= 'active')
  order by d.created_at limit $1::int
),
${deliveryJobsSql('orphans')}
select count(*)::int as count from delivery_enqueued`

/** Enqueues pending deliveries over a minute old that no live job will attempt, oldest first; answers how many. */
export const enqueueOrphans = async (sql: Sql, limit: number): Promise<number> => {
  const [row] = await sql.unsafe<{ count: number }[]>(ENQUEUE_ORPHANS, [limit], { prepare: true })
  return row?.count ?? 0
}
