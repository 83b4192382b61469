import { type Static, Type } from '@sinclair/typebox'
import { PageStatus } from '../status-page.ts'

/** Its documented pattern, and nothing that would be another path. */
const TransferId = Type.String({ pattern: '^transfer_[\\w-]{1,60}$' })
const Instant = Type.String({ minLength: 20, maxLength: 40 })

// The documentation has an object for each kind of end; what they hold beyond this is of no concern to us.
const End = Type.Object({
  accountId: Type.Optional(Type.String()),
  paymentMethodId: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
})

const Terms = {
  source: End,
  target: End,
  sourceAmount: Type.Optional(Type.String()),
  sourceAsset: Type.Optional(Type.String()),
  targetAmount: Type.Optional(Type.String()),
  targetAsset: Type.Optional(Type.String()),
  exchangeRate: Type.Optional(
    Type.Object({ sourceAsset: Type.String(), targetAsset: Type.String(), rate: Type.String() }),
  ),
  fees: Type.Optional(Type.Array(Type.Object({ amount: Type.String(), asset: Type.String() }))),
  /** Given when the rate cannot be guaranteed, and kept as it was afterwards. */
  estimate: Type.Optional(Type.Object({})),
}

/** What a transfer would be: the answer to `validateOnly`. */
export const Preview = Type.Object(Terms)
export type Preview = Static<typeof Preview>

/** A transfer as the API shows it. Amounts are decimals in major units. */
export const Transfer = Type.Object({
  ...Terms,
  transferId: TransferId,
  status: Type.String(),
  createdAt: Instant,
  updatedAt: Instant,
  /** Only while it is quoted, and afterwards too where it never was executed. */
  expiresAt: Type.Optional(Instant),
  failureReason: Type.Optional(Type.String()),
  failureDetails: Type.Optional(Type.Object({ failureCode: Type.Optional(Type.String()) })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
})
export type Transfer = Static<typeof Transfer>

/** A page of a list; without a token, or with an empty one, it is the last. */
const paged = { nextPageToken: Type.Optional(Type.String()) }

export const TransferPage = Type.Object({ ...paged, transfers: Type.Array(Transfer) })
export type TransferPage = Static<typeof TransferPage>

const Rail = Type.Optional(Type.Object({ asset: Type.String() }))

/** The banks that we may pay; the details stand under the name of the rail. */
export const PaymentMethodPage = Type.Object({
  ...paged,
  paymentMethods: Type.Array(
    Type.Object({
      paymentMethodId: Type.String(),
      active: Type.Boolean(),
      paymentRail: Type.String(),
      fedwire: Rail,
      swift: Rail,
      sepa: Rail,
    }),
  ),
})
export type PaymentMethodPage = Static<typeof PaymentMethodPage>

export const ApiError = Type.Object({ errorType: Type.String() })

/** A status page of Atlassian Statuspage. */
export const StatusPage = Type.Object({ status: PageStatus })
