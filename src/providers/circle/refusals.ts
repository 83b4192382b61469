import { ownEntry } from '../../core/own-entry.ts'
import type { Outcome, RefusalClass } from '../port.ts'

/**
 * What the API's codes for a request that it did not carry out come to. A code that is not here says nothing certain:
 * an error of its own (-1), a key that stands for another request (1083, 409), or a code of other products.
 * https://developers.circle.com/circle-mint/circle-apis-api-errors
 */
const CODES: Readonly<Record<string, RefusalClass>> = {
  // Malformed authorization.
  '1': 'temporary',
  // Invalid entity: whatever is wrong with it, it does not name these accounts and this amount.
  '2': 'route',
  // Forbidden for our key.
  '3': 'route',
  // Payment amount is invalid.
  '1077': 'limits',
  // Currency not supported.
  '1078': 'route',
  // Source account invalid, or not found.
  '1088': 'route',
  '1089': 'route',
  // Insufficient funds.
  '1093': 'funds',
  // Payout limit exceeded.
  '1107': 'limits',
  // Unsupported country.
  '1108': 'route',
  // The address is there already, not verified, on an unsupported chain, or in a wallet that is not supported.
  '2003': 'route',
  '2004': 'route',
  '2005': 'route',
  '2006': 'route',
  // Unsupported transfer.
  '2007': 'route',
  // Invalid travel rule identity.
  '5000': 'route',
  // Payout not found.
  '5001': 'route',
  // Invalid payout amount.
  '5002': 'limits',
  // Destination inactive, or not found; source wallet not found.
  '5003': 'route',
  '5004': 'route',
  '5005': 'route',
  // Insufficient funds.
  '5006': 'funds',
  // Unsupported currency.
  '5007': 'route',
  // Invalid destination address, destination types, or source wallet.
  '5011': 'route',
  '5012': 'route',
  '5013': 'route',
  // The address is not valid for the chain, or the chain not for the currency.
  '5014': 'route',
  '5015': 'route',
  // Bad request, and not found.
  '400': 'route',
  '404': 'route',
}

/** Of an invalid entity, these say that its amount is out of bounds. */
const OUT_OF_BOUNDS: ReadonlySet<string> = new Set([
  'min_value',
  'max_value',
  'value_too_low',
  'value_too_high',
  'number_format',
])

/** Why a transfer failed after it was accepted. */
export const TRANSFER_ERRORS: Readonly<Record<string, RefusalClass>> = {
  transfer_failed: 'temporary',
  transfer_denied: 'compliance',
  blockchain_error: 'temporary',
  insufficient_funds: 'funds',
}

/** Why a payout failed after it was accepted. */
export const PAYOUT_ERRORS: Readonly<Record<string, RefusalClass>> = {
  insufficient_funds: 'funds',
  transaction_denied: 'compliance',
  transaction_failed: 'temporary',
  transaction_returned: 'route',
  bank_transaction_error: 'temporary',
  fiat_account_limit_exceeded: 'limits',
  invalid_bank_account_number: 'route',
  invalid_ach_rtn: 'route',
  invalid_wire_rtn: 'route',
  vendor_inactive: 'route',
  payout_canceled: 'temporary',
}

/** Constant, because customers read them: the provider's own words are in the log alone. */
const SENTENCES: Readonly<Record<RefusalClass, string>> = {
  funds: 'the balance at circle does not cover it',
  compliance: 'circle may not carry it out',
  limits: 'the amount is outside the limits of circle',
  route: 'circle does not carry it out between these accounts',
  temporary: 'circle could not carry it out right now',
}

export const refusal = (reason: RefusalClass): Outcome => ({
  kind: 'refused',
  reason,
  message: SENTENCES[reason],
})

/** A request that the API did not carry out, by its own words. */
export class CircleError extends Error {
  override readonly name = 'CircleError'

  constructor(
    readonly status: number,
    readonly code: string,
    /** What is wrong with which field of the request, where it says so. */
    readonly problems: readonly { error: string; location?: string }[],
  ) {
    super(`circle answered HTTP ${status} with code ${code.replace(/[^\w-]/g, '')}`)
  }
}

/** Why the API did not carry a request out; null when its code does not say for certain that it did not. */
export const reasonOf = ({ code, problems }: CircleError): RefusalClass | null => {
  const outOfBounds = problems.some(
    ({ error, location }) => OUT_OF_BOUNDS.has(error) && location?.includes('amount'),
  )
  if (code === '2' && outOfBounds) return 'limits'
  return ownEntry(CODES, code) ?? null
}

/** The refusal of something that has failed, by its word for why. Throws for a word that is not documented. */
export const failure = (
  table: Readonly<Record<string, RefusalClass>>,
  word: string | null | undefined,
): Outcome => {
  if (word == null) return refusal('temporary')
  const reason = ownEntry(table, word)
  if (reason === undefined) throw new Error('circle gives a reason for a failure that is not documented')
  return refusal(reason)
}
