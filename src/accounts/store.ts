import { and, desc, eq, getTableColumns, lt, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { accounts, apiKeys } from '../db/schema/accounts.ts'
import { INSERT, isLive, type NewKey, REVOKE, ROTATE } from './sql.ts'

/** The end of a key: a number of seconds from now, a time, or neither. */
export interface End {
  seconds?: number | undefined
  at?: Date | undefined
}

/** A key that was used, and the start of the last minute in which it was. */
export interface Use {
  accountId: string
  id: string
  minute: Date
}

const RECORD = `
update api_keys k set last_used_at = u.minute
from json_to_recordset($1::text::json) as u (account_id text, id uuid, minute timestamptz)
where k.account_id = u.account_id and k.id = u.id and (k.last_used_at is null or k.last_used_at < u.minute)`

// Without the hash: nobody who reads a key has a use for it.
const { hash: _hash, ...columns } = getTableColumns(apiKeys)
const shown = {
  ...columns,
  status: sql<'active' | 'expired' | 'revoked'>`case when revoked_at is not null then 'revoked'
    when expires_at <= now() then 'expired' else 'active' end`,
}

/** The rows of accounts and their keys. */
export const createAccountStore = ({ db, sql: driver }: Database) => {
  const byHash = db
    .select({ accountId: apiKeys.accountId, id: apiKeys.id, scopes: apiKeys.scopes })
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, sql.placeholder('hash')), sql.raw(isLive)))
    .prepare('api_key')
  const one = db
    .select(shown)
    .from(apiKeys)
    .where(and(eq(apiKeys.accountId, sql.placeholder('accountId')), eq(apiKeys.id, sql.placeholder('id'))))
    .prepare('find_api_key')

  const applied = async (statement: string, values: (string | number | boolean | null)[]): Promise<boolean> =>
    (await driver.unsafe(statement, values, { prepare: true })).length > 0
  const endOf = ({ seconds, at }: End) => [seconds ?? null, at?.toISOString() ?? null] as const

  return {
    /** Creates the account unless it exists. */
    ensure: async (id: string, name: string): Promise<void> => {
      await db.insert(accounts).values({ id, name }).onConflictDoNothing()
    },

    /** Writes a key; answers false, and writes nothing, when its end is not in the future. */
    insert: (key: NewKey & { name: string; scopes: readonly string[] }, end: End): Promise<boolean> => {
      const { accountId, id, hash, hint, createdBy, name, scopes } = key
      return applied(INSERT, [
        accountId,
        id,
        hash,
        hint,
        createdBy,
        name,
        JSON.stringify(scopes),
        ...endOf(end),
      ])
    },

    /**
     * Writes the successor of the account's key, which ends after so many seconds. Answers false, and writes nothing,
     * when that key is not live, has a successor already, or the end asked for is not in the future.
     */
    rotate: (id: string, successor: NewKey, end: End, overlapSeconds: number): Promise<boolean> => {
      const { accountId, id: newId, hash, hint, createdBy } = successor
      return applied(ROTATE, [accountId, newId, hash, hint, createdBy, id, overlapSeconds, ...endOf(end)])
    },

    /**
     * Revokes the account's key; answers false when it was revoked before or there is none, and unless `last` also
     * when no other live key of the account has the admin scope.
     */
    revoke: (accountId: string, id: string, last: boolean): Promise<boolean> =>
      applied(REVOKE, [accountId, id, last]),

    /** The account's key, or null. */
    find: async (accountId: string, id: string) => (await one.execute({ accountId, id }))[0] ?? null,

    /** The account's keys before `cursor`, newest first. Ids are time-ordered, so the key gives the order. */
    list: (accountId: string, limit: number, cursor: string | undefined) =>
      db
        .select(shown)
        .from(apiKeys)
        .where(
          and(eq(apiKeys.accountId, accountId), cursor === undefined ? undefined : lt(apiKeys.id, cursor)),
        )
        .orderBy(desc(apiKeys.id))
        .limit(limit),

    /** Whose live key has this hash, or null. */
    findLive: async (hash: string) => (await byHash.execute({ hash }))[0] ?? null,

    /** Writes down when keys were last used, in one statement; never an earlier minute than what stands there. */
    recordUse: async (uses: readonly Use[]): Promise<void> => {
      const input = uses.map(({ accountId, id, minute }) => ({ account_id: accountId, id, minute }))
      await driver.unsafe(RECORD, [JSON.stringify(input)], { prepare: true })
    },
  }
}

export type AccountStore = ReturnType<typeof createAccountStore>
export type KeyRow = NonNullable<Awaited<ReturnType<AccountStore['find']>>>
