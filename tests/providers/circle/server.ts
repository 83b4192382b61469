import type { Clock } from '../../../src/core/clock.ts'
import { type Received, type Reply, startWireServer } from '../wire-server.ts'

export const API_KEY = 'TEST_API_KEY:ebb3ad72232624921abc4b162148bb84:019ef3358ef9cd6d08fc32csfe89a68d'

interface Money {
  amount: string | number
  currency: string
}

/** A thing as the API shows it. */
export interface Shown {
  id: string
  status: string
  createDate: string
  updateDate?: string
  amount?: Money
  [field: string]: unknown
}

/** Why a request is not carried out. */
export interface Refusal {
  status: number
  code: number
  errors?: object[]
}

type Body = Record<string, unknown>

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const FIAT_AMOUNT = /^(0|[1-9]\d*)\.\d{2}$/
const COIN_AMOUNT = /^(0|[1-9]\d*)(\.\d{1,6})?$/
/** EURC for one USDC in ten-thousandths. */
const RATE = 8_741n
const TEN_THOUSAND = 10_000n
const QUOTE_LIFE_MS = 3_000
const MOST_ON_A_PAGE = 50
const RAILS = { USD: ['wire'], EUR: ['sepa', 'sepa_instant'] } as const

const must = (holds: unknown, what: string): void => {
  if (!holds) throw new Error(what)
}

const error = ({ status, code, errors }: Refusal): Reply => ({
  status,
  body: { code, message: 'SECRET words of the provider', ...(errors ? { errors } : {}) },
})

/** Millionths of a unit. */
const millionths = (text: string): bigint => {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(6, '0'))
}

const written = (units: bigint, places: number): string => {
  const digits = units.toString().padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6).slice(0, places)}`
}

const only = (body: Body, fields: string): void =>
  must(Object.keys(body).sort().join(' ') === fields, `a body must have ${fields}`)

const moneyIn = (value: unknown, pattern: RegExp, currencies: readonly string[]): [bigint, string] => {
  const { amount, currency, ...more } = value as Record<string, string>
  must(Object.keys(more).length === 0, 'an amount has an amount and a currency')
  must(typeof amount === 'string' && pattern.test(amount) && millionths(amount) > 0n, `bad amount ${amount}`)
  must(currencies.includes(currency ?? ''), `bad currency ${currency}`)
  return [millionths(amount ?? ''), currency ?? '']
}

/** Circle Mint as it is documented, with a status page beside it. */
export const startCircleServer = async (clock: Clock) => {
  const banks = new Map<string, string>()
  const recipients: Shown[] = []
  const deposits: Shown[] = []
  const transfers: Shown[] = []
  const payouts: Shown[] = []
  const trades: Shown[] = []
  const quotes = new Map<string, { from: bigint; to: bigint; expiresAtMs: number }>()
  /** Millionths of our balance by the API's labels. */
  const balances: Record<string, bigint> = { USD: 0n, EUR: 0n }
  const keys = new Map<string, { text: string; reply: Reply }>()
  /** What becomes of requests and things; tests change it. */
  const play = {
    /** By the id of a bank or an address, by `quote` and `trade`, or by the path of a listing. */
    refusing: new Map<string, Refusal>(),
    /** Words for why what goes there fails in the end, by the id of a bank, or a chain. */
    failing: new Map<string, string>(),
    /** What the API shows of a thing, by its id. */
    changes: new Map<string, (shown: Shown) => Shown>(),
    /** What a new trade comes to at once. */
    tradeStatus: 'complete',
    networkFee: null as string | null,
    payoutFee: '0.00',
    /** How many things the API shows on a page at most. */
    pageLimit: MOST_ON_A_PAGE,
    statusPage: { components: [], status: { indicator: 'none' } } as unknown,
    rate: RATE,
    quoteLifeMs: QUOTE_LIFE_MS,
    /** What the API answers to a payout that was just made. */
    created: (shown: Shown): Shown => shown,
    /** Answers with the first page whatever it is asked for. */
    staysOnPage: false,
    /** Quotes another amount than it was asked for. */
    misquotes: false,
  }
  let made = 0

  const nextId = () => `${(++made).toString(16).padStart(8, '0')}-732b-4d25-b947-1df8f4007a29`
  const now = () => new Date(clock.now()).toISOString()
  const shown = (thing: Shown): Shown => play.changes.get(thing.id)?.(thing) ?? thing
  const data = (value: unknown, status = 200): Reply => ({ status, body: { data: value } })

  const list = (things: readonly Shown[], query: URLSearchParams, filters: readonly string[]): Reply => {
    const known = ['from', 'to', 'pageAfter', 'pageSize', ...filters]
    for (const name of query.keys()) must(known.includes(name), `unknown query parameter ${name}`)
    const [from, to] = [query.get('from'), query.get('to')].map((text) => (text ? Date.parse(text) : null))
    must(!Number.isNaN(from) && !Number.isNaN(to), 'from and to are date-times')
    const size = Math.min(Number(query.get('pageSize') ?? MOST_ON_A_PAGE), play.pageLimit)
    must(size >= 1, 'pageSize is at least 1')
    const newestFirst = things
      .map((thing, made) => ({ thing, made, at: Date.parse(thing.createDate) }))
      .filter(({ at }) => (from == null || at >= from) && (to == null || at <= to))
      .sort((a, b) => b.at - a.at || b.made - a.made)
      .map(({ thing }) => thing)
    const after = play.staysOnPage ? null : query.get('pageAfter')
    const start = after === null ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1
    must(after === null || start > 0, 'pageAfter names nothing of the collection')
    return data(newestFirst.slice(start, start + size).map(shown))
  }

  const spend = (label: string, amount: bigint): boolean => {
    const left = (balances[label] ?? 0n) - amount
    if (left >= 0n) balances[label] = left
    return left >= 0n
  }

  const transfer = (body: Body): Reply => {
    only(body, 'amount destination idempotencyKey')
    const [amount] = moneyIn(body.amount, COIN_AMOUNT, ['USD'])
    const { type, addressId } = body.destination as Record<string, string>
    must(type === 'verified_blockchain', 'a business transfer goes to a verified address')
    const recipient = recipients.find(({ id }) => id === addressId)
    if (!recipient || shown(recipient).status !== 'active') return error({ status: 400, code: 2004 })
    const refusal = play.refusing.get(recipient.id)
    if (refusal) return error(refusal)
    if (!spend('USD', amount)) return error({ status: 400, code: 1093 })
    const fees = play.networkFee ? [{ amount: play.networkFee, currency: 'USD', type: 'network' }] : undefined
    const thing: Shown = {
      id: nextId(),
      source: { type: 'wallet', id: '12345' },
      destination: { type: 'blockchain', address: recipient.address, chain: recipient.chain },
      amount: { amount: written(amount, 2), currency: 'USD' },
      ...(fees ? { fees } : {}),
      status: 'pending',
      createDate: now(),
      idempotencyKey: body.idempotencyKey,
    }
    transfers.push(thing)
    return data(shown(thing), 201)
  }

  const payout = (body: Body): Reply => {
    only(body, 'amount destination idempotencyKey')
    const [amount, currency] = moneyIn(body.amount, FIAT_AMOUNT, ['USD', 'EUR'])
    const { type, id } = body.destination as Record<string, string>
    must(
      (RAILS[currency as 'USD' | 'EUR'] as readonly string[]).includes(type ?? ''),
      `no ${type} of ${currency}`,
    )
    if (!banks.has(id ?? '')) return error({ status: 400, code: 5004 })
    const refusal = play.refusing.get(id ?? '')
    if (refusal) return error(refusal)
    if (!spend(currency, amount)) return error({ status: 400, code: 5006 })
    const thing: Shown = {
      id: nextId(),
      sourceWalletId: '53535335',
      destination: { type, id, name: 'COMMERZBANK AG ****3000' },
      amount: { amount: written(amount, 2), currency },
      fees: { amount: play.payoutFee, currency: 'USD' },
      status: 'pending',
      errorCode: null,
      createDate: now(),
      updateDate: now(),
    }
    payouts.push(thing)
    return data(play.created(shown(thing)), 201)
  }

  const quote = (body: Body): Reply => {
    only(body, 'from idempotencyKey to type')
    const [from, to] = [body.from, body.to] as { currency: string; amount: string | null }[]
    must(['reference', 'tradable'].includes(body.type as string), 'unknown type of quote')
    must(from?.currency === 'USDC' && to?.currency === 'EURC', 'only USDC to EURC')
    must((from?.amount == null) !== (to?.amount == null), 'exactly one amount')
    const refusal = play.refusing.get('quote')
    if (refusal) return error(refusal)
    const id = nextId()
    const step = 10_000n
    const bought = to?.amount == null ? null : moneyIn(to, FIAT_AMOUNT, ['EURC'])[0]
    const cost = bought === null ? 0n : (bought * TEN_THOUSAND + play.rate - 1n) / play.rate
    const spent =
      bought === null ? moneyIn(from, FIAT_AMOUNT, ['USDC'])[0] : ((cost + step - 1n) / step) * step
    const expiresAtMs = clock.now() + play.quoteLifeMs
    const terms = { from: spent, to: bought ?? (spent * play.rate) / TEN_THOUSAND, expiresAtMs }
    if (body.type === 'tradable') quotes.set(id, terms)
    return data(
      {
        id,
        rate: Number(play.rate) / 10_000,
        from: { currency: 'USDC', amount: Number(written(terms.from, 2)) },
        to: { currency: 'EURC', amount: Number(written(terms.to + (play.misquotes ? step : 0n), 2)) },
        expiry: new Date(expiresAtMs).toISOString().replace('Z', '786Z'),
        type: body.type,
      },
      201,
    )
  }

  const trade = (body: Body): Reply => {
    only(body, 'idempotencyKey quoteId')
    const terms = quotes.get(body.quoteId as string)
    const refusal = play.refusing.get('trade')
    if (refusal) return error(refusal)
    if (!terms) return error({ status: 404, code: 404 })
    const taken = trades.some(({ quoteId }) => quoteId === body.quoteId)
    if (taken || clock.now() >= terms.expiresAtMs) return error({ status: 400, code: 2 })
    if (!spend('USD', terms.from)) return error({ status: 400, code: 1093 })
    const thing: Shown = {
      id: nextId(),
      from: { currency: 'USDC', amount: written(terms.from, 2) },
      to: { currency: 'EURC', amount: written(terms.to, 2) },
      status: play.tradeStatus,
      createDate: now(),
      updateDate: now(),
      quoteId: body.quoteId,
    }
    trades.push(thing)
    if (thing.status === 'complete') balances.EUR = (balances.EUR ?? 0n) + terms.to
    return data(shown(thing))
  }

  const ACTS: Readonly<Record<string, (body: Body) => Reply>> = {
    '/v1/businessAccount/transfers': transfer,
    '/v1/businessAccount/payouts': payout,
    '/v1/exchange/quotes': quote,
    '/v1/exchange/trades': trade,
  }

  const act = ({ path, body, text, headers }: Received): Reply => {
    const handle = ACTS[path]
    must(handle, 'no such endpoint')
    must(headers['content-type'] === 'application/json', 'a body must be JSON')
    const key = String((body as Body).idempotencyKey)
    must(UUID_V4.test(key), 'idempotencyKey must be a UUID of version 4')
    const before = keys.get(key)
    if (before) return before.text === path + text ? before.reply : error({ status: 400, code: 1083 })
    const reply = handle?.(body as Body) ?? error({ status: 404, code: 404 })
    if (reply.status < 300) keys.set(key, { text: path + text, reply: structuredClone(reply) })
    return reply
  }

  const LISTS: Readonly<Record<string, { things: readonly Shown[]; filters: readonly string[] }>> = {
    '/v1/businessAccount/wallets/addresses/recipient': { things: recipients, filters: [] },
    '/v1/businessAccount/deposits': { things: deposits, filters: ['type'] },
    '/v1/businessAccount/transfers': { things: transfers, filters: [] },
    '/v1/businessAccount/payouts': { things: payouts, filters: ['destination', 'type', 'status'] },
  }

  const instructions = (bank: string): Reply => {
    const trackingRef = banks.get(bank)
    if (!trackingRef) return error({ status: 404, code: 404 })
    return data({
      trackingRef,
      beneficiary: { name: 'CIRCLE INTERNET FINANCIAL INC', address1: '99 HIGH STREET' },
      beneficiaryBank: { name: 'WELLS FARGO BANK', routingNumber: '121000248', accountNumber: '****7427' },
      virtualAccountEnabled: true,
    })
  }

  const server = await startWireServer((request) => {
    const { method, path, query, headers } = request
    if (path === '/status/summary.json') return { status: 200, body: play.statusPage }
    if (headers.authorization !== `Bearer ${API_KEY}`)
      return { status: 401, body: { code: 401, message: 'Malformed authorization.' } }
    if (method === 'POST') return act(request)
    must(method === 'GET', 'no such method')
    if (path === '/ping') return { status: 200, body: { message: 'pong' } }
    if (path === '/v1/exchange/trades') return data(trades.toReversed().map(shown))
    const listed = LISTS[path]
    const refusal = play.refusing.get(path)
    if (refusal) return error(refusal)
    if (listed) return list(listed.things, query, listed.filters)
    const [, bank] = /^\/v1\/businessAccount\/banks\/wires\/([^/]+)\/instructions$/.exec(path) ?? []
    if (bank) return instructions(bank)
    const [, kind, id] =
      /^\/v1\/(?:businessAccount|exchange)\/(transfers|payouts|trades)\/([^/]+)$/.exec(path) ?? []
    must(kind, 'no such endpoint')
    const found = { transfers, payouts, trades }[kind as 'payouts']?.find((thing) => thing.id === id)
    return found ? data(shown(found)) : error({ status: 404, code: 404 })
  })

  const change = (thing: Shown, fields: Partial<Shown>): void => {
    Object.assign(thing, fields, 'updateDate' in thing ? { updateDate: now() } : {})
  }

  const endOf = (thing: Shown): Partial<Shown> => {
    const { id = '', chain = '' } = thing.destination as Record<string, string>
    const errorCode = play.failing.get(id) ?? play.failing.get(chain)
    return errorCode === undefined ? { status: 'complete' } : { status: 'failed', errorCode }
  }

  return {
    ...server,
    play,
    transfers,
    payouts,
    trades,
    balances,
    /** Links a bank account and answers its id. */
    bank: (): string => {
      const id = nextId()
      banks.set(id, `CIR${id.slice(0, 8).toUpperCase()}`)
      return id
    },
    recipient: (chain: string, address: string, status = 'active'): string => {
      const id = nextId()
      recipients.push({ id, address, chain, currency: 'USD', description: 'ours', status, createDate: now() })
      return id
    },
    /** A wire from the bank reaches our account. */
    wire: (bank: string, amount: string, fields: Partial<Shown> = {}): Shown => {
      const thing: Shown = {
        id: nextId(),
        sourceWalletId: bank,
        destination: { type: 'wallet', id: '12345' },
        amount: { amount, currency: 'USD' },
        status: 'complete',
        createDate: now(),
        updateDate: now(),
        ...fields,
      }
      deposits.push(thing)
      if (thing.status === 'complete') balances.USD = (balances.USD ?? 0n) + millionths(amount)
      return thing
    },
    fund: (label: 'USD' | 'EUR', amount: string): void => {
      balances[label] = (balances[label] ?? 0n) + millionths(amount)
    },
    /** Keys are remembered, and it is not documented for how long. */
    forgetKeys: () => keys.clear(),
    /** Everything that is pending comes to its end. */
    settle: (): void => {
      for (const thing of trades.filter(({ status }) => !['complete', 'failed'].includes(status))) {
        change(thing, { status: 'complete' })
        balances.EUR = (balances.EUR ?? 0n) + millionths(String((thing.to as Money).amount))
      }
      for (const thing of [...transfers, ...payouts].filter(({ status }) => status === 'pending'))
        change(thing, endOf(thing))
    },
    change,
  }
}

export type CircleServer = Awaited<ReturnType<typeof startCircleServer>>
