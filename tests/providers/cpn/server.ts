import { createPrivateKey, X509Certificate } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { type Hex, recoverTypedDataAddress } from 'viem'
import { type Received, type Reply, startWireServer } from '../wire-server.ts'
import { BFI_DOMAIN, BFI_KEY, BFI_PEM } from './certificates.ts'

/** Written from CPN's documentation (API reference, quickstart, error codes, component states), not from the adapter. */
export const API_KEY = 'TEST_API_KEY:11111111:22222222'

export const PERMIT2 = '0x000000000022D473030F116dDEE9F6B43aC78BA3'
export const SETTLEMENT = '0x355e0a2a4B7563e0E00C90deD9Aa914c119Ee868'
export const BFI_WALLET = '0xc75c3e371d617b3e60db1b6f3fa2f0689562e5a7'
const CIRCLE = '0x8049E74C07A6BAdc8ddeB7C3530Ab9Af30037211'
const ATTESTER = '0xcf9e077c75ce6bd22f48163e559d20b10708ae85'

export const CHAINS: Record<string, { chainId: string; usdc: string }> = {
  'ETH-SEPOLIA': { chainId: '11155111', usdc: '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238' },
  'MATIC-AMOY': { chainId: '80002', usdc: '0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582' },
}

/** Fiat per USDC, in thousandths, before fees; minor units per major unit. */
const CURRENCIES: Record<string, { rate: bigint; minor: bigint; method: string; country: string }> = {
  EUR: { rate: 920n, minor: 100n, method: 'SEPA', country: 'DE' },
  MXN: { rate: 18_500n, minor: 100n, method: 'SPEI', country: 'MX' },
}
const FEE = 1_250_000n
const GAS_FEE = 250_000n
/** Major units of fiat: what `fiatLimit` allows. */
const MOST_FIAT = 50_000n
const QUOTE_LIFE_MS = 29_000
const SETTLE_MS = 3_600_000

interface Money {
  amount: string
  currency: string
}
interface Quote {
  id: string
  at: number
  expires: number
  used: boolean
  senderType: string
  recipientType: string
  body: Record<string, unknown> & { sourceAmount: Money; destinationAmount: Money; blockchain: string }
}
export interface Payment {
  id: string
  quoteId: string
  status: string
  magic: string
  customerRefId: string
  createdMs: number
  expiresMs: number
  destinationAmount: Money
  sourceAmount: Money
  failureReason?: string
  failureCode?: string
  activeRfi?: { id: string; status: string } | null
  refunds: { id: string; status: string; amount: Money | null; transactionHash: string | null }[]
  sealed: { travelRule: Filled[]; account: Filled[] }
  request: Record<string, string>
}
interface Filled {
  name: string
  value: unknown
}
export interface Transaction {
  id: string
  paymentId: string
  status: string
  failureReason?: string
  message: Record<string, unknown>
  signature?: string
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
  ) {
    super(`refused with ${code}`)
  }
}

const demand: (holds: unknown, what: string) => asserts holds = (holds, what) => {
  if (!holds) throw new Error(what)
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ADDRESS = /^0x[0-9a-fA-F]{40}$/

const decimal = (units: bigint, places: number): string => {
  const digits = units.toString().padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}
const unitsOf = (amount: string, places: number): bigint => {
  const [, whole = '', fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(amount) ?? []
  demand(whole !== '' && fraction.length <= places, `${amount} is no amount with at most ${places} places`)
  return BigInt(whole + fraction.padEnd(places, '0'))
}
/** As the API writes times: with more digits than a clock has. */
const instant = (ms: number): string => new Date(ms).toISOString().replace('Z', '123456Z')

const REQUIREMENTS = {
  travelRule: [
    { name: 'ORIGINATOR_FINANCIAL_INSTITUTION_NAME', type: 'TEXT', optional: false },
    { name: 'ORIGINATOR_FINANCIAL_INSTITUTION_ADDRESS', type: 'ADDRESS', optional: false },
    { name: 'ORIGINATOR_NAME', type: 'TEXT', optional: false },
    { name: 'ORIGINATOR_ACCOUNT_NUMBER', type: 'TEXT', optional: false },
    { name: 'ORIGINATOR_ADDRESS', type: 'ADDRESS', optional: false },
    { name: 'ORIGINATOR_DATE_OF_BIRTH', type: 'TEXT', optional: true },
    { name: 'BENEFICIARY_NAME', type: 'TEXT', optional: false },
    { name: 'BENEFICIARY_ADDRESS', type: 'ADDRESS', optional: false },
  ],
  // The API reference calls the name `field`, the quickstart `name`.
  beneficiaryAccount: [
    { field: 'IBAN', type: 'TEXT', optional: false },
    { field: 'BANK_NAME', type: 'TEXT', optional: true },
  ],
}

const TYPES = {
  EIP712Domain: [
    { name: 'name', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ],
  PermitWitnessTransferFrom: [
    { name: 'permitted', type: 'TokenPermissions' },
    { name: 'spender', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'witness', type: 'PaymentIntent' },
  ],
  TokenPermissions: [
    { name: 'token', type: 'address' },
    { name: 'amount', type: 'uint256' },
  ],
  PaymentIntent: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'beneficiary', type: 'address' },
    { name: 'maxFee', type: 'uint256' },
    { name: 'requirePayeeSign', type: 'bool' },
    { name: 'attester', type: 'address' },
  ],
}

const ISO_TYPES = ['INDIVIDUAL', 'BUSINESS']
const letter = (type: string) => (type === 'BUSINESS' ? 'B' : 'C')

/** A local CPN that keeps quotes, payments and transactions, and looks at every signature. */
export const startCpnServer = async (clock: { now(): number }) => {
  const quotes = new Map<string, Quote>()
  const payments = new Map<string, Payment>()
  const transactions = new Map<string, Transaction>()
  /** What each idempotency key stands for. */
  const keys = new Map<string, string>()
  const hooks: {
    /** Changes what quotes are answered with. */
    quotes?: ((quotes: Record<string, unknown>[]) => Record<string, unknown>[]) | undefined
    /** Changes what is to be signed. */
    message?: ((transaction: Record<string, unknown>) => void) | undefined
    /** Answers a request with an error code, null leaves it to the server. */
    refuse?: ((request: Received) => { status: number; code: number } | null) | undefined
    requirements?: typeof REQUIREMENTS | undefined
    /** Holds a request up before it is looked at, until what it answers resolves. */
    hold?: ((request: Received) => Promise<void> | undefined) | undefined
  } = {}
  const bfiKey = createPrivateKey(BFI_KEY)
  const { x, y } = new X509Certificate(BFI_PEM).publicKey.export({ format: 'jwk' })
  const certificate = {
    id: crypto.randomUUID(),
    certPem: Buffer.from(BFI_PEM).toString('base64'),
    domain: BFI_DOMAIN,
    jwk: { kty: 'EC', crv: 'P-256', kid: '2635', x, y },
  }

  const open = async (jwe: unknown): Promise<Filled[]> => {
    demand(typeof jwe === 'string' && jwe.split('.').length === 5, 'not a compact JWE')
    const { alg, enc } = decodeProtectedHeader(jwe)
    if (alg !== 'ECDH-ES+A128KW' || enc !== 'A128GCM') throw new Refusal(400, 290503)
    const { plaintext } = await compactDecrypt(jwe, bfiKey)
    return JSON.parse(new TextDecoder().decode(plaintext))
  }

  const check = (
    filled: Filled[],
    required: { name?: string; field?: string; type: string; optional: boolean }[],
  ) => {
    const names = required.map(({ name, field }) => name ?? field)
    for (const { name } of filled) demand(names.includes(name), `${name} was not asked for`)
    for (const [index, { type, optional }] of required.entries()) {
      const found = filled.find(({ name }) => name === names[index])
      if (!found && !optional) throw new Refusal(400, 290207)
      if (found)
        demand(
          typeof found.value === (type === 'ADDRESS' ? 'object' : 'string'),
          `${found.name} is no ${type}`,
        )
    }
  }

  const shown = (payment: Payment) => ({
    type: 'payment',
    id: payment.id,
    quoteId: payment.quoteId,
    paymentMethodType: 'SEPA',
    blockchain: payment.request.blockchain,
    senderAddress: payment.request.senderAddress,
    refundAddress: payment.request.refundAddress,
    refCode: payment.request.refCode,
    customerRefId: payment.customerRefId,
    useCase: payment.request.useCase,
    reasonForPayment: payment.request.reasonForPayment,
    createDate: instant(payment.createdMs),
    expireDate: instant(payment.expiresMs),
    status: payment.status,
    ...(payment.failureReason ? { failureReason: payment.failureReason } : {}),
    ...(payment.failureCode ? { failureCode: payment.failureCode } : {}),
    sourceAmount: payment.sourceAmount,
    destinationAmount: payment.destinationAmount,
    fees: { totalAmount: { amount: decimal(FEE, 6), currency: 'USDC' }, breakdown: [] },
    fiatSettlementTime: { min: '0', max: '30', unit: 'MINUTES' },
    activeRfi: payment.activeRfi ?? null,
    rfis: payment.activeRfi ? [payment.activeRfi] : [],
    onChainTransactions: [...transactions.values()]
      .filter(({ paymentId }) => paymentId === payment.id)
      .map(({ id, status }) => ({ id, status })),
    refunds: payment.refunds,
  })

  const transactionShown = (transaction: Transaction) => {
    const payment = payments.get(transaction.paymentId)
    demand(payment, 'a transaction without a payment')
    const answer: Record<string, unknown> = {
      type: 'transaction',
      id: transaction.id,
      paymentId: payment.id,
      status: transaction.status,
      ...(transaction.failureReason ? { failureReason: transaction.failureReason } : {}),
      expireDate: instant(payment.expiresMs),
      blockchain: payment.request.blockchain,
      senderAddress: payment.request.senderAddress,
      destinationAddress: BFI_WALLET,
      amount: payment.sourceAmount,
      messageType: 'PAYMENT_SETTLEMENT_CONTRACT_V1_0_PAYMENT_INTENT',
      messageToBeSigned: structuredClone(transaction.message),
      metadata: {},
      version: 'VERSION_2',
    }
    hooks.message?.(answer)
    return answer
  }

  const createQuotes = (body: Record<string, unknown>): Reply => {
    const { sourceAmount, destinationAmount, blockchain, paymentMethodType, senderType, recipientType } =
      body as Record<string, string> & { sourceAmount: Partial<Money>; destinationAmount: Partial<Money> }
    demand(sourceAmount?.currency === 'USDC', 'the source is USDC')
    const currency = CURRENCIES[destinationAmount?.currency ?? '']
    if (!currency) throw new Refusal(400, 290102)
    demand(
      Boolean(sourceAmount.amount) !== Boolean(destinationAmount.amount),
      'an amount on exactly one side',
    )
    demand(CHAINS[blockchain ?? ''], 'a blockchain of this environment')
    demand(
      ISO_TYPES.includes(senderType ?? '') && ISO_TYPES.includes(recipientType ?? ''),
      'types of both parties',
    )
    demand(/^[A-Z]{2}$/.test(String(body.senderCountry)), 'the country of the sender')
    demand(body.transactionVersion === 'VERSION_2', 'transactions of version 2')
    if (paymentMethodType !== currency.method || body.destinationCountry !== currency.country)
      throw new Refusal(400, 290102)
    const offer = (spread: bigint) => {
      const usdcOf = (fiat: bigint) =>
        (fiat * 1_000n * 1_000_000n * 10_000n) / (currency.rate * currency.minor * (10_000n - spread)) +
        1n +
        FEE
      const fiatOf = (usdc: bigint) =>
        ((usdc - FEE) * currency.rate * currency.minor * (10_000n - spread)) / (1_000n * 1_000_000n * 10_000n)
      const fiat = destinationAmount.amount
        ? unitsOf(destinationAmount.amount, 2)
        : fiatOf(unitsOf(sourceAmount.amount ?? '', 6))
      if (fiat > MOST_FIAT * currency.minor || fiat <= 0n) throw new Refusal(400, 290100)
      const usdc = destinationAmount.amount ? usdcOf(fiat) : unitsOf(sourceAmount.amount ?? '', 6)
      return { fiat, usdc }
    }
    const made = [0n, 40n].map((spread) => {
      const { fiat, usdc } = offer(spread)
      const id = crypto.randomUUID()
      const at = clock.now()
      const quote: Quote = {
        id,
        at,
        expires: at + QUOTE_LIFE_MS,
        used: false,
        senderType: senderType ?? '',
        recipientType: recipientType ?? '',
        body: {
          type: 'quote',
          id,
          paymentMethodType,
          blockchain: blockchain ?? '',
          senderCountry: body.senderCountry,
          destinationCountry: body.destinationCountry,
          createDate: instant(at),
          quoteExpireDate: instant(at + QUOTE_LIFE_MS),
          cryptoFundsSettlementExpireDate: instant(at + SETTLE_MS),
          sourceAmount: { amount: decimal(usdc, 6), currency: 'USDC' },
          destinationAmount: { amount: decimal(fiat, 2), currency: String(destinationAmount.currency) },
          fiatSettlementTime: { min: '0', max: '30', unit: 'MINUTES' },
          exchangeRate: { rate: '0.920000', pair: `USDC/${destinationAmount.currency}` },
          fees: {
            totalAmount: { amount: decimal(FEE, 6), currency: 'USDC' },
            breakdown: [
              {
                type: 'BFI_TRANSACTION_FEE',
                amount: { amount: decimal(FEE - GAS_FEE, 6), currency: 'USDC' },
              },
              { type: 'BLOCKCHAIN_GAS_FEE', amount: { amount: decimal(GAS_FEE, 6), currency: 'USDC' } },
            ],
          },
          senderType,
          recipientType,
          certificate,
          quoteOptions: { isFirstParty: false },
          transactionVersion: 'VERSION_2',
        },
      }
      quotes.set(id, quote)
      return quote.body
    })
    // The second first: the documented order is not to be relied upon.
    const data = made.toReversed()
    return { status: 201, body: { data: hooks.quotes?.(structuredClone(data)) ?? data } }
  }

  const liveQuote = (id: string): Quote => {
    const quote = quotes.get(id)
    if (!quote) throw new Refusal(400, 290200)
    if (quote.expires <= clock.now()) throw new Refusal(400, 290202)
    return quote
  }

  const once = (key: unknown, meaning: string): void => {
    demand(UUID_V4.test(String(key)), 'an idempotency key is a UUID of version 4')
    const known = keys.get(String(key))
    demand(known === undefined || known === meaning, 'an idempotency key stands for one request')
    if (known) throw new Refusal(409, 290001)
  }

  const createPayment = async (body: Record<string, string>): Promise<Reply> => {
    const meaning = `payment ${body.quoteId} ${body.customerRefId} ${body.senderAddress} ${body.useCase}`
    once(body.idempotencyKey, meaning)
    const quote = liveQuote(body.quoteId ?? '')
    if (quote.used) throw new Refusal(400, 290201)
    demand(ADDRESS.test(body.senderAddress ?? '') && ADDRESS.test(body.refundAddress ?? ''), 'both wallets')
    if (body.blockchain !== quote.body.blockchain) throw new Refusal(400, 290203)
    demand(/^PMT0(0[1-9]|[12]\d|30)$/.test(body.reasonForPayment ?? ''), 'a documented reason')
    demand(body.customerRefId && body.refCode, 'both references')
    if (body.useCase !== `${letter(quote.senderType)}2${letter(quote.recipientType)}`)
      throw new Refusal(400, 290211)
    const required = hooks.requirements ?? REQUIREMENTS
    const travelRule = await open(body.travelRuleData)
    const account = await open(body.beneficiaryAccountData)
    // Opening takes time, and another request with the key may have come first.
    once(body.idempotencyKey, meaning)
    check(travelRule, required.travelRule)
    check(account, required.beneficiaryAccount)
    quote.used = true
    keys.set(body.idempotencyKey ?? '', meaning)
    const magic = String(travelRule.find(({ name }) => name === 'ORIGINATOR_NAME')?.value)
    const waits = magic.startsWith('Async') || magic.startsWith('CreateRfi')
    const payment: Payment = {
      id: crypto.randomUUID(),
      quoteId: quote.id,
      status: magic === 'Failed' ? 'FAILED' : waits ? 'CREATED' : 'CRYPTO_FUNDS_PENDING',
      magic,
      customerRefId: body.customerRefId,
      createdMs: clock.now(),
      expiresMs: quote.at + SETTLE_MS,
      destinationAmount: quote.body.destinationAmount,
      sourceAmount: quote.body.sourceAmount,
      refunds: [],
      sealed: { travelRule, account },
      request: body,
    }
    if (magic === 'Failed')
      Object.assign(payment, { failureReason: 'TRAVEL_RULE_FAILED', failureCode: 'PM01000' })
    if (magic.startsWith('CreateRfi'))
      payment.activeRfi = { id: crypto.randomUUID(), status: 'INFORMATION_REQUIRED' }
    payments.set(payment.id, payment)
    return { status: 201, body: { data: shown(payment) } }
  }

  const paymentOf = (id: string): Payment => {
    const payment = payments.get(id)
    if (!payment) throw new Refusal(404, 2)
    return payment
  }

  const createTransaction = (payment: Payment, body: Record<string, string>): Reply => {
    once(body.idempotencyKey, `transaction ${payment.id}`)
    if (payment.status !== 'CRYPTO_FUNDS_PENDING') throw new Refusal(400, 290304)
    const siblings = [...transactions.values()].filter(({ paymentId }) => paymentId === payment.id)
    if (siblings.some(({ status }) => status !== 'FAILED')) throw new Refusal(400, 290300)
    keys.set(body.idempotencyKey ?? '', `transaction ${payment.id}`)
    const { chainId, usdc } = CHAINS[payment.request.blockchain ?? ''] ?? { chainId: '', usdc: '' }
    const total = unitsOf(payment.sourceAmount.amount, 6)
    const validBefore = Math.floor(payment.expiresMs / 1_000)
    const transaction: Transaction = {
      id: crypto.randomUUID(),
      paymentId: payment.id,
      status: 'CREATED',
      message: {
        domain: { name: 'Permit2', chainId, verifyingContract: PERMIT2 },
        message: {
          permitted: { token: usdc, amount: String(total) },
          spender: SETTLEMENT,
          nonce: BigInt(`0x${payment.id.replaceAll('-', '')}`).toString(),
          deadline: String(validBefore + 1_140),
          witness: {
            from: payment.request.senderAddress,
            to: BFI_WALLET,
            // A number where its neighbours are text, as documented.
            value: Number(total - GAS_FEE),
            validAfter: String(Math.floor(clock.now() / 1_000)),
            validBefore: String(validBefore),
            nonce: `0x${payment.id.replaceAll('-', '').padEnd(64, '0')}`,
            beneficiary: CIRCLE,
            maxFee: String(GAS_FEE),
            attester: ATTESTER,
            requirePayeeSign: false,
          },
        },
        primaryType: 'PermitWitnessTransferFrom',
        types: TYPES,
      },
    }
    transactions.set(transaction.id, transaction)
    return { status: 201, body: { data: transactionShown(transaction) } }
  }

  const submit = async (payment: Payment, id: string, body: Record<string, string>): Promise<Reply> => {
    const transaction = transactions.get(id)
    if (transaction?.paymentId !== payment.id) throw new Refusal(400, 290306)
    if (payment.status !== 'CRYPTO_FUNDS_PENDING') throw new Refusal(400, 290304)
    if (transaction.status === 'PENDING') throw new Refusal(400, 290307)
    if (transaction.status !== 'CREATED') throw new Refusal(400, 290303)
    if (payment.expiresMs <= clock.now()) throw new Refusal(400, 290308)
    const signer = await recoverTypedDataAddress({
      ...(transaction.message as Parameters<typeof recoverTypedDataAddress>[0]),
      signature: body.signedTransaction as Hex,
    })
    demand(
      signer.toLowerCase() === payment.request.senderAddress?.toLowerCase(),
      'the message as it was given, signed by the sender',
    )
    // As above: recovering takes time.
    if (transaction.status !== 'CREATED') throw new Refusal(400, 290307)
    transaction.status = 'PENDING'
    transaction.signature = body.signedTransaction ?? ''
    return { status: 200, body: { data: transactionShown(transaction) } }
  }

  const list = (query: URLSearchParams): Reply => {
    const known = ['customerRefId', 'refCode', 'status', 'from', 'to', 'pageAfter', 'pageBefore', 'pageSize']
    for (const name of query.keys()) demand(known.includes(name), `${name} is no parameter of the list`)
    const at = (name: string, fallback: number) =>
      query.has(name) ? Date.parse(query.get(name) ?? '') : fallback
    const [from, to] = [at('from', 0), at('to', Number.POSITIVE_INFINITY)]
    const size = Number(query.get('pageSize') ?? 50)
    demand(
      size >= 1 && size <= 200 && !Number.isNaN(from) && !Number.isNaN(to),
      'a size and times that can be read',
    )
    const reference = query.get('customerRefId')
    const all = [...payments.values()]
      .filter(({ customerRefId }) => reference === null || customerRefId === reference)
      .filter(({ createdMs }) => createdMs >= from && createdMs <= to)
      .toReversed()
    const after = query.get('pageAfter')
    const start = after ? all.findIndex(({ id }) => id === after) + 1 : 0
    // A strict upper bound of the collection, which disregards the size that was asked for.
    return { status: 200, body: { data: all.slice(start, start + Math.min(size, 3)).map(shown) } }
  }

  const route = async (request: Received): Promise<Reply> => {
    const { method, path, query } = request
    if (method === 'GET' && path === '/ping') return { status: 200, body: { message: 'pong' } }
    demand(request.headers.authorization === `Bearer ${API_KEY}`, 'the key as a bearer token')
    await hooks.hold?.(request)
    const refusal = hooks.refuse?.(request)
    if (refusal) throw new Refusal(refusal.status, refusal.code)
    const body = (request.body ?? {}) as Record<string, string>
    if (method === 'POST') demand(request.headers['content-type'] === 'application/json', 'a body in JSON')
    const [, version, , kind, id = '', part, partId = '', last] = path.split('/')
    const at = `${method} ${version} ${kind}${id ? '/' : ''}${part ?? ''}${last ? `/${last}` : ''}`
    if (at === 'POST v1 quotes') return createQuotes(body)
    if (at === 'GET v1 payments') return list(query)
    if (at === 'POST v1 payments') return createPayment(body)
    if (at === 'GET v1 payments/' && id === 'requirements') {
      liveQuote(query.get('quoteId') ?? '')
      return { status: 200, body: { data: hooks.requirements ?? REQUIREMENTS } }
    }
    const payment = paymentOf(id)
    if (at === 'GET v1 payments/') return { status: 200, body: { data: shown(payment) } }
    if (at === 'POST v2 payments/transactions' && !partId) return createTransaction(payment, body)
    if (at === 'POST v2 payments/transactions/submit') return submit(payment, partId, body)
    const transaction = transactions.get(partId)
    if (at === 'GET v2 payments/transactions' && transaction)
      return { status: 200, body: { data: transactionShown(transaction) } }
    throw new Error(`no such endpoint: ${at}`)
  }

  const wire = await startWireServer(async (request) => {
    try {
      return await route(request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { status, code } = error
      return { status, body: { code, message: `free text of CPN about ${code}` } }
    }
  })

  const hash = () => `0x${crypto.randomUUID().replaceAll('-', '').padEnd(64, '0')}`
  const refund = (payment: Payment, status: string) => {
    const amount = { amount: decimal(unitsOf(payment.sourceAmount.amount, 6) - GAS_FEE, 6), currency: 'USDC' }
    const done = status === 'COMPLETED'
    payment.refunds.push({
      id: crypto.randomUUID(),
      status,
      amount: done ? amount : null,
      transactionHash: done ? hash() : null,
    })
  }

  return {
    ...wire,
    hooks,
    payments,
    transactions,
    /** Payments made for a key. */
    of: (key: string): Payment[] =>
      [...payments.values()].filter(({ customerRefId }) => customerRefId === key),
    /** Permits that were signed and taken for a key. */
    signed: (key: string): Transaction[] =>
      [...transactions.values()].filter(
        ({ paymentId, signature }) => signature && payments.get(paymentId)?.customerRefId === key,
      ),
    refund,
    /** Lets every payment go as far as it can by itself. */
    settle: (): void => {
      for (const payment of payments.values()) {
        if (payment.magic === 'AsyncSuccess' && payment.status === 'CREATED')
          payment.status = 'CRYPTO_FUNDS_PENDING'
        const taken = [...transactions.values()].find(
          ({ paymentId, status }) => paymentId === payment.id && status === 'PENDING',
        )
        if (!taken || payment.status !== 'CRYPTO_FUNDS_PENDING') continue
        taken.status = 'COMPLETED'
        payment.status = 'COMPLETED'
        if (!payment.magic.startsWith('FailThenRefund')) continue
        Object.assign(payment, {
          status: 'FAILED',
          failureReason: 'FIAT_SETTLEMENT_FAILED',
          failureCode: 'PM06000',
        })
        refund(payment, payment.magic === 'FailThenRefundWithCompleted' ? 'COMPLETED' : 'CREATED')
      }
    },
  }
}

export type CpnServer = Awaited<ReturnType<typeof startCpnServer>>
