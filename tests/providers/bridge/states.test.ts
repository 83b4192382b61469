import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { REFUSALS } from '../../../src/providers/bridge/refusals.ts'
import { STATES } from '../../../src/providers/bridge/states.ts'
import type { Leg, Outcome, Provider, RefusalClass } from '../../../src/providers/port.ts'
import { never } from '../sandbox-fixtures.ts'
import { type BridgeWorld, bridgeWorld } from './fixtures.ts'

let world: BridgeWorld
let provider: Provider
let payer: string
beforeAll(async () => {
  world = await bridgeWorld()
  provider = world.bridge()
  payer = await world.enrol('EUR')
})
afterAll(async () => {
  expect(world.server.wire.violations).toEqual([])
  await world.close()
})

type Kind = Outcome['kind']

/** What the documentation says of each state: of a deposit, and of a payout or a refund. */
const DOCUMENTED: Readonly<Record<string, readonly [onramp: Kind, payout: Kind]>> = {
  awaiting_funds: ['accepted', 'accepted'],
  in_review: ['accepted', 'accepted'],
  funds_received: ['accepted', 'accepted'],
  payment_submitted: ['accepted', 'accepted'],
  payment_processed: ['done', 'done'],
  undeliverable: ['unknown', 'unknown'],
  returned: ['accepted', 'refused'],
  missing_return_policy: ['unknown', 'unknown'],
  refunded: ['refused', 'refused'],
  refund_in_flight: ['accepted', 'refused'],
  refund_failed: ['unknown', 'unknown'],
  canceled: ['refused', 'refused'],
  error: ['unknown', 'unknown'],
  // Filters of lists, and examples of answers.
  pending: ['accepted', 'accepted'],
  kyc_required: ['unknown', 'unknown'],
  kyc_in_review: ['accepted', 'accepted'],
  developer_kyb_required: ['unknown', 'unknown'],
}

const stateOf = async (leg: Leg, state: string): Promise<{ outcome: Outcome; reference: string }> => {
  const operation = world.operation(leg, 'EUR', payer)
  const first = await provider.initiate(operation, never)
  const reference = first.kind === 'accepted' ? first.reference : ''
  // Carried out first, so that a receipt is there whatever the state says.
  world.server.settle()
  world.server.change(operation.key, { state })
  const outcome = await provider.status({ ...operation, reference, sentBefore: true }, never)
  return { outcome, reference }
}

describe('states', () => {
  test('the table has the documented ones, and no other', () =>
    expect(Object.keys(STATES).toSorted()).toEqual(Object.keys(DOCUMENTED).toSorted()))

  test.each(Object.entries(DOCUMENTED))('%s', async (state, [onramp, payout]) => {
    expect((await stateOf('onramp', state)).outcome.kind).toBe(onramp)
    for (const leg of ['offramp', 'refund'] as const)
      expect((await stateOf(leg, state)).outcome.kind).toBe(payout)
  })

  test.each(['', 'REFUNDED', 'refunded ', 'constructor', 'toString', '__proto__'])(
    '%p is none of them and so unknown',
    async (state) => expect((await stateOf('offramp', state)).outcome.kind).toBe('unknown'),
  )

  test('a refusal names the transfer, and repeats nothing of what Bridge says', async () => {
    const { outcome, reference } = await stateOf('offramp', 'returned')
    expect(outcome).toEqual({
      kind: 'refused',
      reason: 'route',
      message: 'bridge cannot carry out this payment for these accounts',
      reference,
    })
  })

  test('what comes back for its risk is refused for reasons of law, and a cancellation only for now', async () => {
    const operation = world.operation('offramp', 'EUR', payer)
    const first = await provider.initiate(operation, never)
    const known = { ...operation, reference: first.kind === 'accepted' ? first.reference : '' }
    world.server.change(operation.key, {
      state: 'refunded',
      return_details: { reason: 'secret', risk_rejection_reason: 'secret' },
    })
    const outcome = await provider.status(known, never)
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'compliance' })
    expect(JSON.stringify(outcome)).not.toContain('secret')
    expect((await stateOf('onramp', 'canceled')).outcome).toMatchObject({ reason: 'temporary' })
  })
})

describe('errors', () => {
  const CODES: Readonly<Record<string, RefusalClass | 'unknown'>> = {
    invalid_parameters: 'route',
    invalid_json: 'route',
    not_found: 'route',
    Invalid: 'route',
    bad_request: 'route',
    bad_customer_request: 'route',
    frozen: 'compliance',
    has_not_accepted_tos: 'route',
    requires_active_kyc_status: 'route',
    deactivated_external_account: 'route',
    duplicate_record: 'unknown',
    not_truly_idempotent: 'unknown',
    invalid_geographic_location: 'route',
    missing_address_data: 'route',
    cards_endorsement_approval_required: 'route',
    not_allowed: 'route',
    missing_required_endorsements: 'route',
    developer_limits_exceeded: 'limits',
    aml_violation: 'compliance',
    unexpected: 'unknown',
  }

  const answered = async (status: number, body: unknown, sentBefore = false): Promise<Outcome> => {
    const account = await world.enrol('EUR', { refusal: { status, body } })
    return provider.initiate(world.operation('offramp', 'EUR', account, { sentBefore }), never)
  }
  const kindOf = async (...args: Parameters<typeof answered>) => (await answered(...args)).kind

  test('the table has the documented ones, and no other', () =>
    expect(Object.keys(REFUSALS).toSorted()).toEqual(Object.keys(CODES).toSorted()))

  test.each(Object.entries(CODES))('%s is %s', async (code, expected) => {
    const outcome = await answered(400, { code, message: 'secret words' })
    expect(outcome.kind === 'refused' ? outcome.reason : outcome.kind).toBe(expected)
    expect(JSON.stringify(outcome)).not.toContain('secret')
  })

  test('one that is not documented is unknown, and so is an answer without any', async () => {
    for (const body of [
      { code: 'new_code', message: '' },
      { code: 'toString' },
      {},
      [],
      { errors: [] },
      null,
    ])
      expect(await kindOf(400, body)).toBe('unknown')
    expect(await kindOf(400, { errors: [{ code: 'bad_request', message: '' }] })).toBe('refused')
  })

  test('a conflict or a key that was used says nothing of whether something was done', async () => {
    for (const status of [409, 422])
      expect(await kindOf(status, { code: 'invalid_parameters' })).toBe('unknown')
    for (const status of [403, 404])
      expect(await kindOf(status, { code: 'invalid_parameters' })).toBe('refused')
  })

  test('a refusal of a repetition says nothing of the first request', async () => {
    expect(await kindOf(400, { code: 'invalid_parameters' }, true)).toBe('unknown')
  })
})
