import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { type FetchOptions, fetchSource } from '../../src/market/fetch.ts'
import {
  SOURCE_NAMES,
  type Source,
  SourceError,
  type SourceFailure,
  type SourceName,
} from '../../src/market/source.ts'
import { createSources } from '../../src/market/sources/index.ts'
import { type Fault, RETRY_AFTER } from '../support/market-faults.ts'
import { startMarketServer } from '../support/market-server.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const SOON_MS = 30
const LATE_MS = 20_000

const market = startMarketServer({ now: () => NOW })
const servers: Bun.Server<undefined>[] = []
const serve = (answer: (request: Request) => Response | Promise<Response>): string => {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: answer })
  servers.push(server)
  return `${server.url.origin}/coingecko`
}
afterEach(async () => {
  market.reset()
  await Promise.all(servers.splice(0).map((server) => server.stop(true)))
})
afterAll(() => market.stop())

const KEY = 'sk-very-secret'
const keys = { exchangerateApi: KEY, beaconchain: KEY, blockscout: KEY, coingecko: KEY }

const source = (name: SourceName, url = market.urls[name]): Source => {
  const found = createSources({ urls: { ...market.urls, [name]: url }, keys }).find(
    (each) => each.name === name,
  )
  if (!found) throw new Error(`no source ${name}`)
  return found
}

const failure = async (from: Source, options: Partial<FetchOptions> = {}): Promise<SourceError> => {
  try {
    await fetchSource(from, { deadlineMs: LATE_MS, nowMs: NOW, ...options })
  } catch (error) {
    if (error instanceof SourceError) return error
    throw error
  }
  throw new Error(`${from.name} gave a value`)
}

interface Expected {
  fault: Fault
  reason: SourceFailure
  /** What follows the source's name, and all that does. */
  says: string
  retryAfterMs?: number
  deadlineMs?: number
}

const EXPECTED: Expected[] = [
  { fault: 'rate_limited', reason: 'rate_limited', says: 'was asked too often' },
  {
    fault: 'rate_limited_with_retry_after',
    reason: 'rate_limited',
    says: 'was asked too often',
    retryAfterMs: RETRY_AFTER * 1000,
  },
  { fault: 'server_error', reason: 'http_error', says: 'answered HTTP 500' },
  { fault: 'forbidden_html', reason: 'http_error', says: 'answered HTTP 403' },
  { fault: 'redirect', reason: 'http_error', says: 'answered HTTP 302; redirects are not followed' },
  { fault: 'html', reason: 'not_json', says: 'answered with a web page' },
  { fault: 'truncated', reason: 'not_json', says: 'answered with something that is not JSON' },
  { fault: 'oversized', reason: 'too_large', says: 'answered with more than 262144 bytes' },
  { fault: 'drop', reason: 'unreachable', says: 'could not be reached: ECONNRESET' },
  { fault: 'hang', reason: 'timeout', says: 'did not answer within 30 ms', deadlineMs: SOON_MS },
  { fault: 'stall', reason: 'timeout', says: 'did not answer within 30 ms', deadlineMs: SOON_MS },
]

describe.each([...SOURCE_NAMES])('%s', (name) => {
  test.each(EXPECTED)(
    '$fault is told as $reason, without URL, key or body',
    async ({ fault, reason, says, retryAfterMs, deadlineMs = LATE_MS }) => {
      market.fault(name, fault)
      const error = await failure(source(name), { deadlineMs })
      expect({ ...error, message: error.message }).toMatchObject({
        reason,
        // This one blocks whoever asked too often for longer than we would rest by ourselves.
        retryAfterMs: name === 'exchangerate_api' && fault === 'rate_limited' ? 1_200_000 : retryAfterMs,
        message: `${name} ${says}`,
      })
      expect(market.requests).toHaveLength(1)
    },
  )

  test('a source that hangs, in its headers or in its body, is left at the deadline', async () => {
    for (const fault of ['hang', 'stall'] as const) {
      market.fault(name, fault)
      await failure(source(name), { deadlineMs: SOON_MS })
    }
    await Promise.all(market.of(name).map((request) => request.left))
  })
})

describe('what comes back', () => {
  test.each([
    [200, 'too_large'],
    [500, 'http_error'],
  ] as const)('with status %i is not read without end: the connection is closed', async (status, reason) => {
    const left = Promise.withResolvers<void>()
    const url = serve((request) => {
      request.signal.addEventListener('abort', () => left.resolve())
      const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(65_536))
      return new Response(new ReadableStream({ pull }), { status })
    })
    // Kept here, because Bun closes what it collects as garbage: some time or never.
    let kept: Response | undefined
    const keeping: FetchOptions['fetch'] = async (...asked) => (kept = await fetch(...asked))
    expect(await failure(source('coingecko', url), { fetch: keeping })).toMatchObject({ reason })
    await left.promise
    expect(kept?.status).toBe(status)
  })

  test('is not unpacked, so that a small answer stays small', async () => {
    let asked: string | null = ''
    const url = serve((request) => {
      asked = request.headers.get('accept-encoding')
      const packed = Bun.gzipSync(new TextEncoder().encode(`{}${' '.repeat(2 ** 24)}`))
      return new Response(packed, {
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      })
    })
    expect(await failure(source('coingecko', url))).toMatchObject({ reason: 'not_json' })
    expect(asked).toBe('identity')
  })

  test.each([204, 206, 404, 503])('with status %i is no value, whatever its body', async (status) => {
    const good = '{"result":[{"slot":1,"prioritizationFee":3000}]}'
    const url = serve(() => new Response(status === 204 ? null : good, { status }))
    const error = await failure(source('solana_rpc', url))
    expect(error).toMatchObject({ reason: 'http_error', message: `solana_rpc answered HTTP ${status}` })
  })

  test('is not JSON when it is HTML that pretends to be', async () => {
    const url = serve(() => new Response('<html>', { headers: { 'content-type': 'application/json' } }))
    expect(await failure(source('coingecko', url))).toMatchObject({ reason: 'not_json' })
  })

  test('is not JSON when it is nested too deep to read', async () => {
    const url = serve(() => new Response('['.repeat(100_000) + ']'.repeat(100_000)))
    expect(await failure(source('coingecko', url))).toMatchObject({ reason: 'not_json' })
  })
})

describe('when a source may be asked again', () => {
  const limited = (headers: Record<string, string>, name: SourceName = 'coingecko', status = 429) =>
    failure(
      source(
        name,
        serve(() => new Response('{}', { status, headers })),
      ),
    )

  test.each([
    [{ 'retry-after': '30' }, 30_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': new Date(NOW + 90_000).toUTCString() }, 90_000],
    [{ 'retry-after': new Date(NOW - 90_000).toUTCString() }, 0],
    [{ 'retry-after': '9999999999' }, 86_400_000],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'Xxx, 99 Yyy 2026 99:99:99 GMT' }, undefined],
  ])('%p means %p ms', async (headers, retryAfterMs) => {
    expect(await limited(headers)).toMatchObject({ reason: 'rate_limited', retryAfterMs })
  })

  test('a server that is down may say it too', async () => {
    const error = await limited({ 'retry-after': '30' }, 'coingecko', 503)
    expect(error).toMatchObject({ reason: 'http_error', retryAfterMs: 30_000 })
  })

  test('the limit of Blockscout resets in milliseconds, and -1 says nothing', async () => {
    const reset = (ms: string, name: SourceName) => limited({ 'x-ratelimit-reset': ms }, name)
    expect((await reset('700', 'blockscout_base')).retryAfterMs).toBe(700)
    expect((await reset('-1', 'blockscout_base')).retryAfterMs).toBeUndefined()
    expect((await reset('700', 'coingecko')).retryAfterMs).toBeUndefined()
  })
})

describe('what cannot be reached', () => {
  test('is told by the code alone', async () => {
    const url = serve(() => new Response('{}'))
    await servers.pop()?.stop(true)
    const error = await failure(source('coingecko', url))
    expect(error).toMatchObject({
      reason: 'unreachable',
      message: 'coingecko could not be reached: ECONNREFUSED',
    })
  })

  test('is told without what the runtime says of it, which may hold the URL', async () => {
    const error = await failure(source('coingecko'), {
      fetch: (url) => Promise.reject(Object.assign(new Error(`no ${url}`), { code: `at ${url}` })),
    })
    expect(error.message).toBe('coingecko could not be reached')
  })

  test('is left when the caller gives up', async () => {
    market.fault('coingecko', 'hang')
    const controller = new AbortController()
    const failed = failure(source('coingecko'), { signal: controller.signal })
    await market.arrived('coingecko', 1)
    controller.abort(new Error('shutting down'))
    expect(await failed).toMatchObject({ reason: 'unreachable', message: 'coingecko was not waited for' })
    await market.of('coingecko')[0]?.left
  })
})

test('a reader that fails in an unforeseen way is told as a source of unexpected shape', async () => {
  const read = () => {
    throw new TypeError('undefined is not a function')
  }
  const error = await failure({ ...source('coingecko'), read })
  expect(error.reason).toBe('unexpected_shape')
  expect(error.message).not.toContain('undefined')
})

test('a value is read as of the moment that it was asked for', async () => {
  const read = (body: string, nowMs: number) => ({ body: body.length > 0, nowMs })
  const value = await fetchSource({ ...source('coingecko'), read }, { deadlineMs: LATE_MS, nowMs: 42 })
  expect(value).toEqual({ body: true, nowMs: 42 })
})
