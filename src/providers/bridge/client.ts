import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Decimal } from '../../core/decimal.ts'
import { createWire, type WireAnswer, WireError, type WireOptions } from '../wire.ts'
import type { TransferRequest } from './requests.ts'

export const NAME = 'bridge'

/** Most that one page may hold. */
const PAGE = 100

const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))
const Text = Type.String()

const Receipt = Type.Object({
  initial_amount: maybe(Text),
  developer_fee: maybe(Text),
  exchange_fee: maybe(Text),
  gas_fee: maybe(Text),
  final_amount: maybe(Text),
})
export type Receipt = Static<typeof Receipt>

/** A transfer as far as it concerns us. Amounts are decimals in major units, of a stablecoin's pegged currency too. */
const Transfer = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 255 }),
  client_reference_id: maybe(Text),
  state: Text,
  amount: maybe(Text),
  source: Type.Object({ currency: Text }),
  destination: Type.Object({ currency: Text, amount: maybe(Text) }),
  source_deposit_instructions: maybe(Type.Record(Text, Type.Unknown())),
  receipt: maybe(Receipt),
  return_details: maybe(Type.Object({ risk_rejection_reason: maybe(Text) })),
  created_at: Text,
  updated_at: Text,
})
export type Transfer = Static<typeof Transfer>

const Page = Type.Object({ data: Type.Array(Transfer) })

/** What one dollar is worth, Bridge's charge for the exchange included. */
const Rates = Type.Object({ midmarket_rate: Decimal, buy_rate: Decimal, sell_rate: Decimal })
export type Rates = Static<typeof Rates>

const ErrorBody = Type.Union([
  Type.Object({ code: Text }),
  Type.Object({ errors: Type.Array(Type.Object({ code: Text }), { minItems: 1 }) }),
])

/** The API's own no. The code is empty when it gives none. */
export interface ApiError {
  status: number
  code: string
}

/** Bridge's API. Every call throws WireError, and the signal's reason when that is set. */
export interface Client {
  /** Asks for a transfer. To a key that was sent before it answers as it did then, with the state of then. */
  create(key: string, request: TransferRequest, signal: AbortSignal): Promise<Transfer | ApiError>
  /** The transfer as it is now. */
  find(id: string, signal: AbortSignal): Promise<Transfer>
  /** The newest transfers, or those that were made before the one with the id `after`; empty at the end. */
  page(after: string | null, signal: AbortSignal): Promise<readonly Transfer[]>
  /** Rates for one dollar in the currency; null when Bridge has none for it. */
  rates(currency: string, signal: AbortSignal): Promise<Rates | null>
}

const inShape = <S extends TSchema>(schema: S, { status, body }: WireAnswer): Static<S> => {
  if (status < 300 && Value.Check(schema, body)) return body
  throw new WireError('unreadable', `${NAME} answered HTTP ${status} in another shape than documented`)
}

const errorOf = ({ status, body }: WireAnswer): ApiError => {
  if (!Value.Check(ErrorBody, body)) return { status, code: '' }
  return { status, code: 'code' in body ? body.code : (body.errors[0]?.code ?? '') }
}

/** A client with the key of an account. `baseUrl` ends with the API's version and without a slash. */
export const createClient = (
  { apiKey, baseUrl }: { apiKey: string; baseUrl: string },
  now: WireOptions['now'],
): Client => {
  const wire = createWire({ provider: NAME, baseUrl, headers: () => ({ 'Api-Key': apiKey }), now })
  const get = (path: string, signal: AbortSignal) => wire({ method: 'GET', path }, signal)
  return {
    create: async (key, request, signal) => {
      const answer = await wire(
        { method: 'POST', path: '/transfers', body: request, headers: { 'Idempotency-Key': key } },
        signal,
      )
      return answer.status >= 400 ? errorOf(answer) : inShape(Transfer, answer)
    },
    find: async (id, signal) => inShape(Transfer, await get(`/transfers/${encodeURIComponent(id)}`, signal)),
    page: async (after, signal) => {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after && { starting_after: after }) })
      return inShape(Page, await get(`/transfers?${query}`, signal)).data
    },
    rates: async (currency, signal) => {
      const answer = await get(`/exchange_rates?from=usd&to=${currency}`, signal)
      return answer.status >= 400 ? null : inShape(Rates, answer)
    },
  }
}
