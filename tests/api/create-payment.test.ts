import { afterAll, describe, expect, test } from 'bun:test'
import { agedCopy } from '../quotes/aged.ts'
import {
  badAmounts,
  badBodies,
  expectIdentified,
  expectRefused,
  type Row,
  refusals,
  startApi,
} from './support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, keys, payable } = api

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Pays nothing while it is refused, so that every row can use it. */
const OPEN = await payable()
const EXPIRED = await agedCopy(api.harness.database.sql, OPEN.quote_id, 1)
const PAID = await payable()
await send('POST', '/payments', { body: PAID })
const FOREIGN = await payable(keys.stranger)

const accepted = {
  payment_id: expect.stringMatching(UUID),
  status: 'PENDING',
  message: 'Payment accepted for processing',
}

const post = (body: unknown, headers: Record<string, string> = {}) =>
  send('POST', '/payments', { body, headers })

const count = async () =>
  Number((await api.harness.database.sql`select count(*)::int as n from payments`)[0]?.n)

describe('POST /payments', () => {
  test('202: as in seed.md field by field, and nothing else', async () => {
    const answer = await post(await payable())
    expectIdentified(answer)
    expect([answer.status, answer.body]).toEqual([202, accepted])
    expect(answer.headers.get('idempotent-replayed')).toBeNull()
  })

  test.each([
    ['3 characters', 'abc'],
    ['100 characters', 'x'.repeat(100)],
    ['other alphabets', 'Zażółć-支払い-💸'],
    ['an IBAN with blanks', 'DE89 3704 0044 0532 0130 00'],
    ['what looks like SQL', "x'; drop table payments; --"],
  ])('202: an account of %s is kept as it was given', async (_name, account) => {
    const body = { ...(await payable()), source_account: account }
    const { status, body: made } = await post(body)
    expect(status).toBe(202)
    expect((await send('GET', `/payments/${made.payment_id}`)).body.source_account).toBe(account)
  })

  test('a refused request does not use up its quote', async () => {
    const body = await payable()
    await post({ ...body, amount: 99_999 })
    await post({ ...body, currency: 'USD' })
    await post({ ...body, destination_account: body.source_account })
    await send('POST', '/payments', { body, key: keys.stranger })
    expect((await post(body)).status).toBe(202)
  })
})

const with_ = (fields: object) => ({ body: { ...OPEN, ...fields } })
const without = (field: string) => ({
  body: Object.fromEntries(Object.entries(OPEN).filter(([name]) => name !== field)),
})

const account = (field: string): Row[] => [
  [`${field} missing`, without(field), 'VALIDATION_ERROR', `/${field}`],
  ...Object.entries({
    'of 2 characters': 'ab',
    'of 101 characters': 'x'.repeat(101),
    empty: '',
    'with a tab': 'user\t123',
    'with a line break': 'user123\n',
    'with an escape character': 'user\u001b[31m',
    'with a delete character': 'user\u007f',
    'with a C1 control': 'user\u0085',
    'with a blank before it': ' user123',
    'with a no-break space after it': 'user123\u00a0',
    'that turns the direction of writing': 'user\u202e321',
    'with an isolated direction': '\u2066user123\u2069',
    'with a zero-width space': 'user\u200b123',
    'with a zero-width joiner': 'user\u200d123',
    'with a byte order mark': '\ufeffuser123',
    'with a soft hyphen': 'user\u00ad123',
    'with a line separator': 'user\u2028123',
    'with a filler letter': 'user\u3164123',
    'with a tag character': 'user\u{e0041}123',
    'with a variation mark': 'user\u{e0100}123',
    'of blanks': '     ',
    'a number': 12_345,
    null: null,
    'a list': ['user123'],
    'an object': { id: 'user123' },
  }).map(
    ([name, value]): Row => [`${field} ${name}`, with_({ [field]: value }), 'VALIDATION_ERROR', `/${field}`],
  ),
]

const quoteId = (name: string, quote_id: unknown, code: Row[2], field?: string): Row =>
  [`quote_id ${name}`, with_({ quote_id }), code, ...(field ? [field] : [])] as unknown as Row

const withKey = (key: string) => ({ ...with_({}), headers: { 'idempotency-key': key } })

describe('POST /payments, refused', () => {
  refusals(api, 'POST', '/payments', [
    ...badBodies(OPEN, 'source_account'),
    ['no amount', without('amount'), 'VALIDATION_ERROR', '/amount'],
    ...badAmounts(OPEN),
    ['a currency in lower case', with_({ currency: 'eur' }), 'VALIDATION_ERROR', '/currency'],
    ['a currency that is a number', with_({ currency: 978 }), 'VALIDATION_ERROR', '/currency'],
    ['no currency', without('currency'), 'VALIDATION_ERROR', '/currency'],
    ...account('source_account'),
    ...account('destination_account'),
    [
      'equal accounts',
      with_({ destination_account: OPEN.source_account }),
      'VALIDATION_ERROR',
      '/destination_account',
    ],

    ['no quote_id', without('quote_id'), 'VALIDATION_ERROR', '/quote_id'],
    quoteId('empty', '', 'VALIDATION_ERROR', '/quote_id'),
    quoteId('null', null, 'VALIDATION_ERROR', '/quote_id'),
    quoteId('of 65 characters', 'q'.repeat(65), 'VALIDATION_ERROR', '/quote_id'),
    quoteId('without its prefix', OPEN.quote_id.slice(6), 'QUOTE_NOT_FOUND'),
    quoteId('that was never given out', `quote_${crypto.randomUUID()}`, 'QUOTE_NOT_FOUND'),
    quoteId('of another account', FOREIGN.quote_id, 'QUOTE_NOT_FOUND'),
    quoteId('that expired', EXPIRED, 'QUOTE_EXPIRED'),
    quoteId('that was used', PAID.quote_id, 'QUOTE_ALREADY_USED'),

    ['another amount than the quote’s', with_({ amount: 100_001 }), 'QUOTE_MISMATCH', '/amount'],
    ['the payout for an amount', with_({ amount: 87_699 }), 'QUOTE_MISMATCH', '/amount'],
    ['the source currency', with_({ currency: 'USD' }), 'QUOTE_MISMATCH', '/currency'],
    ['a currency that is none', with_({ currency: 'XXX' }), 'QUOTE_MISMATCH', '/currency'],

    ['an empty Idempotency-Key', withKey(''), 'VALIDATION_ERROR', 'Idempotency-Key'],
    ['a quoted empty Idempotency-Key', withKey('""'), 'VALIDATION_ERROR', 'Idempotency-Key'],
    ['an Idempotency-Key of 256 characters', withKey('k'.repeat(256)), 'VALIDATION_ERROR', 'Idempotency-Key'],
    ['an Idempotency-Key with a tab', withKey('a\tb'), 'VALIDATION_ERROR', 'Idempotency-Key'],
    [
      'an Idempotency-Key with a control character',
      withKey('a\u0001b'),
      'VALIDATION_ERROR',
      'Idempotency-Key',
    ],
    ['an Idempotency-Key with half its quotes', withKey('"abc'), 'VALIDATION_ERROR', 'Idempotency-Key'],

    ['a query parameter', { ...with_({}), path: '/payments?dry_run=1' }, 'VALIDATION_ERROR', '/dry_run'],
    ['a caller without a key', { ...with_({}), key: null }, 'UNAUTHORIZED'],
    ['a key that may only read', { ...with_({}), key: keys.readOnly }, 'FORBIDDEN'],
  ])

  test('none of these made a payment or used the quote', async () => {
    const { body } = await send('GET', `/quotes/${OPEN.quote_id}`)
    expect(body.status).not.toBe('used')
  })

  test('seed.md’s words for a quote that expired', async () => {
    const { body } = await post({ ...OPEN, quote_id: EXPIRED })
    expect(body.message).toBe('Quote has expired, please request a new quote')
  })

  test('a wrong length is told as such', async () => {
    const { body } = await post({ ...OPEN, source_account: 'ab' })
    expect(body.details).toEqual([
      {
        path: '/source_account',
        message:
          'must be text of 3 to 100 characters without blanks at its ends and without control, direction and zero-width characters',
      },
    ])
  })

  test.each(['Łukasz Ñandú', '株式会社 山田', 'o’Brien & Söhne (GmbH)', 'شركة ١٢٣', '😀 shop', 'a b c'])(
    'names as people write them are accepted: %s',
    async (source_account) => {
      expect((await post({ ...(await payable()), source_account })).status).toBe(202)
    },
  )

  test('a mismatch is told what the quote says', async () => {
    const { body } = await post({ ...OPEN, amount: 1 })
    expect(body.details).toEqual([{ path: '/amount', message: 'must be 100000, as in the quote' }])
  })
})

describe('POST /payments with an Idempotency-Key', () => {
  test('the same request again gets the same answer, marked, quoted or not, and makes no second payment', async () => {
    const body = await payable()
    const first = await post(body, { 'idempotency-key': 'order-1' })
    const before = await count()
    for (const key of ['order-1', '"order-1"', ' order-1 ']) {
      const again = await post(body, { 'idempotency-key': key })
      expect([again.status, again.text]).toEqual([202, first.text])
      expect(again.headers.get('idempotent-replayed')).toBe('true')
      expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
    }
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(await count()).toBe(before)
  })

  test('field order and spelling of numbers do not make another request', async () => {
    const body = await payable()
    const first = await post(body, { 'idempotency-key': 'order-2' })
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(body).reverse())).replace(
      '100000',
      '1e5',
    )
    expect((await post(reversed, { 'idempotency-key': 'order-2' })).text).toBe(first.text)
  })

  test('another request under the same key is a conflict, field by field, and takes nothing', async () => {
    const body = await payable()
    const spare = await payable()
    await post(body, { 'idempotency-key': 'order-3' })
    const before = await count()
    for (const other of [
      { amount: 5 },
      { currency: 'USD' },
      { source_account: 'someone' },
      { destination_account: 'someone' },
      { quote_id: spare.quote_id },
      { quote_id: 'none of ours' },
    ])
      expectRefused(
        await post({ ...body, ...other }, { 'idempotency-key': 'order-3' }),
        'IDEMPOTENCY_CONFLICT',
      )
    expect(await count()).toBe(before)
    expect((await post(spare)).status).toBe(202)
  })

  test('the key belongs to the account: another account’s equal key is another key', async () => {
    await post(await payable(), { 'idempotency-key': 'order-4' })
    const theirs = await send('POST', '/payments', {
      body: await payable(keys.stranger),
      headers: { 'idempotency-key': 'order-4' },
      key: keys.stranger,
    })
    expect([theirs.status, theirs.headers.get('idempotent-replayed')]).toEqual([202, null])
  })

  test('a refusal is not remembered: the key still pays once the request is right', async () => {
    const body = await payable()
    expectRefused(
      await post({ ...body, amount: 1 }, { 'idempotency-key': 'order-5' }),
      'QUOTE_MISMATCH',
      '/amount',
    )
    expect((await post(body, { 'idempotency-key': 'order-5' })).status).toBe(202)
  })

  test('fifty at once make one payment and fifty equal answers', async () => {
    const body = await payable()
    const before = await count()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post(body, { 'idempotency-key': 'order-6' })),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(202)
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1)
    expect(await count()).toBe(before + 1)
  })

  test('255 characters are a key', async () => {
    expect((await post(await payable(), { 'idempotency-key': '~'.repeat(255) })).status).toBe(202)
  })
})
