import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { providerAccounts } from '../db/schema/providers.ts'

/** What an account's payers and payees are called at providers. */
export interface Links {
  /** The provider's own name for a payer or payee of the account, null when it has none there. */
  find(accountId: string, provider: string, name: string): Promise<string | null>
}

/** The links as they stand in the database. */
export const createLinks = ({ db }: Database): Links => {
  const byName = db
    .select({ reference: providerAccounts.reference })
    .from(providerAccounts)
    .where(
      and(
        eq(providerAccounts.accountId, sql.placeholder('accountId')),
        eq(providerAccounts.provider, sql.placeholder('provider')),
        eq(providerAccounts.name, sql.placeholder('name')),
      ),
    )
    .prepare('provider_account')
  return {
    find: async (accountId, provider, name) =>
      (await byName.execute({ accountId, provider, name }))[0]?.reference ?? null,
  }
}
