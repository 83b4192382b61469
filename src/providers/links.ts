import { and, asc, eq, getTableColumns, sql } from 'drizzle-orm'
import { AppError } from '../core/errors.ts'
import type { Database } from '../db/client.ts'
import { providerAccounts } from '../db/schema/providers.ts'
import type { Operation } from './port.ts'

/** What an account's payers and payees are called at providers, as adapters ask. */
export interface Links {
  /**
   * The provider's own name for whoever is on the operation's other side, the payer of an on-ramp or refund and the payee
   * of an off-ramp, or for another `party` to it. Null when they have none there, and for the payer of an on-ramp when several accounts share it: money is
   * taken only from whom the account has for itself.
   */
  find(operation: Operation, provider: string, party?: string): Promise<string | null>
}

/** What our side of an operation calls whoever is on the other. */
export const partyOf = ({ leg, sourceAccount, destinationAccount }: Operation): string =>
  leg === 'offramp' ? destinationAccount : sourceAccount

export type Link = Omit<typeof providerAccounts.$inferSelect, 'createdAt'>

const OWNER = 'provider_accounts_one_owner'

const isOwned = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'constraint_name' in cause && cause.constraint_name === OWNER
}

/** The links as they stand in the database. */
export const createLinks = ({ db }: Database) => {
  const { createdAt: _createdAt, ...columns } = getTableColumns(providerAccounts)
  const byName = db
    .select({ reference: providerAccounts.reference, shared: providerAccounts.shared })
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
    find: async (operation, at, name = partyOf(operation)) => {
      const [found] = await byName.execute({ accountId: operation.accountId, provider: at, name })
      return found && !(operation.leg === 'onramp' && found.shared) ? found.reference : null
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
            target: [providerAccounts.accountId, providerAccounts.provider, providerAccounts.name],
            set: { reference: to, shared: with_ },
          })
      } catch (error) {
        if (!isOwned(error)) throw error
        throw new AppError('INVALID_STATE', `${to} at ${link.provider} is linked by another name already`)
      }
    },

    /** Forgets a name; answers whether there was one. */
    unlink: async (accountId: string, provider: string, name: string): Promise<boolean> => {
      const gone = await db
        .delete(providerAccounts)
        .where(
          and(
            eq(providerAccounts.accountId, accountId),
            eq(providerAccounts.provider, provider),
            eq(providerAccounts.name, name),
          ),
        )
        .returning({ name: providerAccounts.name })
      return gone.length > 0
    },

    /** The account's links by provider and name. */
    list: (accountId: string): Promise<Link[]> =>
      db
        .select(columns)
        .from(providerAccounts)
        .where(eq(providerAccounts.accountId, accountId))
        .orderBy(asc(providerAccounts.provider), asc(providerAccounts.name)),
  } satisfies Links & Record<string, unknown>
}
