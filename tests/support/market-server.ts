import { SOURCE_NAMES, type SourceName } from '../../src/market/source.ts'
import { DEFAULT_URLS } from '../../src/market/sources/index.ts'
import { PLAYED } from './market-answers.ts'
import { type Fault, faulty, JSON_TYPE, STALE_MS, spoilt } from './market-faults.ts'
import { calmMarket, type MarketState } from './market-state.ts'

/** One request as it arrived. */
export interface MarketRequest {
  source: SourceName
  method: string
  /** Path and query below the source's own URL. */
  path: string
  headers: Record<string, string>
  body: string
  /** Epoch milliseconds by the server's clock. */
  at: number
  /** Ends when the client leaves before it has the whole answer. */
  left: Promise<void>
}

/**
 * A server on this machine that plays all market sources as they are documented. `urls` are the default ones with
 * this server in place of the host, so that their paths and queries are used.
 */
export const startMarketServer = (options: { now?: () => number } = {}) => {
  const now = options.now ?? Date.now
  let market = calmMarket()
  const requests: MarketRequest[] = []
  const faults = new Map<SourceName, Fault>()
  const overrides = new Map<SourceName, (good: string) => string>()
  const ages = new Map<SourceName, number>()
  const gates = new Map<SourceName, Promise<void>>()
  const releases = new Set<() => void>()
  const arrivals = new Set<() => void>()

  const answer = (source: SourceName, url: URL, request: MarketRequest): Response | Promise<Response> => {
    const { headers, body, at } = request
    const redirected = url.searchParams.has('redirected')
    const fault = redirected ? undefined : faults.get(source)
    const age = fault === 'stale' ? STALE_MS : (ages.get(source) ?? 0)
    const played = PLAYED[source]
    const own = new URL(request.path, url)
    const asked = { state: spoilt(market, source, fault), url: own, headers, body, at: at - age }
    const answered =
      played.method === request.method && played.path.test(own.pathname) ? played.answer(asked) : undefined
    if (answered === undefined)
      return new Response('{"message":"not found"}', { status: 404, headers: JSON_TYPE })
    const text = (overrides.get(source) ?? String)(JSON.stringify(answered))
    return fault === undefined ? new Response(text, { headers: JSON_TYPE }) : faulty(fault, text, url)
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (incoming) => {
      const url = new URL(incoming.url)
      const source = SOURCE_NAMES.find((name) => url.pathname.startsWith(`/${name}/`))
      if (source === undefined) return new Response('no such source', { status: 404 })
      const left = Promise.withResolvers<void>()
      incoming.signal.addEventListener('abort', () => left.resolve())
      const request: MarketRequest = {
        source,
        method: incoming.method,
        path: url.pathname.slice(source.length + 1) + url.search,
        headers: Object.fromEntries(incoming.headers),
        body: await incoming.text(),
        at: now(),
        left: left.promise,
      }
      requests.push(request)
      for (const check of arrivals) check()
      await gates.get(source)
      return answer(source, url, request)
    },
  })

  const of = (source: SourceName) => requests.filter((request) => request.source === source)
  const hold = (source: SourceName): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const release = () => {
      if (gates.get(source) === promise) gates.delete(source)
      resolve()
    }
    gates.set(source, promise)
    releases.add(release)
    return release
  }

  return {
    origin: server.url.origin,
    urls: Object.fromEntries(
      SOURCE_NAMES.map((name) => {
        const { pathname, search } = new URL(DEFAULT_URLS[name])
        return [name, `${server.url.origin}/${name}${pathname}${search}`]
      }),
    ) as Record<SourceName, string>,
    /** What it answers, to be changed at will. */
    get market(): MarketState {
      return market
    },
    requests,
    /** The requests that one source got. */
    of,
    /** Ends when the source has got so many requests in all. */
    arrived: (source: SourceName, count: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const check = () => {
        if (of(source).length < count) return
        arrivals.delete(check)
        resolve()
      }
      arrivals.add(check)
      check()
      return promise
    },
    /** By how many milliseconds a source's data is behind. */
    setAge: (source: SourceName, ms: number): void => {
      ages.set(source, ms)
    },
    /** Changes a good answer's text on its way out; null lets it through again. */
    override: (source: SourceName, change: ((good: string) => string) | null): void => {
      if (change === null) overrides.delete(source)
      else overrides.set(source, change)
    },
    fault: (source: SourceName, kind: Fault | null): void => {
      if (kind === null) faults.delete(source)
      else faults.set(source, kind)
    },
    /** Lets requests arrive but answers none of them until the returned function is called. */
    hold,
    /** A calm market without faults again; holds are released and the log is empty. */
    reset: (): void => {
      market = calmMarket()
      for (const map of [faults, overrides, ages]) map.clear()
      for (const release of releases) release()
      releases.clear()
      requests.length = 0
    },
    stop: async (): Promise<void> => {
      for (const release of releases) release()
      await server.stop(true)
    },
  }
}

export type MarketServer = ReturnType<typeof startMarketServer>
