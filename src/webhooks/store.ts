import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { webhookEndpoints } from '../db/schema/webhooks.ts'

export type EndpointRow = typeof webhookEndpoints.$inferSelect

export interface NewEndpoint {
  accountId: string
  id: string
  url: string
  secret: string
  /** Null wants every event. */
  eventTypes: string[] | null
}

const LOCK = `select pg_advisory_xact_lock(hashtextextended('webhook_endpoints/' || $1::text, 0))`

// The count is part of the insert, but sees only what was committed when the statement began: hence the lock.
const INSERT = `
insert into webhook_endpoints (account_id, id, url, secret, event_types)
select $1::text, $2::uuid, $3::text, $4::text,
  case when $5::text is not null then array(select json_array_elements_text($5::text::json)) end
where (select count(*) from webhook_endpoints where account_id = $1::text) < $6::int
returning created_at`

/** The rows of webhook endpoints. */
export const createEndpointStore = ({ sql: driver, db }: Database) => {
  const account = eq(webhookEndpoints.accountId, sql.placeholder('accountId'))
  const one = and(account, eq(webhookEndpoints.id, sql.placeholder('id')))
  const find = db.select().from(webhookEndpoints).where(one).prepare('find_webhook_endpoint')

  return {
    /** Writes the endpoint and answers when it was created, or null when the account has `max` already. */
    insert: async (endpoint: NewEndpoint, max: number): Promise<Date | null> => {
      const { accountId, id, url, secret, eventTypes } = endpoint
      const types = eventTypes && JSON.stringify(eventTypes)
      const [, rows] = await driver.begin((tx) => [
        tx.unsafe(LOCK, [accountId], { prepare: true }),
        tx.unsafe<{ created_at: string }[]>(INSERT, [accountId, id, url, secret, types, max], {
          prepare: true,
        }),
      ])
      return rows?.[0] ? new Date(rows[0].created_at) : null
    },

    /** The account's endpoint, or null. */
    find: async (accountId: string, id: string): Promise<EndpointRow | null> =>
      (await find.execute({ accountId, id }))[0] ?? null,

    /** The account's endpoints before `cursor`, newest first. Ids are time-ordered, so the key gives the order. */
    list: (accountId: string, limit: number, cursor: string | undefined): Promise<EndpointRow[]> =>
      db
        .select()
        .from(webhookEndpoints)
        .where(
          and(
            eq(webhookEndpoints.accountId, accountId),
            cursor === undefined ? undefined : lt(webhookEndpoints.id, cursor),
          ),
        )
        .orderBy(desc(webhookEndpoints.id))
        .limit(limit),

    /** Deletes the account's endpoint; answers whether there was one. Its deliveries stay, as a record. */
    remove: async (accountId: string, id: string): Promise<boolean> => {
      const gone = await db
        .delete(webhookEndpoints)
        .where(and(eq(webhookEndpoints.accountId, accountId), eq(webhookEndpoints.id, id)))
        .returning({ id: webhookEndpoints.id })
      return gone.length > 0
    },
  }
}

export type EndpointStore = ReturnType<typeof createEndpointStore>
