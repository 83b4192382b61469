import { AppError, invalid } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import { parseTime } from '../core/instant.ts'
import { type PageQuery, toPage } from '../core/page.ts'
import type { Principal, Scope } from '../core/principal.ts'
import { idParameter } from '../core/public-id.ts'
import { keyIds } from './ids.ts'
import { generateKey, hashKey, hintOf, type KeyMode } from './keys.ts'
import {
  DEFAULT_OVERLAP_SECONDS,
  type Key,
  type KeyPage,
  type KeyRequest,
  type KeyRotation,
  type KeyWithSecret,
} from './model.ts'
import type { NewKey } from './sql.ts'
import type { AccountStore, End, KeyRow } from './store.ts'
import { keyView } from './view.ts'

/** The account that AUTH_MODE=open lets everyone act as. */
export const DEMO_ACCOUNT = 'demo'

const DEFAULT_LIMIT = 20

export interface AccountDeps {
  store: AccountStore
  ids: Ids
  mode: KeyMode
}

const endOf = ({ expires_at, expires_in }: Pick<KeyRequest, 'expires_at' | 'expires_in'>): End => {
  if (expires_at !== undefined && expires_in !== undefined)
    throw invalid('/expires_in', 'must not be given together with expires_at')
  return {
    seconds: expires_in,
    at: expires_at === undefined ? undefined : parseTime('/expires_at', expires_at),
  }
}

const notFuture = (): AppError => invalid('/expires_at', 'must be in the future')

/** Throws FORBIDDEN unless the caller has all of these scopes: nobody hands out what they do not have. */
const checkGrant = ({ scopes }: Principal, granted: readonly Scope[]): void => {
  const missing = granted.find((scope) => !scopes.has(scope))
  if (missing) throw new AppError('FORBIDDEN', `this needs an API key that has the ${missing} scope itself`)
}

/** Accounts and their API keys. */
export const createAccountService = ({ store, ids, mode }: AccountDeps) => {
  const found = async (accountId: string, keyId: string): Promise<KeyRow> => {
    const id = keyIds.parse(keyId)
    const row = id ? await store.find(accountId, id) : null
    if (!row) throw keyIds.notFound(keyId)
    return row
  }

  const newKey = ({ accountId, keyId }: Principal): NewKey & { key: string } => {
    const key = generateKey(mode)
    const createdBy = keyId === undefined ? null : keyIds.parse(keyId)
    return { accountId, id: ids.uuid(), hash: hashKey(key), hint: hintOf(key), createdBy, key }
  }

  const withSecret = async ({ accountId, id, key }: NewKey & { key: string }): Promise<KeyWithSecret> => ({
    ...keyView(await found(accountId, keyIds.show(id))),
    key,
  })

  return {
    /** Creates the account unless it exists. */
    ensure: (accountId: string): Promise<void> => store.ensure(accountId, accountId),

    /** Creates the demo account of the open development mode. */
    ensureDemo: () => store.ensure(DEMO_ACCOUNT, 'Demo account'),

    /**
     * Creates a key for the caller's account and answers it, this once. Throws FORBIDDEN for a scope that the caller
     * lacks, VALIDATION_ERROR for an end that is not in the future.
     */
    createKey: async (caller: Principal, request: KeyRequest): Promise<KeyWithSecret> => {
      const { name, scopes } = request
      checkGrant(caller, scopes)
      const made = newKey(caller)
      if (!(await store.insert({ ...made, name, scopes }, endOf(request)))) throw notFuture()
      return withSecret(made)
    },

    /** A page of the account's keys, newest first. Throws VALIDATION_ERROR for a cursor that is not ours. */
    listKeys: async (accountId: string, query: PageQuery): Promise<KeyPage> => {
      const { limit = DEFAULT_LIMIT, cursor } = query
      const rows = await store.list(accountId, limit + 1, idParameter(keyIds, 'cursor', cursor))
      return toPage(rows, limit, keyIds, keyView)
    },

    /** The account's key. Throws NOT_FOUND. */
    getKey: async (accountId: string, keyId: string): Promise<Key> => keyView(await found(accountId, keyId)),

    /**
     * Revokes the account's key from the next request on; once more does nothing. Throws NOT_FOUND, and INVALID_STATE
     * for the last live key with the admin scope, unless `last`: without one nobody could make another.
     */
    revokeKey: async (accountId: string, keyId: string, { last = false } = {}): Promise<void> => {
      const row = await found(accountId, keyId)
      if (await store.revoke(accountId, row.id, last)) return
      if ((await found(accountId, keyId)).status !== 'revoked')
        throw new AppError(
          'INVALID_STATE',
          'This is the last key with the admin scope: rotate it, or make another one first',
        )
    },

    /**
     * Makes a key with the name and the scopes of another, which ends after the overlap. Throws NOT_FOUND, FORBIDDEN
     * for a scope that the caller lacks, INVALID_STATE for a key that has ended or was rotated before, and
     * VALIDATION_ERROR for an end that is not in the future.
     */
    rotateKey: async (caller: Principal, keyId: string, request: KeyRotation): Promise<KeyWithSecret> => {
      const { accountId } = caller
      const { overlap_seconds = DEFAULT_OVERLAP_SECONDS } = request
      const row = await found(accountId, keyId)
      checkGrant(caller, keyView(row).scopes)
      const made = newKey(caller)
      if (await store.rotate(row.id, made, endOf(request), overlap_seconds)) return withSecret(made)
      const { status, replaced_by } = keyView(await found(accountId, keyId))
      if (status !== 'active') throw new AppError('INVALID_STATE', `The key is ${status}; create a new one`)
      if (replaced_by) throw new AppError('INVALID_STATE', `The key was rotated before, to ${replaced_by}`)
      throw notFuture()
    },
  }
}

export type AccountService = ReturnType<typeof createAccountService>
