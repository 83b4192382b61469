import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { webhookEndpoints } from '../../db/schema/webhooks.ts'
import { DISABLED } from '../policy.ts'

export interface NewEndpoint {
  accountId: string
  id: string
  url: string
  secret: string
  description: string | null
  /** Null wants every event that is on by default. */
  eventTypes: string[] | null
}

/** What its owner changes; what is undefined stays. */
export interface EndpointChange {
  url?: string | undefined
  eventTypes?: string[] | null | undefined
  enabled?: boolean | undefined
  description?: string | null | undefined
}

const LOCK = `select pg_advisory_xact_lock(hashtextextended('webhook_endpoints/' || $1::text, 0))`

// The count is part of the insert, but sees only what was committed when the statement began: hence the lock.
const INSERT = `
insert into webhook_endpoints (account_id, id, url, secret, event_types, description)
select $1::text, $2::uuid, $3::text, $4::text,
  case when $5::text is not null then array(select json_array_elements_text($5::text::json)) end, $7::text
where (select count(*) from webhook_endpoints where account_id = $1::text) < $6::int
returning created_at`

// Without the secrets: nobody who reads an endpoint has a use for them.
const { secret: _secret, previousSecret: _previous, ...columns } = getTableColumns(webhookEndpoints)
const shown = {
  ...columns,
  previousSecretExpiresAt: sql`case when previous_secret_expires_at > now()
    then previous_secret_expires_at end`.mapWith((text: string): Date | null => new Date(text)),
}

/** The rows of webhook endpoints. */
export const createEndpointStore = ({ sql: driver, db }: Database) => {
  const account = eq(webhookEndpoints.accountId, sql.placeholder('accountId'))
  const found = and(account, eq(webhookEndpoints.id, sql.placeholder('id')))
  const find = db.select(shown).from(webhookEndpoints).where(found).prepare('find_webhook_endpoint')
  const one = (accountId: string, id: string) =>
    and(eq(webhookEndpoints.accountId, accountId), eq(webhookEndpoints.id, id))

  return {
    /** Writes the endpoint and answers when it was created, or null when the account has `max` already. */
    insert: async (endpoint: NewEndpoint, max: number): Promise<Date | null> => {
      const { accountId, id, url, secret, eventTypes, description } = endpoint
      const types = eventTypes && JSON.stringify(eventTypes)
      const values = [accountId, id, url, secret, types, max, description]
      const [, rows] = await driver.begin((tx) => [
        tx.unsafe(LOCK, [accountId], { prepare: true }),
        tx.unsafe<{ created_at: string }[]>(INSERT, values, { prepare: true }),
      ])
      return rows?.[0] ? new Date(rows[0].created_at) : null
    },

    /** The account's endpoint, or null. */
    find: async (accountId: string, id: string) => (await find.execute({ accountId, id }))[0] ?? null,

    /** The account's endpoints before `cursor`, newest first. Ids are time-ordered, so the key gives the order. */
    list: (accountId: string, limit: number, cursor: string | undefined) =>
      db
        .select(shown)
        .from(webhookEndpoints)
        .where(
          and(
            eq(webhookEndpoints.accountId, accountId),
            cursor === undefined ? undefined : lt(webhookEndpoints.id, cursor),
          ),
        )
        .orderBy(desc(webhookEndpoints.id))
        .limit(limit),

    /** Changes the account's endpoint and answers it, or null when there is none. */
    update: async (accountId: string, id: string, change: EndpointChange) => {
      const { url, eventTypes, enabled, description } = change
      const byAccount = sql`case when ${webhookEndpoints.enabled} then ${DISABLED.byAccount}
        else ${webhookEndpoints.disabledReason} end`
      const rows = await db
        .update(webhookEndpoints)
        .set({
          url,
          eventTypes,
          enabled,
          description,
          ...(enabled === undefined ? {} : { disabledReason: enabled ? null : byAccount }),
          // Another target has not failed yet.
          ...(enabled === true || url !== undefined ? { failingSince: null } : {}),
          // What expired while nobody asked for it is no news.
          ...(enabled === true || eventTypes !== undefined ? { quotesAnnouncedTo: sql`now()` } : {}),
        })
        .where(one(accountId, id))
        .returning(shown)
      return rows[0] ?? null
    },

    /** Replaces the secret; the old one is kept for as long as it may sign too. Null when there is no endpoint. */
    rotate: async (accountId: string, id: string, secret: string, overlapSeconds: number) => {
      const rows = await db
        .update(webhookEndpoints)
        .set({
          secret,
          ...(overlapSeconds > 0
            ? {
                previousSecret: sql`${webhookEndpoints.secret}`,
                previousSecretExpiresAt: sql`now() + ${overlapSeconds} * interval '1 second'`,
              }
            : { previousSecret: null, previousSecretExpiresAt: null }),
        })
        .where(one(accountId, id))
        .returning(shown)
      return rows[0] ?? null
    },

    /** Deletes the account's endpoint; answers whether there was one. Its deliveries stay, as a record. */
    remove: async (accountId: string, id: string): Promise<boolean> => {
      const gone = await db
        .delete(webhookEndpoints)
        .where(one(accountId, id))
        .returning({ id: webhookEndpoints.id })
      return gone.length > 0
    },
  }
}

export type EndpointStore = ReturnType<typeof createEndpointStore>
export type EndpointRow = NonNullable<Awaited<ReturnType<EndpointStore['find']>>>
