import { ownEntry } from '../../core/own-entry.ts'
import type { Leg, Outcome, RefusalClass } from '../port.ts'
import type { Transfer } from './shapes.ts'

/** What an execution is answered with once the quote is too old: nothing has moved then, and a new one is needed. */
export const QUOTE_EXPIRED = 'transfer_quote_expired'

/**
 * Every documented `errorType`. `unknown` are those that do not say that nothing was done, and those of other products
 * of the platform, which are no answer to a transfer.
 */
export const ERRORS = {
  account_not_ready: 'temporary',
  asset_mismatch: 'route',
  customer_not_authorized: 'route',
  daily_amount_limit_exceeded: 'limits',
  daily_transaction_limit_exceeded: 'limits',
  forbidden: 'route',
  insufficient_balance: 'funds',
  insufficient_liquidity: 'temporary',
  invalid_request: 'route',
  metadata_key_too_long: 'route',
  metadata_too_many_entries: 'route',
  metadata_value_too_long: 'route',
  network_mismatch: 'route',
  network_not_tradable: 'route',
  payment_method_required: 'route',
  policy_violation: 'route',
  rate_limit_exceeded: 'temporary',
  recipient_allowlist_pending: 'temporary',
  recipient_allowlist_violation: 'route',
  source_account_invalid: 'route',
  source_account_not_found: 'route',
  source_asset_not_supported: 'route',
  target_account_invalid: 'route',
  target_account_not_found: 'route',
  target_asset_not_supported: 'route',
  target_email_invalid: 'route',
  target_onchain_address_invalid: 'route',
  transfer_amount_invalid: 'limits',
  transfer_asset_not_supported: 'route',
  transfer_quote_expired: 'temporary',
  travel_rules_field_missing: 'compliance',
  travel_rules_recipient_violation: 'compliance',
  unauthorized: 'temporary',

  already_exists: 'unknown',
  bad_gateway: 'unknown',
  client_closed_request: 'unknown',
  endpoint_unavailable: 'unknown',
  idempotency_error: 'unknown',
  internal_server_error: 'unknown',
  not_found: 'unknown',
  operation_in_progress: 'unknown',
  request_canceled: 'unknown',
  service_unavailable: 'unknown',
  timed_out: 'unknown',

  account_limit_exceeded: 'unknown',
  already_enabled: 'unknown',
  authorization_expired: 'unknown',
  capture_expired: 'unknown',
  delegation_expired: 'unknown',
  delegation_not_authorized: 'unknown',
  delegation_not_enabled: 'unknown',
  delegation_not_found: 'unknown',
  delegation_revoked: 'unknown',
  document_verification_failed: 'unknown',
  entity_not_configured_for_payment_acceptance: 'unknown',
  faucet_limit_exceeded: 'unknown',
  guest_permission_denied: 'unknown',
  guest_region_forbidden: 'unknown',
  guest_transaction_count: 'unknown',
  guest_transaction_limit: 'unknown',
  insufficient_allowance: 'unknown',
  invalid_signature: 'unknown',
  invalid_sql_query: 'unknown',
  malformed_transaction: 'unknown',
  mfa_already_enrolled: 'unknown',
  mfa_challenge_not_found: 'unknown',
  mfa_flow_expired: 'unknown',
  mfa_invalid_code: 'unknown',
  mfa_not_enrolled: 'unknown',
  mfa_required: 'unknown',
  moderation_rejected: 'unknown',
  no_capturable_balance: 'unknown',
  no_refundable_balance: 'unknown',
  no_voidable_balance: 'unknown',
  order_already_canceled: 'unknown',
  order_already_filled: 'unknown',
  order_quote_expired: 'unknown',
  otp_verification_code_invalid: 'unknown',
  otp_verification_destination_mismatch: 'unknown',
  otp_verification_expired: 'unknown',
  otp_verification_invalid: 'unknown',
  otp_verification_not_found: 'unknown',
  otp_verification_required: 'unknown',
  payment_required: 'unknown',
  payment_session_action_pending: 'unknown',
  payment_session_already_authorized: 'unknown',
  payment_session_already_canceled: 'unknown',
  phone_number_verification_expired: 'unknown',
  policy_in_use: 'unknown',
  refund_expired: 'unknown',
  settlement_failed: 'unknown',
  stale_attestation: 'unknown',
  transaction_simulation_failed: 'unknown',
  unsupported_tos_language: 'unknown',
} as const satisfies Record<string, RefusalClass | 'unknown'>

/** Why we leave a transfer unexecuted ourselves. */
const OURS = {
  /** The first request of all never got through, or was turned away. */
  unavailable: 'temporary',
  /** The quote is not for what was asked, or only an estimate. */
  quote_unfit: 'route',
} as const satisfies Record<string, RefusalClass>

/** The documented `failureCode`s of a transfer that failed, and the documented reasons, which are older. */
export const FAILURES = {
  insufficient_balance: 'funds',
  quote_validation_failed: 'temporary',
  risk_review_rejected: 'compliance',
  'Insufficient balance to complete this transfer.': 'funds',
  'The recipient address failed security validation checks.': 'compliance',
  'The recipient address is invalid for the selected network.': 'route',
  'Unable to send to this recipient.': 'route',
} as const satisfies Record<string, RefusalClass>

const MESSAGES: Record<RefusalClass, string> = {
  funds: 'the balance at coinbase does not cover it',
  compliance: 'coinbase may not carry it out',
  limits: 'coinbase does not move such an amount, or not so much in a day',
  route: 'coinbase cannot move money between these accounts',
  temporary: 'coinbase is not available right now',
}

const refused = (given: RefusalClass, leg: Leg): Outcome & { kind: 'refused' } => {
  // An on-ramp is paid by the payer's account, which is none of our balances.
  const reason = given === 'funds' && leg === 'onramp' ? 'route' : given
  return { kind: 'refused', reason, message: MESSAGES[given] }
}

/** Whether an `errorType` says for certain that nothing was done. */
export const isRefusal = (errorType: string): boolean =>
  (ownEntry<Readonly<Record<string, RefusalClass | 'unknown'>>>(ERRORS, errorType) ?? 'unknown') !== 'unknown'

/** The refusal that an `errorType`, or a reason of our own, comes to. */
export const refusalFor = (code: string, leg: Leg): Outcome & { kind: 'refused' } => {
  const found =
    ownEntry<Readonly<Record<string, RefusalClass | 'unknown'>>>({ ...ERRORS, ...OURS }, code) ?? 'unknown'
  return refused(found === 'unknown' ? 'route' : found, leg)
}

/** The refusal of a transfer that failed: definite whatever the reason, of which not all are documented. */
export const refusalOfFailure = (transfer: Transfer, leg: Leg): Outcome => {
  const { failureDetails, failureReason = '', transferId } = transfer
  const code = failureDetails?.failureCode ?? failureReason
  return {
    ...refused(ownEntry<Readonly<Record<string, RefusalClass>>>(FAILURES, code) ?? 'route', leg),
    reference: transferId,
  }
}
