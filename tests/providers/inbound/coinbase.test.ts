import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { createCoinbaseInbound } from '../../../src/providers/coinbase/inbound.ts'
import { altered, MINUTE, NOW, read, SECOND, type Sent, settable } from './read.ts'

const SECRET = '7b1f7c2e-webhook-secret'
const clock = settable()
const inbound = createCoinbaseInbound({ secret: SECRET, clock })

const EVENT = {
  eventId: '0b1c7c9e-2f0e-4c55-9a0c-3b6c0c8f9e11',
  eventType: 'payments.transfers.completed',
  timestamp: '2026-11-23T11:59:58Z',
  data: {
    transferId: 'transfer_af2937b0-9846-4fe7-bfe9-ccc22d935114',
    status: 'completed',
    sourceAmount: '100.00',
    metadata: { key: '3d3f2b1e-0d3c-5c56-8a51-5b0c5f9f0a11', note: 'free text' },
  },
}
const BODY = JSON.stringify(EVENT)
const SIGNED_HEADERS = { 'content-type': 'application/json', 'x-event-id': EVENT.eventId }

interface Signing {
  secret?: string
  algorithm?: string
  /** Unix seconds, as text where they are spelled in another way. */
  at?: number | string
  names?: string
  headers?: Record<string, string>
}

/** The code of a message, as Coinbase documents it: time, names, values and body with dots between. */
const codeOf = (body: string, given: Signing = {}): string => {
  const { secret = SECRET, algorithm = 'sha256', at = NOW / SECOND, headers = SIGNED_HEADERS } = given
  const names = given.names ?? Object.keys(headers).join(' ')
  const text = `${at}.${names}.${Object.values(headers).join('.')}.${body}`
  return createHmac(algorithm, secret).update(text).digest('hex')
}

const signatureOf = (body: string, given: Signing = {}): string => {
  const { at = NOW / SECOND, headers = SIGNED_HEADERS } = given
  const bodyOnly = createHmac('sha256', SECRET).update(`${at}.${body}`).digest('hex')
  return `t=${at},v0=${bodyOnly},h=${given.names ?? Object.keys(headers).join(' ')},v1=${codeOf(body, given)}`
}

const sent = (body = BODY, given: Signing = {}): Sent => ({
  headers: { ...(given.headers ?? SIGNED_HEADERS), 'x-hook0-signature': signatureOf(body, given) },
  body,
})

/** The good message with another signature header. */
const signedWith = (signature: string | readonly string[]): Sent => ({
  headers: { ...SIGNED_HEADERS, 'x-hook0-signature': signature },
  body: BODY,
})

describe('a message that Coinbase signed', () => {
  test('is its event, named by the transfer and by what we attached to it', async () => {
    expect(await read(inbound, sent())).toEqual({
      id: EVENT.eventId,
      names: [EVENT.data.transferId, EVENT.data.metadata.key, EVENT.data.metadata.note],
    })
  })

  test('is good whatever it is about', async () => {
    const { eventId: eventID, ...rest } = EVENT
    const spelled = JSON.stringify({ ...rest, eventID })
    expect(await read(inbound, sent(spelled))).toMatchObject({ id: EVENT.eventId })
    const other = JSON.stringify({ eventId: 'e1', eventType: 'health.status.updated', data: null })
    expect(await read(inbound, sent(other))).toEqual({ id: 'e1', names: [] })
  })

  test('is good with any of several signatures, as while a secret is changed', async () => {
    const wrong = codeOf(BODY, { secret: 'another' })
    const good = signatureOf(BODY)
    for (const signature of [`${good},v1=${wrong}`, good.replace(',v1=', `,v1=${wrong},v1=`)])
      expect(await read(inbound, signedWith(signature))).toMatchObject({ id: EVENT.eventId })
  })

  test('is good for five minutes, by either clock', async () => {
    for (const [offset, good] of [
      [-5 * MINUTE, true],
      [-5 * MINUTE - SECOND, false],
      [5 * MINUTE, true],
      [5 * MINUTE + SECOND, false],
    ] as const)
      expect([offset, (await read(inbound, sent(BODY, { at: (NOW + offset) / SECOND }))) !== null]).toEqual([
        offset,
        good,
      ])
  })

  test('is read whatever its text is, and refused with any character of it altered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(), async (note, index) => {
        const body = JSON.stringify({ eventId: 'e1', data: { transferId: note } })
        expect(await read(inbound, sent(body))).toEqual({ id: 'e1', names: [note] })
        expect(await read(inbound, { ...sent(body), body: altered(body, index) })).toBeNull()
      }),
    )
  })
})

describe('a message is nobody’s when', () => {
  const good = signatureOf(BODY)
  const withoutField = (name: string) => good.replace(new RegExp(`,?${name}=[^,]*`), '').replace(/^,/, '')
  const refused: Record<string, Sent> = {
    'another secret signed it': sent(BODY, { secret: 'another' }),
    'an empty secret signed it': sent(BODY, { secret: '' }),
    'another algorithm signed it': sent(BODY, { algorithm: 'sha512' }),
    'SHA-1 signed it': sent(BODY, { algorithm: 'sha1' }),
    'its body is another’s': { ...sent(), body: BODY.replace('completed', 'failed') },
    'its body ends in a blank more': { ...sent(), body: `${BODY} ` },
    'its time was moved': signedWith(good.replace(`t=${NOW / SECOND}`, `t=${NOW / SECOND + 1}`)),
    'its time is in milliseconds': sent(BODY, { at: NOW }),
    'its time has a zero before it': sent(BODY, { at: `0${NOW / SECOND}` }),
    'its time is in scientific notation': sent(BODY, { at: (NOW / SECOND).toExponential() }),
    'its time is no number': signedWith(good.replace(/t=\d+/, 't=now')),
    'its time is signed': signedWith(good.replace('t=', 't=+')),
    'a signed header was altered': {
      ...sent(),
      headers: { ...sent().headers, 'content-type': 'text/plain' },
    },
    'a signed header is missing': {
      ...sent(),
      headers: { 'x-event-id': EVENT.eventId, 'x-hook0-signature': good },
    },
    'a signed header comes twice': {
      ...sent(),
      headers: { ...sent().headers, 'content-type': ['application/json', 'application/json'] },
    },
    'other headers are named': signedWith(good.replace('h=content-type x-event-id', 'h=content-type')),
    'the headers are named in another order': signedWith(
      good.replace('h=content-type x-event-id', 'h=x-event-id content-type'),
    ),
    'the names are in capitals': sent(BODY, { names: 'Content-Type X-Event-Id' }),
    'a name is none that a header can have': sent(BODY, { names: 'content(type) x-event-id' }),
    'no headers are named': sent(BODY, { names: '', headers: {} }),
    'too many headers are named': sent(BODY, {
      headers: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`x-${index}`, 'value'])),
    }),
    'the signature is missing': { headers: SIGNED_HEADERS, body: BODY },
    'the signature comes twice': signedWith([good, good]),
    'the signature is empty': signedWith(''),
    'the signature is no list': signedWith('nonsense'),
    'the signature is endless': signedWith(`${good},v1=${'0'.repeat(5_000)}`),
    'it has no time': signedWith(withoutField('t')),
    'it has two times': signedWith(`t=${NOW / SECOND},${good}`),
    'it has no list of headers': signedWith(withoutField('h')),
    'it has two lists of headers': signedWith(`${good},h=content-type`),
    'it has no code': signedWith(withoutField('v1')),
    'only the code for body and time is good': signedWith(good.replace(/v1=.*/, `v1=${'0'.repeat(64)}`)),
    'the code is cut off': signedWith(good.slice(0, -2)),
    'the code is no hexadecimal': signedWith(good.replace(/v1=.*/, `v1=${'zz'.repeat(32)}`)),
    'the code is in another field': signedWith(good.replace('v1=', 'v2=')),
    'it is no JSON': sent('eventId=1'),
    'it is half a message': sent(BODY.slice(0, -1)),
    'it is nested without end': sent('['.repeat(60_000)),
    'it is a list': sent(JSON.stringify([EVENT])),
    'it is empty': sent(''),
    'it has no id': sent(JSON.stringify({ ...EVENT, eventId: undefined })),
    'its id is a number': sent(JSON.stringify({ ...EVENT, eventId: 5 })),
  }
  test.each(Object.entries(refused))('%s', async (_why, message) => {
    expect(await read(inbound, message)).toBeNull()
  })
})

test('names are texts in the places that are documented, and nothing else', async () => {
  const data = { transferId: 7, metadata: { key: 'k', count: 1, deep: { key: 'no' }, none: null }, id: 'no' }
  const body = JSON.stringify({ eventId: 'e1', transferId: 'no', data })
  expect(await read(inbound, sent(body))).toEqual({ id: 'e1', names: ['k'] })
  const list = JSON.stringify({ eventId: 'e1', data: { metadata: ['no'] } })
  expect(await read(inbound, sent(list))).toEqual({ id: 'e1', names: [] })
})

test('an empty secret is refused at the start, for anybody could sign with it', () => {
  expect(() => createCoinbaseInbound({ secret: '', clock })).toThrow('secret is empty')
})
