import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Integer } from '../../core/decimal.ts'

/** Optional fields come as null from some of the API's endpoints. */
const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

/** Goes into paths and references, so that nothing but an id may pass. */
const Id = Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' })
const Text = Type.String({ maxLength: 200 })
const Instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$' })
const Hex20 = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' })
const Hex32 = Type.String({ pattern: '^0x[0-9a-fA-F]{64}$' })
const Uint256 = Type.String({ pattern: '^\\d{1,78}$' })

const Money = Type.Object({ amount: Type.String({ maxLength: 60 }), currency: Text })

/** The code is a number, which arrives as it was written. */
export const ErrorBody = Type.Object({ code: Type.String({ pattern: '^-?\\d{1,10}$' }) })

export const Pong = Type.Object({ message: Type.Literal('pong') })

/** The paying institution's public key, which what it has to know is sealed to. */
export const Jwk = Type.Object({
  kty: Type.Literal('EC'),
  crv: Type.Literal('P-256'),
  x: Type.String({ pattern: '^[\\w-]{43}$' }),
  y: Type.String({ pattern: '^[\\w-]{43}$' }),
})
export type Jwk = Static<typeof Jwk>

const Certificate = Type.Object({
  certPem: Type.String({ maxLength: 20_000 }),
  domain: Text,
  jwk: Jwk,
})
export type Certificate = Static<typeof Certificate>

export const Quote = Type.Object({
  id: Id,
  paymentMethodType: Text,
  blockchain: Text,
  quoteExpireDate: Instant,
  sourceAmount: Money,
  destinationAmount: Money,
  fees: Type.Object({ totalAmount: Money }),
  certificate: Certificate,
})
export type CpnQuote = Static<typeof Quote>

/** One thing that the paying institution has to know; the API reference calls its name `field`, the guide `name`. */
const Requirement = Type.Object({
  name: maybe(Text),
  field: maybe(Text),
  type: Text,
  optional: Type.Boolean(),
  values: maybe(Type.Array(Text)),
})
export type Requirement = Static<typeof Requirement>

export const Requirements = Type.Object({
  travelRule: Type.Array(Requirement),
  beneficiaryAccount: Type.Array(Requirement),
})
export type Requirements = Static<typeof Requirements>

const Refund = Type.Object({ id: Id, status: Text, amount: maybe(Money) })
const Rfi = Type.Object({ id: Id, status: Text })

export const Payment = Type.Object({
  id: Id,
  quoteId: Text,
  status: Text,
  customerRefId: maybe(Text),
  createDate: Instant,
  expireDate: Instant,
  sourceAmount: Money,
  destinationAmount: Money,
  failureReason: maybe(Text),
  failureCode: maybe(Text),
  activeRfi: maybe(Rfi),
  onChainTransactions: maybe(Type.Array(Type.Object({ id: Id, status: Text }))),
  refunds: maybe(Type.Array(Refund)),
})
export type CpnPayment = Static<typeof Payment>

/** What is to be signed: permission for CPN's settlement contract to take USDC through Permit2, once. */
export const PaymentIntent = Type.Object({
  domain: Type.Object({ name: Text, chainId: Integer, verifyingContract: Hex20 }),
  primaryType: Text,
  types: Type.Record(Type.String(), Type.Array(Type.Object({ name: Text, type: Text }))),
  message: Type.Object({
    permitted: Type.Object({ token: Hex20, amount: Uint256 }),
    spender: Hex20,
    nonce: Uint256,
    deadline: Uint256,
    witness: Type.Object({
      from: Hex20,
      to: Hex20,
      value: Uint256,
      validAfter: Uint256,
      validBefore: Uint256,
      nonce: Hex32,
      beneficiary: Hex20,
      maxFee: Uint256,
      attester: Hex20,
      requirePayeeSign: Type.Boolean(),
    }),
  }),
})
export type PaymentIntent = Static<typeof PaymentIntent>

export const Transaction = Type.Object({
  id: Id,
  paymentId: Id,
  status: Text,
  failureReason: maybe(Text),
  blockchain: Text,
  senderAddress: Hex20,
  destinationAddress: Hex20,
  messageType: Text,
  messageToBeSigned: Type.Unknown(),
})
export type CpnTransaction = Static<typeof Transaction>
