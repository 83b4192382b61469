import { describe, expect, test } from 'bun:test'
import { constants, createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { createBridgeInbound } from '../../../src/providers/bridge/inbound.ts'
import { altered, MINUTE, NOW, read, type Sent, settable } from './read.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

const clock = settable()
const inbound = createBridgeInbound({ publicKey: pemOf(publicKey), clock })

const EVENT = {
  api_version: 'v0',
  event_id: 'wh_event_1',
  event_category: 'transfer',
  event_type: 'transfer.updated.status_transitioned',
  event_object_id: 'bridge_transfer_1',
  event_object_status: 'payment_processed',
  event_object: {
    id: 'bridge_transfer_1',
    client_reference_id: '3d3f2b1e-0d3c-5c56-8a51-5b0c5f9f0a11',
    state: 'payment_processed',
    amount: '100.00',
  },
  event_object_changes: { state: ['payment_submitted', 'payment_processed'] },
  event_created_at: '2026-11-23T11:59:58.000Z',
}
const BODY = JSON.stringify(EVENT)

interface Signing {
  /** Unix milliseconds, as text where they are spelled in another way. */
  at?: number | string
  key?: KeyObject
  hash?: string
  padding?: number
  digests?: number
}

/** What is signed of a message: its time and body, hashed so often before signing hashes once more. */
const signedText = (at: number | string, body: string, digests: number): Buffer => {
  let text: Buffer = Buffer.from(`${at}.${body}`)
  for (let round = 0; round < digests; round++) text = createHash('sha256').update(text).digest()
  return text
}

const codeOf = (body: string, given: Signing = {}): string => {
  const {
    at = NOW,
    key = privateKey,
    hash = 'sha256',
    padding = constants.RSA_PKCS1_PADDING,
    digests = 1,
  } = given
  return sign(hash, signedText(at, body, digests), { key, padding }).toString('base64')
}

const sent = (body = BODY, given: Signing = {}): Sent => ({
  headers: { 'x-webhook-signature': `t=${given.at ?? NOW},v0=${codeOf(body, given)}` },
  body,
})

const signedWith = (signature: string | readonly string[]): Sent => ({
  headers: { 'x-webhook-signature': signature },
  body: BODY,
})

describe('a message that Bridge signed', () => {
  test('is its event, named by the transfer and by our own reference', async () => {
    expect(await read(inbound, sent())).toEqual({
      id: EVENT.event_id,
      names: [EVENT.event_object_id, EVENT.event_object.id, EVENT.event_object.client_reference_id],
    })
  })

  test('is good for ten minutes, by either clock', async () => {
    for (const [offset, good] of [
      [-10 * MINUTE, true],
      [-10 * MINUTE - 1, false],
      [10 * MINUTE, true],
      [10 * MINUTE + 1, false],
    ] as const)
      expect([offset, (await read(inbound, sent(BODY, { at: NOW + offset }))) !== null]).toEqual([
        offset,
        good,
      ])
  })

  test('is read whatever its text is, and refused with any character of it altered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(), async (note, index) => {
        const body = JSON.stringify({ event_id: 'e1', event_object: { id: note } })
        const message = sent(body)
        expect(await read(inbound, message)).toEqual({ id: 'e1', names: [note] })
        expect(await read(inbound, { ...message, body: altered(body, index) })).toBeNull()
      }),
      { numRuns: 40 },
    )
  })
})

test('the messages of these tests are signed as the vector that Bridge publishes, which only a double hash fits', () => {
  const key = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtqsEE4eI7EmzhcquGJXt
LX9PMK0UH6Kl1WIR21sv8HtueG8BuvvpP3MiN7ltzmIhS8KaynCjN4l+620PnXeu
xWG+CSnEdkinL9hCqbEid5vv9zl0j9LWiJx3FkKHqADU7cgm46aa8dKUdIQYF2X+
O7WmyLkC4wUM/mWhBPMsIQBznashRMZxx7XJjsVp27ACUE4eNIjEXbVYN6U8jSbU
hG++CfL8xXu+GHDqKmFE6Po6HnuURvLFVnCtE3mXXBcVFlPy+octfx8nOMLT3X8O
9UehIigJ34o2yMm/Fq3HUJzg2BsiAiGgtr0vmeoV9Q7upSNj9TuOumAzZFi4pYA+
qwIDAQAB
-----END PUBLIC KEY-----`
  const signature =
    'jz/0dmHJ63FAzacGutrDTEoq+iSz/PHm/ugdooXDQu5NwuVIT2LmZGjsnCsBHgR9Py6OBP9zurzW4dHgygU4EDqmMPTUOvhvndYb4lWt+TY66LihaFI2whL6DAf/jb1QjYjNU0A6x9SLzC45dgE6X7zTDUM+2Z+scG/WEQf6SxQMt4E2sEipl5PqMK5lYUe3otdJV+X2c9D64bGwCEE7QSia+Vhozg8QNOQEk/rdz2IEONIg6oC43CeiN4E2kF9XLAGuy9uAHx9O9OJH5ZPLJZjyo4VcXYeWQgxaQ1gZ1Qu6hEEzgiPSff/1nou58dm4bIIazgCWli/mO0NyGcpfFw=='
  const fits = (digests: number) =>
    verify(
      'sha256',
      signedText(1_705_854_411_204, '{"message":"Hello World!"}', digests),
      key,
      Buffer.from(signature, 'base64'),
    )
  expect([0, 1, 2].map(fits)).toEqual([false, true, false])
})

describe('a message is nobody’s when', () => {
  const good = `t=${NOW},v0=${codeOf(BODY)}`
  const refused: Record<string, Sent> = {
    'another key signed it': sent(BODY, { key: stranger }),
    'its text was hashed once': sent(BODY, { digests: 0 }),
    'its text was hashed three times': sent(BODY, { digests: 2 }),
    'another hash was signed': sent(BODY, { hash: 'sha512' }),
    'it was signed with PSS': sent(BODY, { padding: constants.RSA_PKCS1_PSS_PADDING }),
    'its body is another’s': { ...sent(), body: BODY.replace('payment_processed', 'refunded') },
    'its body ends in a blank more': { ...sent(), body: `${BODY} ` },
    'its time was moved': signedWith(good.replace(`t=${NOW}`, `t=${NOW + 1}`)),
    'its time is in seconds': sent(BODY, { at: NOW / 1_000 }),
    'its time is in scientific notation': sent(BODY, { at: NOW.toExponential() }),
    'its time has a zero before it': sent(BODY, { at: `0${NOW}` }),
    'the signature is missing': { headers: {}, body: BODY },
    'the signature comes twice': signedWith([good, good]),
    'the signature is empty': signedWith(''),
    'the signature is no list': signedWith('nonsense'),
    'the signature is endless': signedWith(`${good},v1=${'0'.repeat(5_000)}`),
    'it has no time': signedWith(good.replace(/t=\d+,/, '')),
    'it has two times': signedWith(`t=${NOW},${good}`),
    'it has no code': signedWith(`t=${NOW}`),
    'its code is empty': signedWith(`t=${NOW},v0=`),
    'it has two codes': signedWith(`${good},v0=${codeOf(BODY)}`),
    'the code is in another field': signedWith(good.replace('v0=', 'v1=')),
    'the code lacks its padding': signedWith(good.replace(/=+$/, '')),
    'the code is base64 for URLs': signedWith(good.replaceAll('+', '-').replaceAll('/', '_')),
    'the code has something behind it': signedWith(`${good}AAAA`),
    'it is no JSON': sent('event_id=1'),
    'it is a list': sent(JSON.stringify([EVENT])),
    'it is empty': sent(''),
    'it has no id': sent(JSON.stringify({ ...EVENT, event_id: undefined })),
    'its id is a number': sent(JSON.stringify({ ...EVENT, event_id: 5 })),
  }
  test.each(Object.entries(refused))('%s', async (_why, message) => {
    expect(await read(inbound, message)).toBeNull()
  })
})

test('names are texts in the places that are documented, and nothing else', async () => {
  const event_object = { id: 5, transfer_id: 't', note: 'no', source: { id: 'no' } }
  const body = JSON.stringify({ event_id: 'e1', id: 'no', event_object_id: null, event_object })
  expect(await read(inbound, sent(body))).toEqual({ id: 'e1', names: ['t'] })
})

test('a key that cannot be the endpoint’s is refused at the start', () => {
  const { publicKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  expect(() => createBridgeInbound({ publicKey: pemOf(ec), clock })).toThrow('not an RSA key')
  expect(() => createBridgeInbound({ publicKey: 'nonsense', clock })).toThrow()
})
