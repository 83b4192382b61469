import type { Static, TSchema } from '@sinclair/typebox'
import type { Clock } from '../../core/clock.ts'
import { answersOf, isOk } from '../answer.ts'
import { createWire, type WireAnswer, type WireRequest } from '../wire.ts'
import type { NewTransfer } from './order.ts'
import type { CoinbaseSettings } from './settings.ts'
import { ApiError, PaymentMethodPage, Preview, StatusPage, Transfer, TransferPage } from './shapes.ts'
import { createSigner } from './token.ts'

/** What a call that acts came to: the transfer as it then was, or why the API did nothing. */
export type Answer = { transfer: Transfer } | { errorType: string }

/** The calls that we need of the API. All throw WireError, and the signal's reason when that is set. */
export interface CoinbaseClient {
  /** Makes a transfer that is quoted, and moves nothing before it is executed. */
  create(transfer: NewTransfer, key: string, signal: AbortSignal): Promise<Answer>
  execute(transferId: string, key: string, signal: AbortSignal): Promise<Answer>
  transfer(transferId: string, signal: AbortSignal): Promise<Transfer>
  /** What the transfer would be; nothing is made. */
  preview(transfer: NewTransfer, signal: AbortSignal): Promise<Preview>
  /** A page of transfers made from `from` to `to`, ISO 8601, both included. */
  transfers(from: string, to: string, pageToken: string | null, signal: AbortSignal): Promise<TransferPage>
  paymentMethods(pageToken: string | null, signal: AbortSignal): Promise<PaymentMethodPage>
  /** What the status page says: Statuspage's `none`, `minor`, `major` or `critical`. */
  statusIndicator(signal: AbortSignal): Promise<string>
}

/** The most that the documentation allows. */
const PAGE = '100'

const { unreadable, inShape } = answersOf('coinbase')

const errorTypeIn = ({ body }: WireAnswer): string => inShape(ApiError, body).errorType

const expected = <S extends TSchema>(schema: S, answer: WireAnswer): Static<S> => {
  // Only what could be a code, for it goes into the log.
  if (!isOk(answer))
    throw unreadable(`${answer.status} ${errorTypeIn(answer).replace(/\W/g, '').slice(0, 60)}`)
  return inShape(schema, answer.body)
}

const sameId = (transferId: string, transfer: Transfer): Transfer => {
  if (transfer.transferId !== transferId) throw unreadable('with another transfer than was asked for')
  return transfer
}

/** A client of the API, and of its status page. Throws when the settings' key is none. */
export const createCoinbaseClient = (settings: CoinbaseSettings, clock: Clock): CoinbaseClient => {
  const { apiKeyId, apiKeySecret, baseUrl, statusUrl } = settings
  const signer = createSigner(apiKeyId, apiKeySecret)
  const base = new URL(baseUrl)

  const authorization = async ({ method, path }: WireRequest) => {
    const uri = `${method} ${base.host}${base.pathname.replace(/\/$/, '')}${path.replace(/\?.*/, '')}`
    return { authorization: `Bearer ${await signer.token(uri, clock.now())}` }
  }
  const wire = createWire({ provider: 'coinbase', baseUrl, headers: authorization, now: clock.now })
  const statusWire = createWire({
    provider: 'the status page of coinbase',
    baseUrl: statusUrl,
    headers: () => ({}),
    now: clock.now,
  })

  const get = (path: string, signal: AbortSignal) => wire({ method: 'GET', path }, signal)
  const list = (path: string, query: Record<string, string>, pageToken: string | null, signal: AbortSignal) =>
    get(
      `${path}?${new URLSearchParams({ ...query, pageSize: PAGE, ...(pageToken ? { pageToken } : {}) })}`,
      signal,
    )
  const act = async (path: string, body: unknown, key: string, signal: AbortSignal): Promise<Answer> => {
    const headers = { 'x-idempotency-key': key }
    const answer = await wire({ method: 'POST', path, headers, body }, signal)
    return isOk(answer) ? { transfer: inShape(Transfer, answer.body) } : { errorType: errorTypeIn(answer) }
  }

  return {
    create: (transfer, key, signal) => act('/v2/transfers', transfer, key, signal),
    execute: async (transferId, key, signal) => {
      const answer = await act(`/v2/transfers/${transferId}/execute`, undefined, key, signal)
      if ('transfer' in answer) sameId(transferId, answer.transfer)
      return answer
    },
    transfer: async (transferId, signal) =>
      sameId(transferId, expected(Transfer, await get(`/v2/transfers/${transferId}`, signal))),
    preview: async (transfer, signal) => {
      const body = { ...transfer, validateOnly: true }
      return expected(Preview, await wire({ method: 'POST', path: '/v2/transfers', body }, signal))
    },
    transfers: async (createdAfter, createdBefore, pageToken, signal) =>
      expected(TransferPage, await list('/v2/transfers', { createdAfter, createdBefore }, pageToken, signal)),
    paymentMethods: async (pageToken, signal) =>
      expected(PaymentMethodPage, await list('/v2/payment-methods', {}, pageToken, signal)),
    statusIndicator: async (signal) =>
      expected(StatusPage, await statusWire({ method: 'GET', path: '' }, signal)).status.indicator,
  }
}
