import { type Static, type TSchema, Type } from '@sinclair/typebox'

const absent = <S extends TSchema>(schema: S) => Type.Optional(Type.Union([schema, Type.Null()]))

/** Documented as text, and shown as a number here and there: both arrive as text. */
const Money = Type.Object({ amount: Type.String(), currency: Type.String() })
export type Money = Static<typeof Money>

const Id = Type.String({ minLength: 1, maxLength: 100 })

const Instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,20}(Z|[+-]\\d\\d:\\d\\d)$' })

/** A wire that reached our account. */
export const Deposit = Type.Object({
  id: Id,
  /** The bank account that it came from, by its id here. */
  sourceWalletId: Type.Optional(Type.String()),
  amount: Money,
  fee: absent(Money),
  status: Type.String(),
  createDate: Instant,
})
export type Deposit = Static<typeof Deposit>

/** USDC on its way between our account and a chain. */
export const Transfer = Type.Object({
  id: Id,
  source: Type.Object({ type: Type.String() }),
  destination: Type.Object({ type: Type.String(), address: Type.Optional(Type.String()) }),
  amount: Money,
  fees: absent(Type.Array(Money)),
  status: Type.String(),
  errorCode: absent(Type.String()),
  createDate: Type.Optional(Instant),
})
export type Transfer = Static<typeof Transfer>

/** Money on its way from our account to a bank. */
export const Payout = Type.Object({
  id: Id,
  destination: Type.Object({ type: Type.String(), id: Id }),
  amount: Money,
  fees: absent(Money),
  status: Type.String(),
  errorCode: absent(Type.String()),
  return: absent(Type.Object({ status: Type.String() })),
  createDate: Type.Optional(Instant),
  updateDate: Type.Optional(Instant),
})
export type Payout = Static<typeof Payout>

export const Quote = Type.Object({ id: Id, from: Money, to: Money, expiry: Instant })
export type Quote = Static<typeof Quote>

export const Trade = Type.Object({
  id: Id,
  from: Money,
  to: Money,
  status: Type.String(),
  quoteId: Id,
  createDate: Type.Optional(Instant),
  updateDate: Type.Optional(Instant),
})
export type Trade = Static<typeof Trade>

/** An address on a chain that our account may send to. */
export const Recipient = Type.Object({
  id: Id,
  address: Type.String(),
  chain: Type.String(),
  status: Type.Optional(Type.String()),
})
export type Recipient = Static<typeof Recipient>

/** Where a payer has to wire to: whatever it says is passed on. */
export const WireInstructions = Type.Object({ trackingRef: Type.String({ minLength: 1 }) })
export type WireInstructions = Static<typeof WireInstructions>

export const Pong = Type.Object({ message: Type.Literal('pong') })

/** What the API says of a request that it did not carry out. */
export const Problem = Type.Object({
  code: Type.String({ maxLength: 20 }),
  errors: absent(Type.Array(Type.Object({ error: Type.String(), location: Type.Optional(Type.String()) }))),
})
