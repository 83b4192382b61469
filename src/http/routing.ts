import type { AnyElysia } from 'elysia'

/** What this kit reads of a registered route. */
export interface Route {
  method: string
  path: string
  handler: unknown
  hooks: Readonly<Record<string, unknown>>
}

/**
 * Every route of the application that a plugin was mounted on. Elysia rebinds this method when a plugin is used and
 * its own plugins rely on it, but its types keep it protected.
 */
export const routesOf = (plugin: AnyElysia): readonly Route[] =>
  (plugin as unknown as { getGlobalRoutes(): readonly Route[] }).getGlobalRoutes()

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A route's path in the one spelling that we show: without the slash that a prefixed `/` route ends with. */
export const shownPath = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path

/** Matches the paths that a route answers to. */
export const pathPattern = (path: string): RegExp => {
  const parts = shownPath(path)
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : escaped(part)))
  return new RegExp(`^${parts.join('/')}/?$`)
}

/** The methods that a path answers to, for `Allow`; empty for an unknown path. */
export const allowedMethods = (routes: readonly Route[], path: string): string[] => {
  const found = new Set(
    routes.filter((route) => pathPattern(route.path).test(path)).map(({ method }) => method),
  )
  if (found.size === 0) return []
  if (found.has('GET')) found.add('HEAD')
  return [...found, 'OPTIONS']
}

/** Reads something from the declaration of the route that a request met, once per route. */
export const routeLookup = <T>(app: AnyElysia, read: (route: Route) => T) => {
  let known = new Map<string, T>()
  let seen = 0
  return (method: string, path: string): T | undefined => {
    const routes: readonly Route[] = app.routes
    if (seen !== routes.length) {
      known = new Map(routes.map((route) => [`${route.method} ${route.path}`, read(route)]))
      seen = routes.length
    }
    return known.get(`${method === 'HEAD' ? 'GET' : method} ${path}`)
  }
}
