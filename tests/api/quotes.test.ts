import { afterAll, describe, expect, test } from 'bun:test'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { agedCopy } from '../quotes/aged.ts'
import { recomputedPayout } from '../quotes/published.ts'
import {
  badAmounts,
  badBodies,
  expectIdentified,
  expectRefused,
  ISO_TIME,
  type Row,
  refusals,
  startApi,
} from './support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, keys } = api

const VALID = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
const QUOTE_ID = /^quote_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const UNKNOWN_ID = 'quote_a1b2c3d4-e5f6-7890-abcd-ef1234567890'

const with_ = (fields: object) => ({ body: { ...VALID, ...fields } })
const without = (field: string) => ({
  body: Object.fromEntries(Object.entries(VALID).filter(([name]) => name !== field)),
})

const shape = {
  quote_id: expect.stringMatching(QUOTE_ID),
  amount: 100_000,
  currency: 'USD',
  exchange_rate: 0.92049,
  fees: { platform_fee: 2100, onramp_fee: 1050, offramp_fee: 1575, total_fees: 4725, currency: 'USD' },
  guaranteed_payout: 87_699,
  payout_currency: 'EUR',
  expires_at: expect.stringMatching(ISO_TIME),
  valid_for_seconds: 60,
  // Beside what seed.md shows.
  rate_source: 'fallback',
  provider: 'sandbox_a',
  route: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
  market_buffer_bps: 0,
  lock_buffer_bps: 0,
  recommendation_id: null,
}

describe('POST /quotes', () => {
  test('200: seed.md’s sample field by field, and nothing else', async () => {
    const answer = await send('POST', '/quotes', { body: VALID })
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([200, shape])
    expect(BigInt(answer.body.guaranteed_payout)).toBe(recomputedPayout(answer.text))
  })

  test.each([['application/json; charset=utf-8'], ['text/plain'], ['application/x-www-form-urlencoded']])(
    '200: JSON is read as JSON whatever the content type says (%s)',
    async (type) => {
      const answer = await send('POST', '/quotes', { body: VALID, headers: { 'content-type': type } })
      expect([answer.status, answer.body.amount]).toEqual([200, 100_000])
    },
  )

  test('200: the same amount in another spelling of the number', async () => {
    const answer = await send('POST', '/quotes', { body: JSON.stringify(VALID).replace('100000', '1.0e5') })
    expect([answer.status, answer.body.amount]).toEqual([200, 100_000])
  })

  test('a quote is new each time and belongs to the account of the key', async () => {
    const [first, second] = await Promise.all([api.quote(), api.quote()])
    expect(first.quote_id).not.toBe(second.quote_id)
    expectRefused(await send('GET', `/quotes/${first.quote_id}`, { key: keys.stranger }), 'QUOTE_NOT_FOUND')
  })

  const currency = (field: 'from_currency' | 'to_currency'): Row[] => [
    [`${field} missing`, without(field), 'VALIDATION_ERROR', `/${field}`],
    ...Object.entries({
      'lower case': 'usd',
      'two letters': 'US',
      'a token': 'USDC',
      empty: '',
      'with a blank': 'USD ',
      'with a line break': 'USD\n',
      'look-alike letters': 'ＵＳＤ',
      'a number': 840,
      null: null,
      'a list': ['USD'],
      'an object': { code: 'USD' },
      'very long': 'U'.repeat(50_000),
    }).map(
      ([name, value]): Row => [
        `${field}: ${name}`,
        with_({ [field]: value }),
        'VALIDATION_ERROR',
        `/${field}`,
      ],
    ),
    [`${field}: unknown`, with_({ [field]: 'XXX' }), 'UNSUPPORTED_CURRENCY_PAIR', `/${field}`],
    [
      `${field}: known to ISO, not to us`,
      with_({ [field]: 'NOK' }),
      'UNSUPPORTED_CURRENCY_PAIR',
      `/${field}`,
    ],
  ]

  refusals(api, 'POST', '/quotes', [
    ...badBodies(VALID, 'from_currency'),
    ['no amount', without('amount'), 'VALIDATION_ERROR', '/amount'],
    ...badAmounts(VALID),
    ...currency('from_currency'),
    ...currency('to_currency'),
    ['the same currency twice', with_({ to_currency: 'USD' }), 'UNSUPPORTED_CURRENCY_PAIR', '/to_currency'],
    ['one cent', with_({ amount: 1 }), 'AMOUNT_TOO_SMALL', '/amount'],
    ['163 cents', with_({ amount: 163 }), 'AMOUNT_TOO_SMALL', '/amount'],
    ['a cent above ten million', with_({ amount: 1_000_000_001 }), 'AMOUNT_TOO_LARGE', '/amount'],
    ['2^53 - 1', with_({ amount: 2 ** 53 - 1 }), 'AMOUNT_TOO_LARGE', '/amount'],
    ['a query parameter', { ...with_({}), path: '/quotes?amount=5' }, 'VALIDATION_ERROR', '/amount'],
    ['a caller without a key', { ...with_({}), key: null }, 'UNAUTHORIZED'],
    ['a caller with an unknown key', { ...with_({}), key: 'rl_test_unknown' }, 'UNAUTHORIZED'],
    ['a key that may only read', { ...with_({}), key: keys.readOnly }, 'FORBIDDEN'],
    ['strangers, without telling them what a body needs', { body: {}, key: null }, 'UNAUTHORIZED'],
  ])

  test('a refused currency is told which ones there are', async () => {
    const { body } = await send('POST', '/quotes', with_({ to_currency: 'XXX' }))
    expect(body.details[0].message).toBe(`must be one of ${FIAT_CURRENCIES.join(', ')}`)
  })

  test('several faults are told at once', async () => {
    const { body } = await send('POST', '/quotes', { body: { from_currency: 'usd', amount: '5', x: 1 } })
    expect(body.details.map(({ path }: { path: string }) => path).sort()).toEqual([
      '/amount',
      '/from_currency',
      '/to_currency',
      '/x',
    ])
  })
})

describe('GET /quotes/:id', () => {
  test('200: the quote as it was made, and its status', async () => {
    const quote = await api.quote()
    const answer = await send('GET', `/quotes/${quote.quote_id}`)
    expectIdentified(answer)
    const { valid_for_seconds } = answer.body
    expect([answer.status, answer.body]).toEqual([200, { ...quote, valid_for_seconds, status: 'open' }])
  })

  test('200: used after a payment, expired after its time', async () => {
    const { quote_id } = await api.payable()
    const expired = await agedCopy(api.harness.database.sql, quote_id, 1)
    await send('POST', '/payments', {
      body: { amount: 100_000, currency: 'EUR', source_account: 'aaa', destination_account: 'bbb', quote_id },
    })
    const statuses = await Promise.all([quote_id, expired].map((id) => send('GET', `/quotes/${id}`)))
    expect(statuses.map(({ status, body }) => [status, body.status])).toEqual([
      [200, 'used'],
      [200, 'expired'],
    ])
  })

  const at = (id: string) => ({ path: `/quotes/${id}` })

  refusals(api, 'GET', `/quotes/${UNKNOWN_ID}`, [
    ['an id that was never given out', {}, 'QUOTE_NOT_FOUND'],
    ['a bare UUID', at(UNKNOWN_ID.slice(6)), 'QUOTE_NOT_FOUND'],
    ['an id in capitals', at(UNKNOWN_ID.toUpperCase()), 'QUOTE_NOT_FOUND'],
    ['an id with more behind it', at(`${UNKNOWN_ID}0`), 'QUOTE_NOT_FOUND'],
    ['an id with a line break', at(`${UNKNOWN_ID}%0A`), 'QUOTE_NOT_FOUND'],
    ['a number', at('1'), 'QUOTE_NOT_FOUND'],
    ['SQL', at(encodeURIComponent("' or '1'='1")), 'QUOTE_NOT_FOUND'],
    ['a path', at('..%2f..%2fetc%2fpasswd'), 'QUOTE_NOT_FOUND'],
    ['a very long id', at('q'.repeat(5_000)), 'QUOTE_NOT_FOUND'],
    [
      'an id that is cut within a character',
      at(encodeURIComponent(`${'q'.repeat(63)}💸`)),
      'QUOTE_NOT_FOUND',
    ],
    ['a null character', at('quote_%00'), 'VALIDATION_ERROR'],
    ['a broken escape', at('quote_%zz'), 'VALIDATION_ERROR'],
    ['half an escape of UTF-8', at('quote_%c3'), 'VALIDATION_ERROR'],
    ['an unknown query parameter', at(`${UNKNOWN_ID}?verbose=1`), 'VALIDATION_ERROR', '/verbose'],
    ['a caller without a key', { key: null }, 'UNAUTHORIZED'],
    ['a key that may only write', { key: keys.writeOnly }, 'FORBIDDEN'],
  ])
})

describe('methods and paths that are none', () => {
  test.each([
    ['GET', '/quotes', 'POST, OPTIONS'],
    ['PUT', '/quotes', 'POST, OPTIONS'],
    ['DELETE', `/quotes/${UNKNOWN_ID}`, 'GET, HEAD, OPTIONS'],
    ['PATCH', `/quotes/${UNKNOWN_ID}`, 'GET, HEAD, OPTIONS'],
    ['POST', `/quotes/${UNKNOWN_ID}`, 'GET, HEAD, OPTIONS'],
    ['GET', '/quote', null],
    ['GET', '/QUOTES', null],
    ['POST', '/quotes/x/y', null],
    ['GET', '/', null],
  ])('%s %s is NOT_FOUND and told what the path allows', async (method, path, allow) => {
    const answer = await send(method, path)
    expectRefused(answer, 'NOT_FOUND')
    expect(answer.headers.get('allow')).toBe(allow)
  })
})
