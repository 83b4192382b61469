import {
  concat,
  type Hex,
  hexToBigInt,
  keccak256,
  parseAbi,
  parseEventLogs,
  sliceHex as slice,
  toHex,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { Clock } from '../../../src/core/clock.ts'
import { type Received, type Reply, startWireServer } from '../wire-server.ts'
import type { TestChain } from './anvil.ts'

const SENT = parseAbi(['event MessageSent(bytes message)'])
const TRANSMITTER = '0xe737e5cebeeba77efe34d4aa090756590b1ce275'

/** Circle's domains of the testnet chains that the tests use. */
const DOMAIN_IDS: Readonly<Record<number, string>> = { 0: 'ethereum', 3: 'arbitrum', 6: 'base', 7: 'polygon' }

export const attester = privateKeyToAccount(generatePrivateKey())

/** What Iris says of a burn, unless it has seen it and signed. */
export type Mood =
  | { kind: 'signs' }
  | { kind: 'blind' }
  | { kind: 'pending'; delayReason: string | null }
  /** Something else in the fields of a complete message; any `message` makes it one of another burn. */
  | { kind: 'says'; change: Record<string, string> }

interface Signature {
  message: Hex
  attestation: Hex
  nonce: Hex
}

const word = (value: bigint): Hex => toHex(value, { size: 32 })

/** The message with another amount in it, as rightly signed. */
const ofAnotherBurn = async (original: Hex) => {
  const message = concat([slice(original, 0, 148 + 68), word(1_000_000n), slice(original, 148 + 100)])
  return { message, attestation: await attester.sign({ hash: keccak256(message) }) }
}

/** A bps fee such as '1.3' of an amount, rounded up, in plain integers. */
const feeOn = (amount: bigint, bps: string): bigint => {
  const [whole = '0', fraction = ''] = bps.split('.')
  const scale = 10n ** BigInt(fraction.length)
  const units = BigInt(whole + fraction)
  return (amount * units + scale * 10_000n - 1n) / (scale * 10_000n)
}

/**
 * Circle's attestation service as its documentation has it, over chains of the tests: it finds a burn in the source chain's
 * own logs, fills in what was executed, and signs.
 */
export const startIris = async (chains: readonly TestChain[], clock: Clock) => {
  const signed = new Map<Hex, Signature>()
  const again = new Set<Hex>()
  const state = {
    mood: { kind: 'signs' } as Mood,
    /** Fees in bps by the threshold that they buy, as text, because they may be fractional. */
    fees: { fast: '1.3' as string | null, standard: '0' },
    /** Whether fees come in the envelope of the OpenAPI schema, or as the bare list of its example. */
    envelope: false,
    /** USDC with decimals. */
    allowance: '124214124.21',
    /** Blocks of the destination for which a fast attestation is good. */
    goodFor: 1_000n,
    /** Whether a new attestation that was asked for takes its time. */
    slow: false,
    blockedUntil: 0,
    reattested: [] as Hex[],
  }

  const sentIn = async (source: TestChain, hash: Hex): Promise<Hex | null> => {
    const receipt = await source.client.getTransactionReceipt({ hash }).catch(() => null)
    if (receipt?.status !== 'success') return null
    const logs = receipt.logs.filter(({ address }) => address.toLowerCase() === TRANSMITTER)
    return parseEventLogs({ abi: SENT, logs })[0]?.args.message ?? null
  }

  const sign = async (hash: Hex, sent: Hex, final: boolean): Promise<Signature> => {
    const asked = hexToBigInt(slice(sent, 140, 144))
    const amount = hexToBigInt(slice(sent, 148 + 68, 148 + 100))
    const maxFee = hexToBigInt(slice(sent, 148 + 132, 148 + 164))
    const due = feeOn(amount, state.fees.fast ?? '0')
    const fast = asked <= 1_000n && state.fees.fast !== null && maxFee >= due
    const fee = fast ? due : feeOn(amount, state.fees.standard)
    const to = chains.find(({ chain }) => chain === DOMAIN_IDS[Number(hexToBigInt(slice(sent, 8, 12)))])
    const height = (await to?.client.getBlockNumber()) ?? 0n
    const nonce = keccak256(hash)
    const message = concat([
      slice(sent, 0, 12),
      nonce,
      slice(sent, 44, 144),
      toHex(fast && !final ? 1_000 : 2_000, { size: 4 }),
      slice(sent, 148, 148 + 164),
      word(fee),
      word(fast && !final ? height + state.goodFor : 0n),
      ...(sent.length > 2 + 2 * (148 + 228) ? [slice(sent, 148 + 228)] : []),
    ])
    const attestation = await attester.sign({ hash: keccak256(message) })
    return { message, attestation, nonce }
  }

  const messages = async ({ query }: Received, domain: number): Promise<Reply> => {
    const hash = query.get('transactionHash') as Hex | null
    if (!hash || !/^0x[0-9a-f]{64}$/.test(hash)) throw new Error('a transaction is named by its hash')
    const source = chains.find(({ chain }) => chain === DOMAIN_IDS[domain])
    if (!source) throw new Error(`no chain has the domain ${domain}`)
    const unseen = { status: 404, body: { code: 404, error: 'Message hash not found' } }
    if (state.mood.kind === 'blind') return unseen
    const sent = await sentIn(source, hash)
    if (!sent) return unseen
    const common = { eventNonce: keccak256(hash), cctpVersion: 2, decodedMessage: null }
    if (state.mood.kind === 'pending') {
      const { delayReason } = state.mood
      const pending = { message: '0x', attestation: 'PENDING', status: 'pending_confirmations', delayReason }
      return { status: 200, body: { messages: [{ ...common, ...pending }] } }
    }
    const renewed = again.has(hash) && !state.slow
    const kept = renewed ? undefined : signed.get(hash)
    const { message, attestation } = kept ?? (await sign(hash, sent, renewed))
    if (renewed) again.delete(hash)
    signed.set(hash, { message, attestation, nonce: keccak256(hash) })
    const complete = { ...common, message, attestation, status: 'complete', delayReason: null }
    const change = state.mood.kind === 'says' ? state.mood.change : {}
    const said = { ...complete, ...change, ...(change.message ? await ofAnotherBurn(message) : {}) }
    return { status: 200, body: { messages: [said] } }
  }

  const fees = (): Reply => {
    const { fast, standard } = state.fees
    // Written as JSON numbers, which may have a fraction.
    const list = [
      ...(fast === null ? [] : [`{"finalityThreshold":1000,"minimumFee":${fast}}`]),
      `{"finalityThreshold":2000,"minimumFee":${standard}}`,
    ].join(',')
    const text = state.envelope ? `{"data":[${list}]}` : `[${list}]`
    return { status: 200, body: text }
  }

  const reattest = (nonce: Hex): Reply => {
    const [hash] = [...signed].find(([, each]) => each.nonce === nonce) ?? []
    if (!hash) return { status: 404, body: { code: 404, error: 'Message not found' } }
    state.reattested.push(nonce)
    again.add(hash)
    return { status: 200, body: { message: 'Re-attestation successfully requested for nonce.', nonce } }
  }

  const server = await startWireServer(async (request): Promise<Reply> => {
    const { method, path } = request
    if (clock.now() < state.blockedUntil) throw new Error('asked within the five minutes of a block')
    const [, version, what, ...rest] = path.split('/')
    if (version !== 'v2') throw new Error(`there is no ${method} ${path}`)
    if (method === 'GET' && what === 'messages' && rest.length === 1)
      return messages(request, Number(rest[0]))
    if (method === 'GET' && /^\/v2\/burn\/USDC\/fees\/\d+\/\d+$/.test(path)) return fees()
    if (method === 'GET' && path === '/v2/fastBurn/USDC/allowance')
      return {
        status: 200,
        body: `{"allowance":${state.allowance},"lastUpdated":"2026-11-25T09:00:00.000Z"}`,
      }
    if (method === 'POST' && what === 'reattest' && /^0x[0-9a-f]{64}$/.test(rest[0] ?? ''))
      return reattest(rest[0] as Hex)
    throw new Error(`there is no ${method} ${path}`)
  })
  return Object.assign(server, { state })
}

export type IrisServer = Awaited<ReturnType<typeof startIris>>
