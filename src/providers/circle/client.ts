import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { Clock } from '../../core/clock.ts'
import { answersOf, isOk } from '../answer.ts'
import { createWire, type Wire, type WireAnswer } from '../wire.ts'
import { CircleError } from './refusals.ts'
import type { CircleSettings } from './settings.ts'
import {
  Deposit,
  Payout,
  Pong,
  Problem,
  Quote,
  Recipient,
  Trade,
  Transfer,
  WireInstructions,
} from './shapes.ts'

/** An amount in the API's own words: USDC is "USD" and EURC "EUR", except in exchanges. */
export interface NewMoney {
  amount: string
  currency: string
}

export interface NewTransfer {
  destination: { type: 'verified_blockchain'; addressId: string }
  amount: NewMoney
}

export interface NewPayout {
  destination: { type: string; id: string }
  amount: NewMoney
}

export interface NewQuote {
  type: 'reference' | 'tradable'
  from: { currency: string; amount: string | null }
  to: { currency: string; amount: string | null }
}

/** Created within, ISO 8601, both included; without `to`, until now. */
export interface Within {
  from: string
  to?: string
}

/** Pages of a listing, the newest first. */
type Pages<T> = AsyncIterable<readonly T[]>

/**
 * The calls that we need of Circle Mint. Each throws WireError when there is no telling what it did, CircleError when the
 * API says that it did nothing, and the signal's reason when that is set. A `key` is that of the API's idempotency.
 */
export interface CircleClient {
  ping(signal: AbortSignal): Promise<void>
  recipients(signal: AbortSignal): Pages<Recipient>
  /** Null when there is no such bank account. */
  instructions(bank: string, signal: AbortSignal): Promise<WireInstructions | null>
  deposits(within: Within, signal: AbortSignal): Pages<Deposit>
  createTransfer(key: string, transfer: NewTransfer, signal: AbortSignal): Promise<Transfer>
  transfer(id: string, signal: AbortSignal): Promise<Transfer>
  transfers(within: Within, signal: AbortSignal): Pages<Transfer>
  createPayout(key: string, payout: NewPayout, signal: AbortSignal): Promise<Payout>
  payout(id: string, signal: AbortSignal): Promise<Payout>
  payouts(within: Within, signal: AbortSignal): Pages<Payout>
  quote(key: string, quote: NewQuote, signal: AbortSignal): Promise<Quote>
  createTrade(key: string, quoteId: string, signal: AbortSignal): Promise<Trade>
  trade(id: string, signal: AbortSignal): Promise<Trade>
  /** All trades; no paging is documented. */
  trades(signal: AbortSignal): Promise<readonly Trade[]>
}

/** The most that the documentation allows. */
const PAGE = '50'

const BUSINESS = '/v1/businessAccount'

const { unreadable, inShape } = answersOf('circle')

const errorOf = ({ status, body }: WireAnswer): CircleError => {
  const { code, errors } = inShape(Problem, body)
  return new CircleError(status, code, errors ?? [])
}

const dataIn = <S extends TSchema>(schema: S, answer: WireAnswer): Static<S> => {
  if (!isOk(answer)) throw errorOf(answer)
  const { data } = inShape(Type.Object({ data: Type.Unknown() }), answer.body)
  return inShape(schema, data)
}

const sameId = <T extends { id: string }>(id: string, found: T): T => {
  if (found.id !== id) throw unreadable('with another thing than was asked for')
  return found
}

/** Pages by the documented cursor, until an empty one: a short page may be the collection's own limit. */
const pager = (wire: Wire) =>
  async function* <S extends TSchema>(
    schema: S,
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Pages<Static<S> & { id: string }> {
    const Page = Type.Array(Type.Intersect([schema, Type.Object({ id: Type.String() })]))
    for (let after: string | null = null; ; ) {
      const cursor: Record<string, string> = after === null ? {} : { pageAfter: after }
      const asked = new URLSearchParams({ ...query, pageSize: PAGE, ...cursor })
      const page = dataIn(Page, await wire({ method: 'GET', path: `${path}?${asked}` }, signal))
      const last = page.at(-1)?.id
      if (last === undefined) return
      if (last === after) throw unreadable('with the same page again')
      yield page
      after = last
    }
  }

/** A client of the API with the key and at the place of the settings. */
export const createCircleClient = ({ apiKey, baseUrl }: CircleSettings, clock: Clock): CircleClient => {
  const wire = createWire({
    provider: 'circle',
    baseUrl,
    headers: () => ({ authorization: `Bearer ${apiKey}` }),
    now: clock.now,
  })
  const list = pager(wire)
  const get = (path: string, signal: AbortSignal) => wire({ method: 'GET', path }, signal)
  const act = async <S extends TSchema>(
    schema: S,
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Static<S>> => dataIn(schema, await wire({ method: 'POST', path, body }, signal))
  const one = async <S extends TSchema>(schema: S, path: string, id: string, signal: AbortSignal) =>
    dataIn(schema, await get(`${path}/${encodeURIComponent(id)}`, signal))

  return {
    ping: async (signal) => {
      const answer = await get('/ping', signal)
      if (!isOk(answer)) throw errorOf(answer)
      inShape(Pong, answer.body)
    },
    recipients: (signal) => list(Recipient, `${BUSINESS}/wallets/addresses/recipient`, {}, signal),
    instructions: async (bank, signal) => {
      const path = `${BUSINESS}/banks/wires/${encodeURIComponent(bank)}/instructions?currency=USD`
      const answer = await get(path, signal)
      return answer.status === 404 ? null : dataIn(WireInstructions, answer)
    },
    deposits: (within, signal) => list(Deposit, `${BUSINESS}/deposits`, { type: 'wire', ...within }, signal),
    createTransfer: (idempotencyKey, transfer, signal) =>
      act(Transfer, `${BUSINESS}/transfers`, { idempotencyKey, ...transfer }, signal),
    transfer: async (id, signal) => sameId(id, await one(Transfer, `${BUSINESS}/transfers`, id, signal)),
    transfers: (within, signal) => list(Transfer, `${BUSINESS}/transfers`, { ...within }, signal),
    createPayout: (idempotencyKey, payout, signal) =>
      act(Payout, `${BUSINESS}/payouts`, { idempotencyKey, ...payout }, signal),
    payout: async (id, signal) => sameId(id, await one(Payout, `${BUSINESS}/payouts`, id, signal)),
    payouts: (within, signal) => list(Payout, `${BUSINESS}/payouts`, { ...within }, signal),
    quote: (idempotencyKey, quote, signal) =>
      act(Quote, '/v1/exchange/quotes', { idempotencyKey, ...quote }, signal),
    createTrade: (idempotencyKey, quoteId, signal) =>
      act(Trade, '/v1/exchange/trades', { idempotencyKey, quoteId }, signal),
    trade: async (id, signal) => sameId(id, await one(Trade, '/v1/exchange/trades', id, signal)),
    trades: async (signal) => dataIn(Type.Array(Trade), await get('/v1/exchange/trades', signal)),
  }
}
