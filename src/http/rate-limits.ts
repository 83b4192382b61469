import { type AnyElysia, Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import type { Authenticate } from '../core/principal.ts'
import { ofAccount, ofAddress, ofKey, type Subject } from '../limits/board.ts'
import type { Limiter, Verdict } from '../limits/limiter.ts'
import { type AddressRange, clientAddress } from './address.ts'
import { pathPattern, routesOf } from './routing.ts'

declare module 'elysia/types' {
  interface DocumentDecoration {
    /** Units of the rate limit that a request costs; 1 without it. */
    'x-rate-limit-weight'?: number
  }
}

/** The limits of the API; null where there is none. */
export interface RateLimits {
  account: Limiter | null
  /** Of one API key, so that one program of an account cannot use up what the others need. */
  key: Limiter | null
  address: Limiter | null
  /** Whose X-Forwarded-For is believed. */
  trusted: readonly AddressRange[]
}

/** Of the address's limit, so that nobody can try more than some hundred keys a minute. */
const FAILURE_SHARE = 100

/** Those who watch the service must always see it. */
const UNLIMITED: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

type Headers = Record<string, string | number | string[]>

type Policy = 'account' | 'key' | 'address'

interface Arrival {
  headers: Headers
  path: string
  address: string | null
  /** Whether its key and account have been charged. */
  counted: boolean
  told: Map<Policy, { limit: number; verdict: Verdict }>
}

/** Adds the route option `weight: units`, what a request costs of the rate limits; 1 without it. */
export const weightPlugin = new Elysia({ name: 'http.weight' }).macro({
  weight: (units: number) => ({ detail: { 'x-rate-limit-weight': units } }),
})

const tell = ({ headers, told }: Arrival, policy: Policy, limit: number, verdict: Verdict): void => {
  told.set(policy, { limit, verdict })
  const policies = [...told]
  headers['ratelimit-policy'] = policies.map(([name, each]) => `"${name}";q=${each.limit};w=60`).join(', ')
  headers.ratelimit = policies
    .map(
      ([
        name,
        {
          verdict: { remaining, resetSeconds },
        },
      ]) => `"${name}";r=${remaining};t=${resetSeconds}`,
    )
    .join(', ')
}

const refusal = (who: Policy, { retryAfterSeconds }: Verdict): AppError =>
  new AppError(
    'RATE_LIMITED',
    `too many requests from this ${who}, try again in ${retryAfterSeconds} s`,
    undefined,
    {
      retryAfterSeconds,
    },
  )

/** Throws RATE_LIMITED when it is too much. */
const count = async (
  arrival: Arrival,
  policy: Policy,
  limiter: Limiter,
  subject: Subject,
  weight: number,
) => {
  const verdict = await limiter.take(subject, weight)
  tell(arrival, policy, limiter.limit, verdict)
  if (!verdict.allowed) throw refusal(policy, verdict)
}

interface Weighed {
  method: string
  pattern: RegExp
  weight: number
}

const weighed = (app: AnyElysia): Weighed[] =>
  routesOf(app).flatMap(({ method, path, hooks }) => {
    const { 'x-rate-limit-weight': weight } = (hooks.detail ?? {}) as { 'x-rate-limit-weight'?: number }
    return weight === undefined ? [] : [{ method, pattern: pathPattern(path), weight }]
  })

/**
 * Limits callers by the RateLimit header fields of the IETF draft. The plugin counts every request against the address it
 * comes from, before anything of it is read; `guard` counts those with a key against the key and then the account, by the
 * route's weight.
 */
export const createRateLimits = ({ account, key, address, trusted }: RateLimits) => {
  const arrivals = new WeakMap<Request, Arrival>()
  const plugin = new Elysia({ name: 'http.rate-limits' })
  let routes: Weighed[] | undefined

  const weightOf = ({ method }: Request, path: string): number => {
    routes ??= weighed(plugin)
    return routes.find((each) => each.method === method && each.pattern.test(path))?.weight ?? 1
  }

  plugin.onRequest(async ({ request, set, server }) => {
    const { pathname } = new URL(request.url)
    if (UNLIMITED.has(pathname)) return
    const peer = server?.requestIP(request)?.address
    const from = peer ? clientAddress(peer, request.headers.get('x-forwarded-for'), trusted) : null
    const arrival: Arrival = {
      headers: set.headers as Headers,
      path: pathname,
      address: from,
      counted: false,
      told: new Map(),
    }
    arrivals.set(request, arrival)
    if (!address || from === null) return
    await count(arrival, 'address', address, ofAddress(from), 1)
  })

  // It is not told to the caller: every refused key is answered alike.
  const punish = (request: Request): void => {
    const from = arrivals.get(request)?.address
    if (address && from) address.charge(ofAddress(from), Math.ceil(address.limit / FAILURE_SHARE))
  }

  /** Throws RATE_LIMITED besides what `authenticate` throws. A key that is refused costs its address dearly. */
  const guard =
    (authenticate: Authenticate): Authenticate =>
    async (request) => {
      try {
        const principal = await authenticate(request)
        const arrival = arrivals.get(request)
        // A stream asks again whether its caller is still let in, and is one request all the same.
        if (!arrival || arrival.counted) return principal
        arrival.counted = true
        const { accountId, keyId } = principal
        const weight = weightOf(request, arrival.path)
        if (key && keyId !== undefined) await count(arrival, 'key', key, ofKey(accountId, keyId), weight)
        if (account) await count(arrival, 'account', account, ofAccount(accountId), weight)
        return principal
      } catch (error) {
        if (error instanceof AppError && error.code === 'UNAUTHORIZED') punish(request)
        throw error
      }
    }

  return { plugin, guard }
}

export type RateLimiting = ReturnType<typeof createRateLimits>
