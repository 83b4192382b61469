import { REFUSAL_CLASSES, type RefusalClass } from '../port.ts'
import type { ApiError } from './client.ts'

/**
 * The documented codes of an answer to a request for a transfer. `unknown`: something may stand under the key already.
 * Codes of HTTP 401 are not here, because whoever is not let in has asked for nothing.
 */
export const REFUSALS = {
  invalid_parameters: 'route',
  invalid_json: 'route',
  bad_request: 'route',
  bad_customer_request: 'route',
  not_found: 'route',
  Invalid: 'route',
  not_allowed: 'route',
  has_not_accepted_tos: 'route',
  requires_active_kyc_status: 'route',
  missing_required_endorsements: 'route',
  cards_endorsement_approval_required: 'route',
  missing_address_data: 'route',
  invalid_geographic_location: 'route',
  deactivated_external_account: 'route',
  developer_limits_exceeded: 'limits',
  frozen: 'compliance',
  aml_violation: 'compliance',
  duplicate_record: 'unknown',
  not_truly_idempotent: 'unknown',
  unexpected: 'unknown',
} as const satisfies Readonly<Record<string, RefusalClass | 'unknown'>>

/** Statuses of answers that reject a request before it does anything. 409 and 422 speak of an earlier one. */
const REJECTED: ReadonlySet<number> = new Set([400, 403, 404])

/** Constant, because customers read them. */
const MESSAGES: Readonly<Record<RefusalClass, string>> = {
  funds: 'bridge cannot cover this amount right now',
  compliance: 'bridge may not carry out this payment',
  limits: 'the amount is outside the limits of bridge',
  route: 'bridge cannot carry out this payment for these accounts',
  temporary: 'bridge is not available right now',
}

/** What may be told of a refusal of that class. */
export const messageOf = (reason: RefusalClass): string => MESSAGES[reason]

export const isRefusalClass = (text: string | undefined): text is RefusalClass =>
  REFUSAL_CLASSES.some((each) => each === text)

/** Why a first request was refused; null when its error does not say for certain that nothing was done. */
export const refusalOf = ({ status, code }: ApiError): RefusalClass | null => {
  if (!REJECTED.has(status) || !Object.hasOwn(REFUSALS, code)) return null
  const reason = REFUSALS[code as keyof typeof REFUSALS]
  return reason === 'unknown' ? null : reason
}
