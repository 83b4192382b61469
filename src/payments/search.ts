import { isUuid } from '../core/ids.ts'
import { parseQuoteId } from '../quotes/view.ts'

/** What a caller looks for among payments. */
export type Search =
  /** The payment with this id, or the one that pays the quote with it. */
  | { kind: 'id'; paymentId: string | null; quoteId: string }
  /** A part of either account's name. */
  | { kind: 'name'; part: string }

/** Payments that one page of a search by name looks at, so that no search reads an account from end to end. */
export const SCANNED = 20_000

/** What a search text means: an id where it is one, in either case of its letters, else a part of a name. */
export const parseSearch = (given: string): Search => {
  const text = given.trim()
  const id = text.toLowerCase()
  if (isUuid(id)) return { kind: 'id', paymentId: id, quoteId: id }
  const quoteId = parseQuoteId(id)
  return quoteId === null ? { kind: 'name', part: text } : { kind: 'id', paymentId: null, quoteId }
}
