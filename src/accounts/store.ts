import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { accounts, apiKeys } from '../db/schema/accounts.ts'

/** The rows of accounts and their keys. */
export const createAccountStore = ({ db }: Database) => {
  const byHash = db
    .select({ accountId: apiKeys.accountId, scopes: apiKeys.scopes })
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, sql.placeholder('hash')), isNull(apiKeys.revokedAt)))
    .prepare('api_key')

  return {
    /** Creates the account unless it exists. */
    ensure: async (id: string, name: string): Promise<void> => {
      await db.insert(accounts).values({ id, name }).onConflictDoNothing()
    },

    addKey: async (key: {
      accountId: string
      id: string
      hash: string
      hint: string
      scopes: string[]
    }): Promise<void> => {
      await db.insert(apiKeys).values(key)
    },

    /** Whose unrevoked key has this hash, or null. */
    findKey: async (hash: string) => (await byHash.execute({ hash }))[0] ?? null,
  }
}

export type AccountStore = ReturnType<typeof createAccountStore>
