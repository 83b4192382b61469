import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { ERRORS } from '../../../src/providers/coinbase/refusals.ts'
import { STATES } from '../../../src/providers/coinbase/states.ts'
import { LEGS, type Outcome } from '../../../src/providers/port.ts'
import { callsOn, operationOf, setup } from './harness.ts'

type Rig = Awaited<ReturnType<typeof setup>>
let rig: Rig
beforeAll(async () => {
  rig = await setup()
})
afterEach(() => expect(rig.server.violations).toEqual([]))
afterAll(() => rig.close())

const { initiate, status } = callsOn(() => rig)

/** What an operation's transfer shows as, whatever it is. */
const showing = async (change: object, operation = operationOf('offramp')): Promise<Outcome> => {
  await initiate(operation)
  rig.server.settle()
  rig.server.changes.set(operation.key, (shown) => ({ ...shown, ...change }))
  return status(operation)
}

describe('every documented status', () => {
  test('is in the table, and no other', () =>
    expect(Object.keys(STATES).sort()).toEqual(['completed', 'failed', 'processing', 'quoted']))

  test.each(LEGS)('comes to what it says, for %s', async (leg) => {
    const kinds = async (status: string) => (await showing({ status }, operationOf(leg))).kind
    expect(await kinds('processing')).toBe('accepted')
    expect(await kinds('completed')).toBe('done')
    expect(await kinds('failed')).toBe('refused')
  })

  test('quoted is nothing yet after an execution that never arrived, and so it may be sent again', async () => {
    const expiresAt = new Date(rig.clock.nowMs + 600_000).toISOString()
    expect(await showing({ status: 'quoted', expiresAt })).toEqual({ kind: 'not_found' })
  })

  test.each(['reversed', 'COMPLETED', 'expired', '', 'toString', '__proto__'])(
    '%p is not documented, and so unknown',
    async (status) => expect((await showing({ status })).kind).toBe('unknown'),
  )
})

describe('a transfer that failed', () => {
  test.each([
    [{ failureDetails: { failureCode: 'risk_review_rejected' } }, 'compliance'],
    [{ failureDetails: { failureCode: 'insufficient_balance' } }, 'funds'],
    [{ failureDetails: { failureCode: 'quote_validation_failed' } }, 'temporary'],
    [{ failureDetails: { failureCode: 'new_in_2027' } }, 'route'],
    [{ failureReason: 'Insufficient balance to complete this transfer.' }, 'funds'],
    [{ failureReason: 'The recipient address failed security validation checks.' }, 'compliance'],
    [{ failureReason: 'The recipient address is invalid for the selected network.' }, 'route'],
    [{ failureReason: 'Unable to send to this recipient.' }, 'route'],
    [{ failureReason: 'SECRET words' }, 'route'],
    [{}, 'route'],
  ])('%j is refused for good, in our own words: %s', async (change, reason) => {
    const outcome = await showing({ status: 'failed', ...change })
    expect(outcome).toMatchObject({ kind: 'refused', reason })
    expect(JSON.stringify(outcome)).not.toContain('SECRET')
  })

  test('keeps the reference under which it was accepted', async () => {
    const operation = operationOf('refund')
    const accepted = await initiate(operation)
    if (accepted.kind !== 'accepted') throw new Error(`expected accepted, got ${accepted.kind}`)
    expect(await showing({ status: 'failed' }, operation)).toMatchObject({ reference: accepted.reference })
  })

  test('of the payer’s balance is no matter of ours', async () => {
    const change = { status: 'failed', failureDetails: { failureCode: 'insufficient_balance' } }
    expect(await showing(change, operationOf('onramp'))).toMatchObject({ reason: 'route' })
  })
})

/** By the descriptions of each in the API's documentation; nobody else is asked after `compliance`. */
const REFUSED = {
  funds: 'insufficient_balance',
  compliance: 'travel_rules_field_missing travel_rules_recipient_violation',
  limits: 'transfer_amount_invalid daily_amount_limit_exceeded daily_transaction_limit_exceeded',
  temporary:
    'account_not_ready insufficient_liquidity rate_limit_exceeded recipient_allowlist_pending ' +
    'transfer_quote_expired unauthorized',
  route:
    'asset_mismatch customer_not_authorized forbidden invalid_request metadata_key_too_long ' +
    'metadata_too_many_entries metadata_value_too_long network_mismatch network_not_tradable ' +
    'payment_method_required policy_violation recipient_allowlist_violation source_account_invalid ' +
    'source_account_not_found source_asset_not_supported target_account_invalid target_account_not_found ' +
    'target_asset_not_supported target_email_invalid target_onchain_address_invalid transfer_asset_not_supported',
} as const

/** Those that leave open what was done, and those of products that are none of ours. */
const OPEN = (
  'already_exists bad_gateway client_closed_request endpoint_unavailable idempotency_error internal_server_error ' +
  'not_found operation_in_progress request_canceled service_unavailable timed_out ' +
  'account_limit_exceeded already_enabled authorization_expired capture_expired delegation_expired ' +
  'delegation_not_authorized delegation_not_enabled delegation_not_found delegation_revoked ' +
  'document_verification_failed entity_not_configured_for_payment_acceptance faucet_limit_exceeded ' +
  'guest_permission_denied guest_region_forbidden guest_transaction_count guest_transaction_limit ' +
  'insufficient_allowance invalid_signature invalid_sql_query malformed_transaction mfa_already_enrolled ' +
  'mfa_challenge_not_found mfa_flow_expired mfa_invalid_code mfa_not_enrolled mfa_required moderation_rejected ' +
  'no_capturable_balance no_refundable_balance no_voidable_balance order_already_canceled order_already_filled ' +
  'order_quote_expired otp_verification_code_invalid otp_verification_destination_mismatch ' +
  'otp_verification_expired otp_verification_invalid otp_verification_not_found otp_verification_required ' +
  'payment_required payment_session_action_pending payment_session_already_authorized ' +
  'payment_session_already_canceled phone_number_verification_expired policy_in_use refund_expired ' +
  'settlement_failed stale_attestation transaction_simulation_failed unsupported_tos_language'
).split(' ')

const refusals = Object.entries(REFUSED).flatMap(([reason, codes]) =>
  codes.split(' ').map((code) => [code, reason] as const),
)

describe('every documented error', () => {
  test('is in the table, and no other', () =>
    expect(Object.keys(ERRORS).sort()).toEqual([...refusals.map(([code]) => code), ...OPEN].sort()))

  test.each(refusals)(
    '%s of a quote is refused as %s, now and when asked again, and nothing moves',
    async (code, reason) => {
      const operation = operationOf('offramp')
      rig.server.refusedQuotes.set(operation.key, code)
      const refusal = await initiate(operation)
      expect(refusal).toMatchObject({ kind: 'refused', reason })
      expect(JSON.stringify(refusal)).not.toContain('SECRET')
      rig.server.refusedQuotes.delete(operation.key)
      expect(await status(operation)).toEqual(refusal)
      expect(await initiate({ ...operation, sentBefore: true })).toEqual(refusal)
      expect(rig.server.executed(operation.key)).toBe(0)
    },
  )

  test.each(refusals.filter(([code]) => code !== 'transfer_quote_expired'))(
    '%s of the first execution is refused as %s and stays so; nothing is executed afterwards',
    async (code, reason) => {
      const operation = operationOf('offramp')
      rig.server.refusedExecutions.set(operation.key, code)
      const refusal = await initiate(operation)
      expect(refusal).toMatchObject({ kind: 'refused', reason })
      rig.server.refusedExecutions.delete(operation.key)
      expect(await status(operation)).toEqual(refusal)
      expect(await initiate({ ...operation, sentBefore: true })).toEqual(refusal)
      expect(rig.server.executed(operation.key)).toBe(0)
    },
  )

  test.each([...OPEN, 'new_in_2027', 'toString', '__proto__'])('%s leaves it unknown', async (code) => {
    const [quoting, executing] = [operationOf('offramp'), operationOf('offramp')]
    rig.server.refusedQuotes.set(quoting.key, code)
    rig.server.refusedExecutions.set(executing.key, code)
    expect((await initiate(quoting)).kind).toBe('unknown')
    expect((await initiate(executing)).kind).toBe('unknown')
  })
})
