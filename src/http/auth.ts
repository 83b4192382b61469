import { Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import { isLoopback } from '../core/loopback.ts'
import { type Authenticate, operatorOf, type Principal, type Scope } from '../core/principal.ts'
import { type Route, routeLookup } from './routing.ts'

interface Admission {
  principal: Principal
  /** Throws once the caller would not be let in any more. */
  again(): Principal | Promise<Principal>
}

const admissions = new WeakMap<Request, Admission>()

/** Whom a request was authenticated as, once it was. */
export const principalOf = (request: Request): Principal | undefined => admissions.get(request)?.principal

/** What the route option says, in the one place that the documentation reads as well. */
const declaration = (scope: Scope) => ({ security: [{ apiKey: [scope] }] })

const declared = ({ hooks }: Route): Scope | undefined =>
  (hooks.detail as Partial<ReturnType<typeof declaration>> | undefined)?.security?.[0]?.apiKey[0]

/** Adds the route option `auth: scope`, which gives the handler a `principal` and documents the security. */
export const authPlugin = () =>
  new Elysia({ name: 'http.auth' }).macro({
    auth: (scope: Scope) => ({
      detail: declaration(scope),
      resolve: ({ request }: { request: Request }) => ({ principal: authenticated(request) }),
    }),
  })

/**
 * Lets a request to a route that declares a scope in, or throws UNAUTHORIZED or FORBIDDEN: before its body is read and
 * before anything of it is validated, so that strangers learn nothing about it. Routes with a body are parsed first
 * and those without are not parsed at all, hence two hooks; whoever has been let in is not looked up again.
 */
export const admission = (authenticate: Authenticate) => (app: Elysia) => {
  const scopeOf = routeLookup(app, declared)
  const admit = async ({ request, route }: { request: Request; route: string }): Promise<void> => {
    const scope = scopeOf(request.method, route)
    if (scope === undefined || admissions.has(request)) return
    const principal = await authenticate(request)
    admissions.set(request, { principal, again: () => authenticate(request) })
    if (!principal.scopes.has(scope))
      throw new AppError('FORBIDDEN', `this needs an API key with the ${scope} scope`)
  }
  return app.onParse(admit).onTransform(admit)
}

/**
 * Whether the caller of a request that takes long, such as a stream, would be let in now. Yes while nobody can tell:
 * an outage of the database ends no stream.
 */
export const isStillAdmitted = async (request: Request): Promise<boolean> => {
  try {
    await admissions.get(request)?.again()
    return true
  } catch (error) {
    return !(error instanceof AppError)
  }
}

const authenticated = (request: Request): Principal => {
  const principal = principalOf(request)
  if (!principal) throw new Error('a route reached its handler without authentication')
  return principal
}

/**
 * Lets everyone on this machine in as one account with every scope: the embedded development mode. A web page of
 * another site is not on this machine though its requests come from it, so those throw FORBIDDEN.
 */
export const openAccess = (accountId: string): Authenticate => {
  const principal = operatorOf(accountId)
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
