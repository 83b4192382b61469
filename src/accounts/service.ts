import { AppError } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import type { Authenticate, Scope } from '../core/principal.ts'
import { bearerKey, generateKey, hashKey, hintOf } from './keys.ts'
import type { AccountStore } from './store.ts'

/** The account that AUTH_MODE=open lets everyone act as. */
export const DEMO_ACCOUNT = 'demo'

/** Accounts and their API keys. */
export const createAccountService = ({ store, ids }: { store: AccountStore; ids: Ids }) => ({
  /** Creates the demo account of the open development mode. */
  ensureDemo: () => store.ensure(DEMO_ACCOUNT, 'Demo account'),

  /** Creates a key for the account, which is created when new. Answers the key itself, which is not kept. */
  createKey: async (accountId: string, scopes: readonly Scope[], mode: 'live' | 'test'): Promise<string> => {
    await store.ensure(accountId, accountId)
    const key = generateKey(mode)
    await store.addKey({
      accountId,
      id: ids.uuid(),
      hash: hashKey(key),
      hint: hintOf(key),
      scopes: [...scopes],
    })
    return key
  },

  /** Finds the caller by API key. A missing, malformed, unknown and revoked key all throw the same UNAUTHORIZED. */
  authenticate: (async (request: Request) => {
    // A malformed key is looked up as well, so that the answer takes equally long.
    const found = await store.findKey(hashKey(bearerKey(request.headers.get('authorization')) ?? ''))
    if (!found)
      throw new AppError('UNAUTHORIZED', 'A valid API key is needed: Authorization: Bearer rl_live_…')
    return { accountId: found.accountId, scopes: new Set(found.scopes as Scope[]) }
  }) satisfies Authenticate,
})
