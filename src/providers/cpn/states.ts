import { ownEntry } from '../../core/own-entry.ts'
import type { RefusalClass } from '../port.ts'

/** What CPN's documented states of a payment mean for an operation. */
export const PAYMENT_STATES = {
  /** The paying institution reviews it, which may take a business day. */
  CREATED: 'in_review',
  CRYPTO_FUNDS_PENDING: 'awaits_usdc',
  FIAT_PAYMENT_INITIATED: 'paying_out',
  /** The paying institution has sent the fiat; whether it has arrived is known to nobody here. */
  COMPLETED: 'paid_out',
  FAILED: 'failed',
} as const

/** The transaction that carries our USDC. */
export const TRANSACTION_STATES = {
  CREATED: 'unsigned',
  PENDING: 'under_way',
  BROADCASTED: 'under_way',
  COMPLETED: 'taken',
  FAILED: 'failed',
} as const

/**
 * Why a transaction failed, and so whether another one may have taken the USDC in its stead. Only `no` lets a payment that
 * failed be refused without a refund.
 */
export const TRANSACTION_FAILURES = {
  CPN_PAYMENT_EXPIRED: 'no',
  SIGNED_TRANSACTION_EXPIRED: 'no',
  NONCE_TOO_LOW: 'no',
  INSUFFICIENT_TOKEN_BALANCE: 'no',
  INSUFFICIENT_GAS_BALANCE: 'no',
  GAS_PRICE_TOO_LOW: 'no',
  OUT_OF_GAS: 'no',
  FAILED_ONCHAIN: 'no',
  SOL_BLOCKHASH_EXPIRED: 'no',
  TRANSACTION_EXPIRED: 'no',
  TX_REPLACEMENT_FAILED: 'maybe',
  SOL_TX_ALREADY_IN_CACHE: 'maybe',
  TX_ALREADY_CONFIRMED: 'maybe',
} as const

/** The way back of USDC that was taken for a payment that failed. */
export const REFUND_STATES = { CREATED: 'under_way', COMPLETED: 'returned', FAILED: 'stuck' } as const

/** Who has to act on a request for information; its API reference says REJECTED where its guide says FAILED. */
export const RFI_STATES = {
  INFORMATION_REQUIRED: 'ours',
  IN_REVIEW: 'theirs',
  APPROVED: 'nobody',
  REJECTED: 'nobody',
  FAILED: 'nobody',
} as const

/** Why a payment failed, as the class of refusal that it comes to once it is certain that our USDC is ours. */
export const PAYMENT_FAILURES = {
  TRAVEL_RULE_FAILED: 'compliance',
  BANK_VERIFICATION_FAILED: 'route',
  RFI_VERIFICATION_FAILED: 'compliance',
  EXISTING_RFI_PENDING: 'compliance',
  ONCHAIN_SETTLEMENT_FAILED: 'temporary',
  ONCHAIN_SETTLEMENT_CUTOFF_TIME_EXCEEDED: 'temporary',
  FIAT_SETTLEMENT_FAILED: 'route',
  COMPLIANCE_CHECK_FAILED: 'compliance',
  CANCELLED: 'route',
  PAYMENT_EXPIRED: 'temporary',
  OTHER: 'temporary',
} as const satisfies Record<string, RefusalClass>

/** What the table says of a documented text, null for one that is not in it. */
export const meaningOf = <T extends object>(table: T, text: string): T[keyof T] | null =>
  ownEntry(table, text) ?? null
