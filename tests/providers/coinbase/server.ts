import { jwtVerify } from 'jose'
import type { Clock } from '../../../src/core/clock.ts'
import { type Received, type Reply, startWireServer } from '../wire-server.ts'

/** What a transfer is made of, by the names of the API. */
interface Shown {
  transferId: string
  status: string
  source: Record<string, string>
  target: Record<string, string>
  sourceAmount?: string
  sourceAsset: string
  targetAmount?: string
  targetAsset: string
  exchangeRate?: { sourceAsset: string; targetAsset: string; rate: string }
  fees?: { type: string; amount: string; asset: string }[]
  estimate?: object
  expiresAt?: string
  executedAt?: string
  completedAt?: string
  createdAt: string
  updatedAt: string
  failureReason?: string
  failureDetails?: { failureCode: string }
  metadata?: Record<string, string>
}

const PLACES: Readonly<Record<string, number>> = { usd: 2, eur: 2, usdc: 6, eurc: 6 }
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const POSITIVE_DECIMAL = /^\+?(?:(?:0*[1-9]\d*)(?:\.\d*)?|0*\.\d*[1-9]\d*)$/
const NETWORKS = new Set('base ethereum solana arbitrum optimism monad sui avacchain tempo'.split(' '))
const FIELDS = new Set(
  'source target amount asset amountType validateOnly execute metadata travelRule'.split(' '),
)
/** Millionths of the target for one unit of the source. */
const RATES: Readonly<Record<string, bigint>> = {
  'usd usdc': 1_000_000n,
  'usdc usd': 1_000_000n,
  'usdc eur': 874_100n,
  'usd usd': 1_000_000n,
}
const MILLION = 1_000_000n
const QUOTE_LIFE_MS = 900_000
const MOST_ON_A_PAGE = 100

const must = (holds: unknown, what: string): void => {
  if (!holds) throw new Error(what)
}

const error = (status: number, errorType: string): Reply => ({
  status,
  body: {
    errorType,
    errorMessage: 'SECRET words of the provider',
    correlationId: '41deb8d59a9dc9a7-IAD',
    errorLink: `https://docs.cdp.coinbase.com/api-reference/v2/errors#${errorType}`,
  },
})

/** Millionths of a unit; every asset here has at most six places. */
const millionths = (text: string): bigint => {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.slice(0, 6).padEnd(6, '0'))
}

const written = (units: bigint, asset: string): string => {
  const digits = units.toString().padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6, digits.length - 6 + (PLACES[asset] ?? 6))}`
}

/** Rounded up to the places of the asset. */
const upTo = (units: bigint, asset: string): bigint => {
  const step = 10n ** BigInt(6 - (PLACES[asset] ?? 6))
  return ((units + step - 1n) / step) * step
}

const sourceOf = (body: Record<string, unknown>): Record<string, string> => {
  const source = body.source as Record<string, string>
  must(source && Object.keys(source).sort().join() === 'accountId,asset', 'a source is an account')
  must(new RegExp(`^account_${UUID}$`).test(source.accountId ?? ''), 'malformed account id')
  must(PLACES[source.asset ?? ''] !== undefined, 'unknown source asset')
  return source
}

const targetOf = (body: Record<string, unknown>): Record<string, string> => {
  const target = body.target as Record<string, string>
  const kind = Object.keys(target ?? {})
    .sort()
    .join()
  must(['accountId,asset', 'asset,paymentMethodId', 'address,asset,network'].includes(kind), 'unknown target')
  if (target.accountId) must(new RegExp(`^account_${UUID}$`).test(target.accountId), 'malformed account id')
  if (target.paymentMethodId) {
    must(new RegExp(`^paymentMethod_${UUID}$`).test(target.paymentMethodId), 'malformed payment method')
    must(['usd', 'eur'].includes(target.asset ?? ''), 'a bank takes usd or eur')
  }
  if (target.network) {
    must(NETWORKS.has(target.network), 'unknown network')
    must(['usdc', 'eurc'].includes(target.asset ?? ''), 'an address takes usdc or eurc')
  }
  return target
}

const checkMetadata = (metadata: unknown): void => {
  if (metadata === undefined) return
  const entries = Object.entries(metadata as Record<string, unknown>)
  must(entries.length <= 10, 'too many entries of metadata')
  for (const [name, value] of entries)
    must(name.length <= 40 && typeof value === 'string' && value.length <= 500, 'metadata too long')
}

export interface ServerOptions {
  clock: Clock
  /** Verifies the requests' tokens. */
  publicKey: CryptoKey
  alg: string
  keyId: string
}

/** The Transfers API of Coinbase as it is documented, with a status page beside it. */
export const startCoinbaseServer = async ({ clock, publicKey, alg, keyId }: ServerOptions) => {
  const transfers = new Map<string, Shown>()
  const answered = new Map<string, { request: string; reply: Reply }>()
  /** By the operation's key. */
  const refusedQuotes = new Map<string, string>()
  const refusedExecutions = new Map<string, string>()
  const failing = new Map<string, Partial<Shown>>()
  const changes = new Map<string, (shown: Shown) => object>()
  const options = {
    /** Whether rates are only estimated, and then what targets get is not said before completion. */
    estimates: false,
    /** What is charged beside the amount, in millionths of a unit of the source. */
    fee: 3_500_000n,
    feeAsset: null as string | null,
    indicator: 'none',
    paymentMethods: [] as unknown[],
  }

  const now = () => new Date(clock.now()).toISOString()

  const authorize = async ({ method, path, headers }: Received): Promise<void> => {
    const [scheme, token = ''] = (headers.authorization ?? '').split(' ')
    must(scheme === 'Bearer', 'no bearer token')
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
      algorithms: [alg],
      currentDate: new Date(clock.now()),
      issuer: 'cdp',
      subject: keyId,
      requiredClaims: ['nbf', 'exp', 'iat', 'uris'],
    })
    must(protectedHeader.kid === keyId, 'the token names another key')
    must(/^[0-9a-f]{32}$/.test(String(protectedHeader.nonce)), 'the token has no nonce')
    must((payload.exp ?? 0) - (payload.nbf ?? 0) <= 120, 'the token lives too long')
    must(
      JSON.stringify(payload.uris) === JSON.stringify([`${method} ${headers.host}${path}`]),
      'the token is for another request',
    )
  }

  const priced = (
    body: Record<string, unknown>,
  ): Omit<Shown, 'transferId' | 'status' | 'createdAt' | 'updatedAt'> => {
    const [source, target] = [sourceOf(body), targetOf(body)]
    const [from = '', to = ''] = [source.asset, target.asset]
    const [amount, asset] = [String(body.amount), String(body.asset)]
    const exact = body.amountType ?? 'source'
    must(POSITIVE_DECIMAL.test(amount), 'the amount is no positive decimal')
    must((amount.split('.')[1] ?? '').length <= (PLACES[asset] ?? 0), 'too many decimal places')
    must(exact === 'source' || exact === 'target', 'unknown amountType')
    must(asset === (exact === 'source' ? from : to), 'the asset is of the other side')
    const rate = RATES[`${from} ${to}`]
    if (rate === undefined) throw new Error('no such conversion')
    const units = millionths(amount)
    const given = exact === 'source' ? units : upTo((units * MILLION + rate - 1n) / rate + options.fee, from)
    const received = exact === 'target' ? units : ((units - options.fee) * rate) / MILLION
    const certain = {
      targetAmount: written(received, to),
      targetAsset: to,
      exchangeRate: { sourceAsset: from, targetAsset: to, rate: written(rate, 'usdc') },
      fees: [{ type: 'bank', amount: written(options.fee, 'usdc'), asset: options.feeAsset ?? from }],
    }
    return {
      source,
      target,
      sourceAmount: written(given, from),
      sourceAsset: from,
      ...(options.estimates ? { targetAsset: to, estimate: { ...certain, estimatedAt: now() } } : certain),
    }
  }

  const create = (body: Record<string, unknown>): Reply => {
    for (const name of Object.keys(body)) must(FIELDS.has(name), `unknown field ${name}`)
    must(typeof body.execute === 'boolean', 'execute is required')
    checkMetadata(body.metadata)
    const terms = priced(body)
    const metadata = body.metadata as Record<string, string> | undefined
    const refused = refusedQuotes.get(metadata?.ratelock_operation ?? '')
    if (refused) return error(refused === 'idempotency_error' ? 422 : 400, refused)
    if (body.validateOnly === true) return { status: 200, body: terms }
    const shown: Shown = {
      transferId: `transfer_${crypto.randomUUID()}`,
      status: body.execute ? 'processing' : 'quoted',
      ...terms,
      expiresAt: new Date(clock.now() + QUOTE_LIFE_MS).toISOString(),
      createdAt: now(),
      updatedAt: now(),
      ...(metadata ? { metadata } : {}),
    }
    transfers.set(shown.transferId, shown)
    return { status: 200, body: view(shown) }
  }

  const view = (shown: Shown): object =>
    (changes.get(shown.metadata?.ratelock_operation ?? '') ?? ((same) => same))({ ...shown })

  const execute = (transferId: string): Reply => {
    const shown = transfers.get(transferId)
    if (!shown) return error(404, 'not_found')
    const refused = refusedExecutions.get(shown.metadata?.ratelock_operation ?? '')
    if (refused) return error(400, refused)
    must(shown.status === 'quoted', 'a transfer is executed once, under one key')
    if (clock.now() >= Date.parse(shown.expiresAt ?? '')) return error(400, 'transfer_quote_expired')
    Object.assign(shown, { status: 'processing', executedAt: now(), updatedAt: now() })
    delete shown.expiresAt
    return { status: 200, body: view(shown) }
  }

  const once = (request: Received, act: () => Reply): Reply => {
    const key = request.headers['x-idempotency-key'] ?? ''
    must(UUID_V4.test(key), 'the idempotency key is no UUID v4')
    const fingerprint = `${request.path} ${request.text}`
    const before = answered.get(key)
    if (before) return before.request === fingerprint ? before.reply : error(422, 'idempotency_error')
    const reply = act()
    // As text: what was answered must not change with the transfer.
    answered.set(key, { request: fingerprint, reply: { ...reply, body: JSON.stringify(reply.body) } })
    return reply
  }

  const list = ({ query }: Received): Reply => {
    const [after, before] = [query.get('createdAfter'), query.get('createdBefore')]
    const size = Number(query.get('pageSize') ?? '20')
    must(size >= 1 && size <= MOST_ON_A_PAGE, 'pageSize is 100 at most')
    for (const at of [after, before])
      must(at === null || /^\d{4}-\d\d-\d\dT.*Z$/.test(at), 'no ISO 8601 time')
    const found = [...transfers.values()]
      .filter(({ createdAt }) => (!after || createdAt >= after) && (!before || createdAt <= before))
      .toReversed()
    const from = Number(query.get('pageToken') ?? '0')
    const next = from + size < found.length ? String(from + size) : ''
    return {
      status: 200,
      body: { transfers: found.slice(from, from + size).map(view), nextPageToken: next },
    }
  }

  const platform = (request: Received): Reply => {
    const { method, path } = request
    const body = request.body as Record<string, unknown>
    const [, transferId = '', action] =
      /^\/platform\/v2\/transfers(?:\/([^/]+)(\/execute)?)?$/.exec(path) ?? []
    if (method === 'GET' && path === '/platform/v2/payment-methods')
      return { status: 200, body: { paymentMethods: options.paymentMethods } }
    must(path.startsWith('/platform/v2/transfers'), 'no such path')
    if (method === 'POST' && transferId === '')
      return body.validateOnly === true ? create(body) : once(request, () => create(body))
    if (method === 'POST' && action) return once(request, () => execute(transferId))
    must(method === 'GET' && !action, 'no such method')
    if (transferId === '') return list(request)
    const shown = transfers.get(transferId)
    return shown ? { status: 200, body: view(shown) } : error(404, 'not_found')
  }

  const wire = await startWireServer(async (request) => {
    if (request.path === '/status.json')
      return { status: 200, body: { page: {}, status: { indicator: options.indicator } } }
    await authorize(request)
    return platform(request)
  })

  const made = (key: string): Shown[] =>
    [...transfers.values()].filter(({ metadata }) => metadata?.ratelock_operation === key)

  return {
    ...wire,
    options,
    transfers,
    refusedQuotes,
    refusedExecutions,
    failing,
    /** Shows an operation's transfers otherwise than they are. */
    changes,
    /** Transfers that were made for an operation, the oldest first. */
    made,
    executed: (key: string): number => made(key).filter(({ executedAt }) => executedAt !== undefined).length,
    /** Whose operation the transfer in a path is. */
    operationIn: (path: string): string | undefined =>
      transfers.get(/transfer_[^/]+/.exec(path)?.[0] ?? '')?.metadata?.ratelock_operation,
    /** Ends everything that is in progress. */
    settle: (): void => {
      for (const shown of transfers.values()) {
        if (shown.status !== 'processing') continue
        const failure = failing.get(shown.metadata?.ratelock_operation ?? '')
        const ended = failure ? { status: 'failed', ...failure } : { status: 'completed', completedAt: now() }
        Object.assign(shown, { updatedAt: now() }, ended)
      }
    },
  }
}

export type CoinbaseServer = Awaited<ReturnType<typeof startCoinbaseServer>>
