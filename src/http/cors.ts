import { Elysia } from 'elysia'

/** What a page may read of an answer besides its body. */
const EXPOSED = 'x-request-id, ratelimit, ratelimit-policy, retry-after, idempotent-replayed'
const METHODS = 'GET, POST, PATCH, DELETE'
const HEADERS = 'authorization, content-type, idempotency-key, last-event-id, x-request-id'
const PREFLIGHT_SECONDS = '600'

const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text

/** The origins of a setting such as `https://shop.example, https://admin.example`, or null when one of them is none. */
export const parseOrigins = (text: string): string[] | null => {
  const origins = text.split(',').map((each) => each.trim())
  return origins.every(isOrigin) ? origins : null
}

/**
 * Lets pages of exactly these origins call the API from a browser. Never with cookies: a key is sent by the page's own
 * code, so no page of another origin can act for a user.
 */
export const corsPlugin = (origins: readonly string[]) => {
  const allowed = new Set(origins)
  return new Elysia({ name: 'http.cors' }).onRequest(({ request, set }) => {
    if (allowed.size === 0) return
    // Also where the origin is not allowed: a cache must not hand that answer to those who are.
    set.headers.vary = 'Origin'
    const origin = request.headers.get('origin')
    if (origin === null || !allowed.has(origin)) return
    set.headers['access-control-allow-origin'] = origin
    set.headers['access-control-expose-headers'] = EXPOSED
    if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return
    set.headers['access-control-allow-methods'] = METHODS
    set.headers['access-control-allow-headers'] = HEADERS
    set.headers['access-control-max-age'] = PREFLIGHT_SECONDS
    set.status = 204
    return new Response(null, { status: 204 })
  })
}
