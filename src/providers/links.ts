import { and, asc, eq, sql } from 'drizzle-orm'
import { AppError } from '../core/errors.ts'
import type { Database } from '../db/client.ts'
import { providerAccounts } from '../db/schema/providers.ts'

/** What an account's payers and payees are called at providers, as adapters ask. */
export interface Links {
  /** The provider's own name for a payer or payee of the account, null when it has none there. */
  find(accountId: string, provider: string, name: string): Promise<string | null>
  /** The same for somebody whose deposits are to be told from others': null too when several accounts share it. */
  findPayer(accountId: string, provider: string, name: string): Promise<string | null>
}

export type Link = Omit<typeof providerAccounts.$inferSelect, 'createdAt'>

const OWNER = 'provider_accounts_one_owner'

const isOwned = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'constraint_name' in cause && cause.constraint_name === OWNER
}

/** The links as they stand in the database. */
export const createLinks = ({ db }: Database) => {
  const { accountId, provider, name, reference, shared } = providerAccounts
  const columns = { accountId, provider, name, reference, shared }
  const byName = db
    .select({ reference, shared })
    .from(providerAccounts)
    .where(
      and(
        eq(accountId, sql.placeholder('accountId')),
        eq(provider, sql.placeholder('provider')),
        eq(name, sql.placeholder('name')),
      ),
    )
    .prepare('provider_account')
  const look = async (...[account, at, who]: Parameters<Links['find']>) =>
    (await byName.execute({ accountId: account, provider: at, name: who }))[0]

  return {
    find: async (...who) => (await look(...who))?.reference ?? null,
    findPayer: async (...who) => {
      const found = await look(...who)
      return found && !found.shared ? found.reference : null
    },

    /**
     * Says what the account's payer or payee is called at the provider, in place of what was said before. Throws
     * INVALID_STATE for a reference that another name has without sharing it.
     */
    link: async (link: Link): Promise<void> => {
      const { reference: to, shared: with_ } = link
      try {
        await db
          .insert(providerAccounts)
          .values(link)
          .onConflictDoUpdate({
            target: [accountId, provider, name],
            set: { reference: to, shared: with_ },
          })
      } catch (error) {
        if (!isOwned(error)) throw error
        throw new AppError('INVALID_STATE', `${to} at ${link.provider} is linked by another name already`)
      }
    },

    /** Forgets a name; answers whether there was one. */
    unlink: async (account: string, at: string, who: string): Promise<boolean> => {
      const gone = await db
        .delete(providerAccounts)
        .where(and(eq(accountId, account), eq(provider, at), eq(name, who)))
        .returning({ name })
      return gone.length > 0
    },

    /** The account's links by provider and name. */
    list: (account: string): Promise<Link[]> =>
      db
        .select(columns)
        .from(providerAccounts)
        .where(eq(accountId, account))
        .orderBy(asc(provider), asc(name)),
  } satisfies Links & Record<string, unknown>
}
