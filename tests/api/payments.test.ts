import { afterAll, describe, expect, test } from 'bun:test'
import { expectIdentified, ISO_TIME, refusals, startApi } from './support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, keys, payable, pay } = api

const UNKNOWN = '01933333-3333-7333-8333-333333333333'
const request = await payable()
const PAYMENT: string = (await send('POST', '/payments', { body: request })).body.payment_id

const CANCELLED = await pay()
await send('POST', `/payments/${CANCELLED}/cancel`)

const summary = (status: string) => ({
  payment_id: expect.any(String),
  sequence: status === 'PENDING' ? 1 : 2,
  quote_id: expect.stringMatching(/^quote_/),
  status,
  exception: 'none',
  amount: 100_000,
  currency: 'USD',
  guaranteed_payout: 87_699,
  payout_currency: 'EUR',
  paid_out: status === 'COMPLETED' ? 87_699 : null,
  returned_at: null,
  refunded: null,
  exchange_rate: 0.92049,
  source_account: 'user123',
  destination_account: 'merchant456',
  failure_reason: null,
  created_at: expect.stringMatching(ISO_TIME),
  updated_at: expect.stringMatching(ISO_TIME),
  settle_by: expect.stringMatching(ISO_TIME),
  completed_at: status === 'PENDING' ? null : expect.stringMatching(ISO_TIME),
})

const accepted = {
  sequence: 1,
  from_status: null,
  to_status: 'PENDING',
  timestamp: expect.stringMatching(ISO_TIME),
  message: 'Payment accepted',
}

const detail = (status: string, later: object[] = []) => ({
  ...summary(status),
  fees: { platform_fee: 2100, onramp_fee: 1050, offramp_fee: 1575, total_fees: 4725, currency: 'USD' },
  executed_rate: null,
  usdc: { expected: 952_750_000, received: null, spent: null, difference: null },
  route: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
  legs: [],
  state_history: [accepted, ...later],
})

/** Ids that are none of ours, in any endpoint that takes one. */
const ids = (prefix: string, suffix: string) => {
  const at = (id: string) => ({ path: `${prefix}${id}${suffix}` })
  return [
    ['an id that was never given out', at(UNKNOWN), 'NOT_FOUND'],
    ['an id in capitals', at(PAYMENT.toUpperCase()), 'NOT_FOUND'],
    ['an id without dashes', at(PAYMENT.replaceAll('-', '')), 'NOT_FOUND'],
    ['an id with more behind it', at(`${PAYMENT}%20`), 'NOT_FOUND'],
    ['a quote’s id', at(request.quote_id), 'NOT_FOUND'],
    ['a number', at('1'), 'NOT_FOUND'],
    ['SQL', at(encodeURIComponent("' or '1'='1")), 'NOT_FOUND'],
    ['a very long id', at('9'.repeat(5_000)), 'NOT_FOUND'],
    ['an id cut in the middle of a character', at(encodeURIComponent(`${'p'.repeat(63)}💸`)), 'NOT_FOUND'],
    ['a null character', at('%00'), 'VALIDATION_ERROR'],
    ['a broken escape', at('%e0%a4%a'), 'VALIDATION_ERROR'],
    ['another account’s payment', { ...at(PAYMENT), key: keys.stranger }, 'NOT_FOUND'],
    ['an unknown query parameter', { path: `${prefix}${PAYMENT}${suffix}?x=1` }, 'VALIDATION_ERROR', '/x'],
    ['a caller without a key', { ...at(PAYMENT), key: null }, 'UNAUTHORIZED'],
  ] as const
}

describe('GET /payments/:id', () => {
  test('200: the payment field by field', async () => {
    const answer = await send('GET', `/payments/${PAYMENT}`)
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([200, detail('PENDING')])
    const { payment_id, quote_id, created_at, settle_by } = answer.body
    expect([payment_id, quote_id]).toEqual([PAYMENT, request.quote_id])
    expect(Date.parse(settle_by) - Date.parse(created_at)).toBe(7_200_000)
  })

  refusals(api, 'GET', `/payments/${PAYMENT}`, [
    ...ids('/payments/', ''),
    ['a key that may only write', { key: keys.writeOnly }, 'FORBIDDEN'],
  ])
})

describe('GET /payments/:id/ledger', () => {
  test('200: nothing yet, for a payment that has moved no money', async () => {
    const answer = await send('GET', `/payments/${PAYMENT}/ledger`, { key: keys.readOnly })
    expectIdentified(answer)
    const empty = { payment_id: PAYMENT, status: 'PENDING', entries: [], balances: [], realised: null }
    expect([answer.status, answer.body]).toEqual([200, empty])
  })

  refusals(api, 'GET', `/payments/${PAYMENT}/ledger`, [
    ...ids('/payments/', '/ledger'),
    ['a key that may only write', { key: keys.writeOnly }, 'FORBIDDEN'],
  ])
})

describe('GET /payments/:id/audit', () => {
  refusals(api, 'GET', `/payments/${PAYMENT}/audit`, [
    ...ids('/payments/', '/audit'),
    ['a key that may only write', { key: keys.writeOnly }, 'FORBIDDEN'],
  ])
})

describe('POST /payments/:id/cancel', () => {
  test('200: the cancelled payment, its history told', async () => {
    const id = await pay()
    const answer = await send('POST', `/payments/${id}/cancel`)
    expectIdentified(answer)
    const cancelled = {
      sequence: 2,
      from_status: 'PENDING',
      to_status: 'CANCELLED',
      timestamp: expect.stringMatching(ISO_TIME),
      message: 'Cancelled by the caller',
    }
    expect([answer.status, answer.body]).toEqual([200, detail('CANCELLED', [cancelled])])
    expect((await send('GET', `/payments/${id}`)).body).toEqual(answer.body)
  })

  test('a cancelled payment keeps its quote', async () => {
    const body = await payable()
    const { payment_id } = (await send('POST', '/payments', { body })).body
    await send('POST', `/payments/${payment_id}/cancel`)
    expect((await send('POST', '/payments', { body })).body.error).toBe('QUOTE_ALREADY_USED')
  })

  refusals(api, 'POST', `/payments/${PAYMENT}/cancel`, [
    ...ids('/payments/', '/cancel'),
    ['a payment that was cancelled before', { path: `/payments/${CANCELLED}/cancel` }, 'INVALID_STATE'],
    ['a body that is no JSON', { body: '{' }, 'INVALID_JSON'],
    ['a body of two megabytes', { body: 'x'.repeat(2_000_000) }, 'PAYLOAD_TOO_LARGE'],
    ['a key that may only read', { key: keys.readOnly }, 'FORBIDDEN'],
  ])

  test('none of these cancelled the payment', async () => {
    expect((await send('GET', `/payments/${PAYMENT}`)).body.status).toBe('PENDING')
  })
})

describe('GET /payments', () => {
  test('200: a page of summaries field by field', async () => {
    const answer = await send('GET', '/payments?status=PENDING&limit=1')
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([200, { data: [summary('PENDING')], next_cursor: null }])
  })

  test('200: another account sees nothing', async () => {
    const answer = await send('GET', '/payments', { key: keys.stranger })
    expect([answer.status, answer.body]).toEqual([200, { data: [], next_cursor: null }])
  })

  const query = (text: string) => ({ path: `/payments?${text}` })
  const field = (name: string, values: readonly string[]) =>
    values.map(
      (value) =>
        [`${name}=${value.slice(0, 40)}`, query(`${name}=${value}`), 'VALIDATION_ERROR', `/${name}`] as const,
    )
  const badTimes = [
    '',
    'yesterday',
    '1735689600',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T12:00:00Z',
    '2026-02-30',
    '2026-11-23T25:00:00Z',
    '2026-11-23T12:00:00',
    '2026-11-23 12:00:00',
    '2026-11-23T12:00:00+02:00',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00%2B01:00',
    '9999-12-31T23:59:59-01:00',
    '%2B010000-01-01T00:00:00Z',
    '2026-11-23T12:00:00Z%0A',
    '2026-11-23T12:00:00%2B99:00',
  ]

  refusals(api, 'GET', '/payments', [
    ...field('limit', ['0', '201', '-1', 'abc', '', '1.5', 'NaN', 'Infinity', '1e9', 'null', 'true']),
    ...field('status', ['', 'pending', 'DONE', 'PENDING,FAILED', '1', '__proto__']),
    ...field('cursor', ['', 'abc', '1', PAYMENT.toUpperCase(), `${UNKNOWN}%20`, 'x'.repeat(65), "'--"]),
    ...field('search', ['', '%20', '%20%09%0A', 'x'.repeat(101), '%C2%A0']),
    ...field('created_from', badTimes),
    ...field('created_before', badTimes),
    ...field('page', ['2']),
    ...field('offset', ['5']),
    ...field('account', ['stranger']),
    ...field('__proto__', ['1']),
    ['a limit given twice', query('limit=300&limit=5'), 'VALIDATION_ERROR', '/limit'],
    ['a status given twice', query('status=PENDING&status=FAILED'), 'VALIDATION_ERROR', '/status'],
    ['a null character', query('cursor=%00'), 'VALIDATION_ERROR'],
    ['a caller without a key', { key: null }, 'UNAUTHORIZED'],
    ['a key that may only write', { key: keys.writeOnly }, 'FORBIDDEN'],
  ])
})
