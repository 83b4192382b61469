import { AppError } from '../core/errors.ts'
import type { Authenticate, Scope } from '../core/principal.ts'
import { keyIds } from './ids.ts'
import { bearerKey, hashKey } from './keys.ts'
import type { LastUsed } from './last-used.ts'
import type { AccountStore } from './store.ts'

/**
 * Finds the caller by API key. Whatever is wrong with a key, the same query runs, on a hash, and the same error is
 * thrown: neither the answer nor its time tells what was wrong. Nothing is cached, so that a revoked key opens nothing
 * from the next request on.
 */
export const createAuthenticate =
  (store: Pick<AccountStore, 'findLive'>, lastUsed: Pick<LastUsed, 'note'>): Authenticate =>
  async (request) => {
    // A malformed key is looked up as well, so that the answer takes equally long.
    const live = await store.findLive(hashKey(bearerKey(request.headers.get('authorization')) ?? ''))
    if (!live)
      throw new AppError('UNAUTHORIZED', 'A valid API key is needed: Authorization: Bearer rl_live_…')
    lastUsed.note(live)
    const { accountId, id, scopes } = live
    return { accountId, keyId: keyIds.show(id), scopes: new Set(scopes as Scope[]) }
  }
