import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES } from '../../core/currency.ts'
import { ownEntry } from '../../core/own-entry.ts'
import { oneOf, strict } from '../../core/schema.ts'
import type { Requirement } from './model.ts'

const CLOSED = { additionalProperties: false }

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Country = Type.String({ pattern: '^[A-Z]{2}$' })
const PartyType = oneOf(['INDIVIDUAL', 'BUSINESS'])

/** A text, or an address by its parts: street, city, postalCode, stateProvince, country. */
const Detail = Type.Union([Name, Type.Record(Type.String({ pattern: '^[A-Za-z]{1,40}$' }), Name, CLOSED)])
type Detail = Static<typeof Detail>

/** Details by CPN's names for them, such as BENEFICIARY_NAME or IBAN. */
const Details = Type.Record(Type.String({ pattern: '^[A-Z][A-Z_]{1,80}$' }), Detail, CLOSED)
export type Details = Static<typeof Details>

const Originator = strict({ country: Country, type: PartyType, travelRule: Details })

const Beneficiary = strict({
  country: Country,
  type: PartyType,
  currency: oneOf(FIAT_CURRENCIES),
  /** CPN's name of the rail, such as SEPA. */
  paymentMethodType: Type.String({ pattern: '^[A-Z][A-Z-]{1,40}$' }),
  reasonForPayment: Type.String({ pattern: '^PMT0(0[1-9]|[12]\\d|30)$' }),
  travelRule: Details,
  account: Details,
})
export type Beneficiary = Static<typeof Beneficiary>

const Parties = <T extends typeof Originator | typeof Beneficiary>(party: T) =>
  Type.Record(Type.String({ pattern: '^[\\w.-]{1,100}$' }), party, CLOSED)

/** Who we are and whom we pay for and to: what the law of the travel rule and a payee's bank want to know. */
export const Book = strict({
  /** Our own part of the travel rule. */
  institution: Details,
  originators: Parties(Originator),
  beneficiaries: Parties(Beneficiary),
})
export type Book = Static<typeof Book>

/** The two ends of a payout. */
export interface Ends {
  originator: Static<typeof Originator>
  beneficiary: Beneficiary
}

/** The ends that the links name; null for one that the book does not have. */
export const endsOf = (book: Book, originatorId: string, beneficiaryId: string): Ends | null => {
  const originator = ownEntry(book.originators, originatorId)
  const beneficiary = ownEntry(book.beneficiaries, beneficiaryId)
  return originator && beneficiary ? { originator, beneficiary } : null
}

/** CPN's use case of a payment, which has to be the one that its quote implies. */
export const useCaseOf = ({ originator, beneficiary }: Ends): string =>
  `${originator.type === 'BUSINESS' ? 'B' : 'C'}2${beneficiary.type === 'BUSINESS' ? 'B' : 'C'}`

/** One detail as CPN wants it inside of what is sealed. */
export interface Filled {
  name: string
  value: Detail
}

const fits = (value: Detail, { type, values }: Requirement): boolean => {
  if (type === 'ADDRESS') return typeof value !== 'string'
  return type === 'TEXT' && typeof value === 'string' && (values?.includes(value) ?? true)
}

/**
 * Those of the held details that are asked for, and no others: what is not needed is told to nobody. Null when one that is
 * required is not held, or not in the form that is asked for.
 */
export const fill = (required: readonly Requirement[], held: Details): Filled[] | null => {
  const filled: Filled[] = []
  for (const requirement of required) {
    const name = requirement.name ?? requirement.field ?? ''
    const value = ownEntry(held, name)
    if (value !== undefined && fits(value, requirement)) filled.push({ name, value })
    else if (!requirement.optional) return null
  }
  return filled
}
