import type { TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Clock } from '../../core/clock.ts'
import { createWire, WireError, type WireRequest } from '../wire.ts'
import {
  type CpnPayment,
  type CpnQuote,
  type CpnTransaction,
  ErrorBody,
  Payment,
  Pong,
  Quote,
  Requirements,
  Transaction,
} from './model.ts'
import { ERRORS, type ErrorMeaning } from './refusals.ts'
import { meaningOf } from './states.ts'

/** An answer of the API that says no. The message is for the log; it holds nothing of the answer but its code. */
export class CpnError extends Error {
  override readonly name = 'CpnError'
  /** What the documented code means, null for one that is not documented. */
  readonly meaning: ErrorMeaning | null

  constructor(
    readonly code: string,
    status: number,
  ) {
    super(`cpn answered HTTP ${status} with code ${code}`)
    this.meaning = meaningOf(ERRORS, code)
  }
}

/** What a quote is asked for; the amount stands on exactly one side, in major units. */
export interface QuoteRequest {
  paymentMethodType: string
  senderCountry: string
  destinationCountry: string
  senderType: string
  recipientType: string
  blockchain: string
  sourceAmount: { amount?: string; currency: 'USDC' }
  destinationAmount: { amount?: string; currency: string }
}

/** What a payment is made from; both data fields are sealed to the paying institution. */
export interface PaymentRequest {
  idempotencyKey: string
  quoteId: string
  beneficiaryAccountData: string
  travelRuleData: string
  senderAddress: string
  refundAddress: string
  blockchain: string
  reasonForPayment: string
  customerRefId: string
  refCode: string
  useCase: string
}

/** Which payments are listed: by our reference, or by the time that they were made. */
export type PaymentFilter = { customerRefId: string } | { from: string; to: string; pageAfter?: string }

export interface CpnClientOptions {
  /** Without a slash at its end. */
  baseUrl: string
  apiKey: string
  clock: Clock
}

/** Items of a page; CPN allows no more. */
export const PAGE_SIZE = 200

export type CpnClient = ReturnType<typeof createCpnClient>

/** The typed calls of CPN's API. Each throws CpnError for a no, WireError, and the signal's reason when that is set. */
export const createCpnClient = ({ baseUrl, apiKey, clock }: CpnClientOptions) => {
  const wire = createWire({
    provider: 'cpn',
    baseUrl,
    headers: () => ({ authorization: `Bearer ${apiKey}` }),
    now: clock.now,
  })

  const call = async <T>(schema: TSchema, request: WireRequest, signal: AbortSignal): Promise<T> => {
    const { status, body } = await wire(request, signal)
    if (status >= 200 && status < 300) {
      if (Value.Check(schema, body)) return body as T
      throw new WireError('unreadable', 'cpn answered in a form that is not documented')
    }
    throw new CpnError(Value.Check(ErrorBody, body) ? body.code : 'none', status)
  }

  const data = async <T>(schema: TSchema, request: WireRequest, signal: AbortSignal): Promise<T> =>
    (await call<{ data: T }>(Type.Object({ data: schema }), request, signal)).data

  const post = (path: string, body: unknown): WireRequest => ({ method: 'POST', path, body })
  const get = (path: string): WireRequest => ({ method: 'GET', path })
  const transactions = (paymentId: string) => `/v2/cpn/payments/${paymentId}/transactions`

  return {
    ping: (signal: AbortSignal) => call<{ message: string }>(Pong, get('/ping'), signal),
    quotes: (request: QuoteRequest, signal: AbortSignal) =>
      data<CpnQuote[]>(
        Type.Array(Quote),
        post('/v1/cpn/quotes', { ...request, transactionVersion: 'VERSION_2' }),
        signal,
      ),
    requirements: (quoteId: string, signal: AbortSignal) =>
      data<Requirements>(Requirements, get(`/v1/cpn/payments/requirements?quoteId=${quoteId}`), signal),
    createPayment: (request: PaymentRequest, signal: AbortSignal) =>
      data<CpnPayment>(Payment, post('/v1/cpn/payments', request), signal),
    payment: (id: string, signal: AbortSignal) =>
      data<CpnPayment>(Payment, get(`/v1/cpn/payments/${id}`), signal),
    payments: (filter: PaymentFilter, signal: AbortSignal) => {
      const query = new URLSearchParams({ ...filter, pageSize: String(PAGE_SIZE) })
      return data<CpnPayment[]>(Type.Array(Payment), get(`/v1/cpn/payments?${query}`), signal)
    },
    createTransaction: (paymentId: string, idempotencyKey: string, signal: AbortSignal) =>
      data<CpnTransaction>(Transaction, post(transactions(paymentId), { idempotencyKey }), signal),
    transaction: (paymentId: string, id: string, signal: AbortSignal) =>
      data<CpnTransaction>(Transaction, get(`${transactions(paymentId)}/${id}`), signal),
    submit: (paymentId: string, id: string, signedTransaction: string, signal: AbortSignal) =>
      data<CpnTransaction>(
        Transaction,
        post(`${transactions(paymentId)}/${id}/submit`, { signedTransaction }),
        signal,
      ),
  }
}
