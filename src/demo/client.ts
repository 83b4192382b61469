import { EventSourceParserStream } from 'eventsource-parser/stream'
import { DemoFailure } from './failure.ts'
import type { FeeAnswer, FeeWish } from './scenarios.ts'
import type { Endpoint, Payment, Quote, Transition } from './wire.ts'

/** Body of POST /quotes. */
export interface QuoteWish {
  from_currency: string
  to_currency: string
  amount: number
}

/** Body of POST /payments. */
export interface PaymentWish {
  amount: number
  currency: string
  source_account: string
  destination_account: string
  quote_id: string
}

const problemOf = async (what: string, response: Response): Promise<DemoFailure> => {
  const text = await response.text()
  try {
    const body = JSON.parse(text) as { error: string; message: string; request_id: string }
    return new DemoFailure(
      `${what} answered ${response.status} ${body.error}: ${body.message} (${body.request_id})`,
    )
  } catch {
    return new DemoFailure(`${what} answered ${response.status}: ${text.slice(0, 200)}`)
  }
}

/** A caller of the API at `url`. Every method throws DemoFailure for an answer that is not a 2xx. */
export const createClient = (url: string, signal: AbortSignal) => {
  const send = async (method: string, path: string, init: { body?: unknown; key?: string } = {}) => {
    const response = await fetch(url + path, {
      method,
      signal,
      headers: {
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.key === undefined ? {} : { 'idempotency-key': init.key }),
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    })
    if (!response.ok) throw await problemOf(`${method} ${path}`, response)
    return response
  }
  const json = async <T>(...request: Parameters<typeof send>): Promise<T> =>
    (await (await send(...request)).json()) as T

  return {
    registerEndpoint: (target: string) =>
      json<Endpoint>('POST', '/webhooks/endpoints', { body: { url: target } }),
    listEndpoints: async () =>
      (await json<{ data: Pick<Endpoint, 'id'>[] }>('GET', '/webhooks/endpoints?limit=100')).data,
    deleteEndpoint: async (id: string): Promise<void> => {
      await send('DELETE', `/webhooks/endpoints/${id}`)
    },
    fees: (body: FeeWish) => json<FeeAnswer>('POST', '/fees/calculate', { body }),
    quote: (body: QuoteWish) => json<Quote>('POST', '/quotes', { body }),
    pay: (body: PaymentWish, key: string) =>
      json<{ payment_id: string; status: string }>('POST', '/payments', { body, key }),
    payment: (id: string) => json<Payment>('GET', `/payments/${id}`),

    /** The payment's changes as they happen, until it ends. */
    async *follow(id: string): AsyncGenerator<Transition> {
      const { body } = await send('GET', `/payments/${id}/events`)
      if (!body) return
      const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { event, data } of events)
        if (event === 'transition') yield JSON.parse(data) as Transition
    },
  }
}

export type Client = ReturnType<typeof createClient>
