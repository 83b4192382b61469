import { Elysia } from 'elysia'
import type { PageFile } from './bundle.ts'

// Everything comes from here, and nothing of it is written into the page: a text that got there as code would not run.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The name of such a file changes with its content. */
const FOR_EVER = 'public, max-age=31536000, immutable'

const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
}

const acceptsGzip = (request: Request): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(request.headers.get('accept-encoding') ?? '')

const answer = ({ path, type, plain, gzip }: PageFile, request: Request): Response => {
  const zipped = acceptsGzip(request)
  return new Response(zipped ? gzip : plain, {
    headers: {
      'content-type': type,
      vary: 'accept-encoding',
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
      ...(path === '/' ? PAGE_HEADERS : { 'cache-control': FOR_EVER }),
    },
  })
}

/** The dashboard at `/`, with its script and its style. It holds no data: what it shows it asks the API for. */
export const dashboardRoutes = (files: readonly PageFile[]) => {
  const plugin = new Elysia({ name: 'dashboard' })
  for (const file of files)
    plugin.get(file.path, ({ request }) => answer(file, request), { detail: { hide: true } })
  return plugin
}
