import { Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import { routeLookup } from './routing.ts'

const MAX_NAME = 100
/** The longest URL that any route needs is a small part of it; Bun itself refuses a request line and headers beyond 16 KiB. */
const MAX_URL_LENGTH = 8192

const isDecodable = (url: string): boolean => {
  try {
    return !decodeURIComponent(url).includes('\0')
  } catch {
    return false
  }
}

/** Headers of every answer of the API; pages override what they need. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
}

// Only for those who reach us by TLS alone: a browser that has read it once refuses plain HTTP for as long.
const transportSecurity = (seconds: number): Record<string, string> =>
  seconds > 0 ? { 'strict-transport-security': `max-age=${seconds}; includeSubDomains` } : {}

/** Puts the security headers on every answer. `hstsSeconds` is how long browsers insist on TLS, 0 for not at all. */
export const securityHeaders = (hstsSeconds: number) =>
  new Elysia({ name: 'http.guards' }).headers({ ...SECURITY_HEADERS, ...transportSecurity(hstsSeconds) })

/** Refuses a URL that is too long, before anything looks at it. */
export const boundedUrl = () =>
  new Elysia({ name: 'http.bounded-url' }).onRequest(({ request }) => {
    if (request.url.length > MAX_URL_LENGTH)
      throw new AppError('VALIDATION_ERROR', `a URL may have at most ${MAX_URL_LENGTH} characters`)
  })

/** Refuses a URL that does not decode, or decodes to a null character, on every route, body or not. */
export const decodableUrl = (app: Elysia) => {
  const check = ({ request }: { request: Request }): void => {
    if (request.url.includes('%') && !isDecodable(request.url))
      throw new AppError('VALIDATION_ERROR', 'the URL is not valid percent-encoded UTF-8 text')
  }
  return app.onParse(check).onTransform(check)
}

/**
 * Refuses parameters that are given twice, and any on routes that declare none; a schema refuses the others. A global guard with an empty
 * schema would do the same, but it replaces the declared ones in the list of routes that the documentation reads.
 */
export const unreadQuery = (app: Elysia) => {
  const declaresQuery = routeLookup(app, ({ hooks }) => hooks.query !== undefined)
  const refuse = (name: string, message: string): never => {
    const path = `/${name.slice(0, MAX_NAME)}`
    throw new AppError('VALIDATION_ERROR', `${path} ${message}`, [{ path, message }])
  }
  return app.onBeforeHandle(({ request, route }) => {
    if (!request.url.includes('?')) return
    const names = [...new URL(request.url).searchParams.keys()]
    // Elysia keeps only the last of several values, so the caller would not get what they asked for.
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) refuse(twice, 'must be given once')
    if (names[0] !== undefined && !declaresQuery(request.method, route))
      refuse(names[0], 'is not a known query parameter')
  })
}

const isGenerator = (handler: unknown): boolean =>
  typeof handler === 'function' && handler.constructor.name === 'AsyncGeneratorFunction'

/** Answers HEAD for event streams, which Elysia would otherwise read to their end to tell their length. */
export const streamHeads = (app: Elysia) => {
  const isStream = routeLookup(app, ({ handler }) => isGenerator(handler))
  return app.onBeforeHandle(({ request, route }) => {
    if (request.method !== 'HEAD' || !isStream(request.method, route)) return
    return new Response(null, { headers: { 'content-type': 'text/event-stream' } })
  })
}
