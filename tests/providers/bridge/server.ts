import { type Received, type Reply, startWireServer } from '../wire-server.ts'

export const API_KEY = 'sk-test-0123456789'
export const WALLET_ID = 'wallet-1'
export const DEPOSIT_ADDRESS = '0x71C7656EC7ab88b098defB751B7401B5f6d8976F'

const DAY_MS = 86_400_000

/** Units of the currency for a dollar: what one brings, the mid, and what one costs. */
const RATES: Readonly<Record<string, readonly [sell: string, mid: string, buy: string]>> = {
  eur: ['0.9200', '0.9246', '0.9300'],
  mxn: ['18.10', '18.25', '18.40'],
  brl: ['5.41', '5.45', '5.50'],
}

/** Rails by currency, as the page of fiat payment methods has them. */
const DEPOSIT_RAILS: Readonly<Record<string, readonly string[]>> = {
  usd: ['ach_push', 'wire'],
  eur: ['sepa'],
}
const PAYOUT_RAILS: Readonly<Record<string, readonly string[]>> = {
  usd: ['ach', 'ach_same_day', 'wire'],
  eur: ['sepa'],
  mxn: ['spei'],
  brl: ['pix'],
  gbp: ['faster_payments'],
}
const BLOCKCHAINS = ['arbitrum', 'base', 'ethereum', 'polygon', 'solana']

export interface ServedTransfer {
  id: string
  client_reference_id: string
  state: string
  on_behalf_of: string
  currency: string
  amount: string
  developer_fee: string
  source: Record<string, string>
  destination: Record<string, string>
  source_deposit_instructions?: Record<string, unknown>
  receipt: Record<string, string>
  return_details?: Record<string, string>
  created_at: string
  updated_at: string
}

/** Whom transfers are made for. */
interface Customer {
  /** Currencies of its external accounts, by their ids. */
  accounts: Record<string, string>
  /** How every request for it is answered, instead of with a transfer. */
  refusal?: Reply
  /** Its transfers come back instead of being carried out. */
  fails?: boolean
}

interface Remembered {
  text: string
  reply: Reply
  atMs: number
}

const ensure = (holds: unknown, rule: string): void => {
  if (!holds) throw new Error(rule)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const onlyFields = (value: Record<string, unknown>, allowed: readonly string[], of: string): void => {
  const other = Object.keys(value).find((name) => !allowed.includes(name))
  ensure(other === undefined, `${of} has no field ${other}`)
}

const isAmount = (value: unknown): value is string =>
  typeof value === 'string' && /^\d+(\.\d{1,6})?$/.test(value) && Number(value) > 0

const millionths = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(6, '0'))
}

/** An amount over a rate as text with two decimals, rounded up. */
const divided = (amount: string, rate: string): string => {
  const [over, under] = [millionths(amount) * 100n, millionths(rate)]
  const cents = String((over + under - 1n) / under).padStart(3, '0')
  return `${cents.slice(0, -2)}.${cents.slice(-2)}`
}

const error = (status: number, code: string): Reply => ({ status, body: { code, message: 'see the code' } })

/** Bridge's API as its documentation has it (api version v0), with customers and the state of transfers at hand. */
export const startBridgeServer = async (now: () => number, apiKey = API_KEY) => {
  const customers = new Map<string, Customer>()
  const transfers: ServedTransfer[] = []
  const remembered = new Map<string, Remembered>()
  const rescaled = new Map<string, { zeros: number; exact: boolean }>()
  const rates = new Map(Object.entries(RATES))
  let indicator = 'none'

  const instant = () => new Date(now() + transfers.length).toISOString()

  const onramp = (
    body: Record<string, unknown>,
    source: Record<string, string>,
    to: Record<string, string>,
  ) => {
    onlyFields(source, ['currency', 'payment_rail'], 'source')
    onlyFields(to, ['currency', 'payment_rail', 'to_address'], 'destination')
    ensure(DEPOSIT_RAILS[source.currency ?? '']?.includes(source.payment_rail ?? ''), 'no such deposit rail')
    ensure(to.currency === 'usdc' && BLOCKCHAINS.includes(to.payment_rail ?? ''), 'no such chain')
    ensure(to.to_address, 'destination.to_address is required')
    ensure(isAmount(body.amount), 'amount must be a decimal string')
    const amount = body.amount as string
    const usd = source.currency === 'usd'
    return {
      state: 'awaiting_funds',
      currency: source.currency ?? '',
      amount,
      source_deposit_instructions: {
        payment_rail: source.payment_rail,
        amount,
        currency: source.currency,
        deposit_message: `BVI7${transfers.length}`,
        ...(usd
          ? { bank_routing_number: '123456789', bank_account_number: '1234567890', bank_name: 'Bank name' }
          : { iban: 'DE02120300000000202051', bic: 'BYLADEM1001' }),
        bank_beneficiary_name: 'Bridge Ventures',
      },
      receipt: {
        initial_amount: amount,
        developer_fee: '0.0',
        exchange_fee: '0.0',
        ...(usd ? { subtotal_amount: amount, final_amount: amount } : {}),
        gas_fee: '0.0',
      },
    }
  }

  const offramp = (
    body: Record<string, unknown>,
    customer: Customer,
    source: Record<string, string>,
    to: Record<string, string>,
  ) => {
    onlyFields(source, ['currency', 'payment_rail', 'bridge_wallet_id'], 'source')
    onlyFields(to, ['currency', 'payment_rail', 'external_account_id', 'amount'], 'destination')
    ensure(
      source.payment_rail === 'bridge_wallet' && source.currency === 'usdc',
      'it must come from a wallet',
    )
    ensure(source.bridge_wallet_id === WALLET_ID, 'no such wallet')
    const currency = to.currency ?? ''
    ensure(PAYOUT_RAILS[currency]?.includes(to.payment_rail ?? ''), 'no such payout rail')
    ensure(
      customer.accounts[to.external_account_id ?? ''] === currency,
      'the external account has another currency',
    )
    ensure((body.amount === undefined) !== (to.amount === undefined), 'exactly one side must be fixed')
    ensure(body.features === undefined, 'features are for deposits')
    const fees = { developer_fee: '0.0', exchange_fee: '0.0', gas_fee: '0.0' }
    if (to.amount === undefined) {
      ensure(currency === 'usd', 'without a fixed output the payee gets whatever it comes to')
      ensure(isAmount(body.amount), 'amount must be a decimal string')
      const amount = body.amount as string
      const receipt = { initial_amount: amount, ...fees, subtotal_amount: amount, final_amount: amount }
      return { state: 'funds_received', currency: 'usd', amount, receipt }
    }
    const rate = rates.get(currency)
    if (!rate) throw new Error('fixed outputs have no such currency')
    ensure(isAmount(to.amount), 'destination.amount must be a decimal string')
    const amount = divided(to.amount, rate[0])
    return { state: 'pending', currency: 'usd', amount, receipt: { initial_amount: amount, ...fees } }
  }

  const create = (body: unknown): Reply => {
    if (!isObject(body)) throw new Error('the body must be an object')
    onlyFields(
      body,
      ['on_behalf_of', 'client_reference_id', 'amount', 'source', 'destination', 'features'],
      'a transfer',
    )
    const { on_behalf_of, client_reference_id: reference, source, destination, features } = body
    ensure(
      typeof reference === 'string' && reference.length >= 1 && reference.length <= 256,
      'client_reference_id',
    )
    ensure(isObject(source) && isObject(destination), 'source and destination are required')
    ensure(features === undefined || (isObject(features) && features.flexible_amount === false), 'features')
    const customer = customers.get(String(on_behalf_of))
    if (!customer) return error(404, 'not_found')
    if (customer.refusal) return customer.refusal
    const [from, to] = [source as Record<string, string>, destination as Record<string, string>]
    const terms = to.currency === 'usdc' ? onramp(body, from, to) : offramp(body, customer, from, to)
    const at = instant()
    const transfer: ServedTransfer = {
      id: crypto.randomUUID(),
      client_reference_id: reference as string,
      on_behalf_of: on_behalf_of as string,
      developer_fee: '0.0',
      source: from,
      destination: to,
      created_at: at,
      updated_at: at,
      ...terms,
    }
    transfers.unshift(transfer)
    return { status: 201, body: structuredClone(transfer) }
  }

  /** A first request acts; its answer, also one that is an error, stands for a day, and the key cannot be used again. */
  const once = (key: string | undefined, request: Received): Reply => {
    if (!key) throw new Error('Idempotency-Key is required')
    ensure(/^[0-9a-f-]{36}$/.test(key), 'Idempotency-Key should be a UUID')
    const first = remembered.get(key)
    if (first && (first.text !== request.text || now() - first.atMs > DAY_MS))
      return error(422, 'not_truly_idempotent')
    const reply = first?.reply ?? create(request.body)
    if (!first) remembered.set(key, { text: request.text, reply, atMs: now() })
    return reply
  }

  const list = (query: URLSearchParams): Reply => {
    onlyFields(Object.fromEntries(query), ['limit', 'starting_after'], 'the query')
    const limit = Number(query.get('limit') ?? 10)
    ensure(Number.isInteger(limit) && limit >= 1 && limit <= 100, 'limit is 1 to 100')
    const after = query.get('starting_after')
    const start = after === null ? 0 : transfers.findIndex(({ id }) => id === after) + 1
    ensure(after === null || start > 0, 'starting_after must be a transfer')
    const data = transfers.slice(start, start + limit).map(shown)
    return { status: 200, body: { count: data.length, data } }
  }

  const shown = (transfer: ServedTransfer): ServedTransfer => {
    const { zeros = 0, exact = true } = rescaled.get(transfer.id) ?? {}
    if (zeros === 0) return transfer
    const longer = (text: string) =>
      `${text}${text.includes('.') ? '' : '.'}${'0'.repeat(zeros - 1)}${exact ? '0' : '1'}`
    const { receipt, destination } = transfer
    return {
      ...transfer,
      amount: longer(transfer.amount),
      destination: destination.amount ? { ...destination, amount: longer(destination.amount) } : destination,
      receipt: Object.fromEntries(Object.entries(receipt).map(([name, text]) => [name, longer(text)])),
    }
  }

  const exchangeRate = (query: URLSearchParams): Reply => {
    const rate = query.get('from') === 'usd' ? rates.get(query.get('to') ?? '') : undefined
    if (!rate) return error(400, 'invalid_parameters')
    const [sell_rate, midmarket_rate, buy_rate] = rate
    return { status: 200, body: { midmarket_rate, buy_rate, sell_rate } }
  }

  const answer = (request: Received): Reply => {
    const { method, path, query, headers } = request
    if (path === '/status.json') return { status: 200, body: { page: {}, status: { indicator } } }
    if (headers['api-key'] !== apiKey) throw new Error('Api-Key is missing or wrong')
    const key = headers['idempotency-key']
    if (method === 'POST' && path === '/v0/transfers') return once(key, request)
    ensure(method === 'GET' && key === undefined, 'only a POST has an Idempotency-Key')
    if (path === '/v0/transfers') return list(query)
    if (path === '/v0/exchange_rates') return exchangeRate(query)
    const id = /^\/v0\/transfers\/([0-9a-f-]+)$/.exec(path)?.[1]
    const transfer = transfers.find((each) => each.id === id)
    return transfer ? { status: 200, body: shown(transfer) } : error(404, 'not_found')
  }

  const wire = await startWireServer(answer)

  const of = (reference: string): ServedTransfer => {
    const found = transfers.find(({ client_reference_id }) => client_reference_id === reference)
    if (!found) throw new Error('there is no such transfer')
    return found
  }

  const change = (reference: string, to: Partial<ServedTransfer>): void => {
    const transfer = of(reference)
    Object.assign(transfer, to, { updated_at: instant() })
  }

  const carryOut = (transfer: ServedTransfer): void => {
    const { source, destination, receipt, client_reference_id, on_behalf_of } = transfer
    if (customers.get(on_behalf_of)?.fails) {
      change(client_reference_id, { state: 'refunded' })
      return
    }
    const buy = rates.get(source.currency ?? '')?.[2]
    const final = destination.amount ?? (buy ? divided(transfer.amount, buy) : transfer.amount)
    change(client_reference_id, { state: 'payment_processed', receipt: { ...receipt, final_amount: final } })
  }

  return {
    wire,
    /** The API's base URL. */
    url: `${wire.url}/v0`,
    statusUrl: `${wire.url}/status.json`,
    customers,
    /** The newest first. */
    transfers,
    rates,
    rescaled,
    of,
    change,
    setIndicator: (text: string) => {
      indicator = text
    },
    /** Carries every transfer out that has not ended, or sends it back where its customer's fail. */
    settle: () => {
      for (const transfer of transfers)
        if (/^(awaiting_funds|pending|funds_received)$/.test(transfer.state)) carryOut(transfer)
    },
  }
}

export type BridgeServer = Awaited<ReturnType<typeof startBridgeServer>>
