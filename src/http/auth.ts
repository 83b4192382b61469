import { Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import { isLoopback } from '../core/loopback.ts'
import type { Authenticate, Principal, Scope } from '../core/principal.ts'

const principals = new WeakMap<Request, Principal>()

/** The account that a request was authenticated as, once it was. */
export const accountIdOf = (request: Request): string | undefined => principals.get(request)?.accountId

/**
 * Adds the route option `auth: scope`, which gives the handler a `principal` and documents the security. It runs
 * before validation, so that strangers learn nothing about the schemas.
 */
export const authPlugin = (authenticate: Authenticate) =>
  new Elysia({ name: 'http.auth' }).macro({
    auth: (scope: Scope) => ({
      detail: { security: [{ apiKey: [scope] }] },
      async transform({ request }: { request: Request }) {
        const principal = await authenticate(request)
        principals.set(request, principal)
        if (!principal.scopes.has(scope))
          throw new AppError('FORBIDDEN', `this needs an API key with the ${scope} scope`)
      },
      resolve: ({ request }: { request: Request }) => ({ principal: authenticated(request) }),
    }),
  })

const authenticated = (request: Request): Principal => {
  const principal = principals.get(request)
  if (!principal) throw new Error('a route reached its handler without authentication')
  return principal
}

const EVERY_SCOPE: ReadonlySet<Scope> = new Set(['read', 'write', 'admin'])

/**
 * Lets everyone on this machine in as one account with every scope: the embedded development mode. A web page of
 * another site is not on this machine though its requests come from it, so those throw FORBIDDEN.
 */
export const openAccess = (accountId: string): Authenticate => {
  const principal = { accountId, scopes: EVERY_SCOPE }
  return (request) => {
    const site = request.headers.get('sec-fetch-site')
    if (!isLoopback(new URL(request.url).hostname) || site === 'cross-site')
      throw new AppError(
        'FORBIDDEN',
        'without API keys only requests from this machine to localhost are served',
      )
    return principal
  }
}
