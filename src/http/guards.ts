import { Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import { routeLookup } from './routing.ts'

const MAX_NAME = 100

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
}

/** Puts the security headers on every answer. */
export const securityHeaders = () => new Elysia({ name: 'http.guards' }).headers(SECURITY_HEADERS)

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
