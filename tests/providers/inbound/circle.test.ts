import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import fc from 'fast-check'
import { createCircleInbound } from '../../../src/providers/circle/inbound.ts'
import { type Received, type Reply, startWireServer } from '../wire-server.ts'
import { altered, HOUR, MINUTE, NOW, read, type Sent, settable } from './read.ts'

const API_KEY = 'LIVE_API_KEY:id:secret'
const PATH = '/v2/cpn/notifications/publicKey/'
const DEADLINE_MS = 500

interface Published {
  id: string
  algorithm: string
  publicKey: string
}

const spkiOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

const pair = (id: string = crypto.randomUUID()) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const published: Published = { id, algorithm: 'ECDSA_SHA_256', publicKey: spkiOf(publicKey) }
  return { id, privateKey, published }
}

const KEY = pair()

/** Circle's API for public keys, as it is documented. */
const published = new Map<string, Published>()
let elsewise: ((request: Received) => Reply) | null = null
const server = await startWireServer((request) => {
  if (elsewise) return elsewise(request)
  if (request.method !== 'GET') throw new Error('keys are read')
  if (request.headers.authorization !== `Bearer ${API_KEY}`)
    return { status: 401, body: { code: 401, message: 'Malformed authorization.' } }
  const data = published.get(request.path.slice(PATH.length))
  return data ? { status: 200, body: { data } } : { status: 404, body: { code: 2, message: 'not found' } }
})
afterAll(() => server.stop())
beforeEach(() => {
  published.clear()
  published.set(KEY.id, KEY.published)
  elsewise = null
  server.received.length = 0
})

const start = (apiKey = API_KEY) => {
  const clock = settable()
  return {
    clock,
    inbound: createCircleInbound({ baseUrl: server.url, apiKey, clock, deadlineMs: DEADLINE_MS }),
  }
}

const NOTICE = {
  subscriptionId: 'cd198ca6-9fc4-41d6-b6b1-8e2a9c975352',
  notificationId: '0761b030-0c75-472a-b471-74d90a7e796c',
  notificationType: 'cpn.payment.completed',
  notification: {
    id: 'b8627ae8-732b-4d25-b947-1df8f4007a29',
    status: 'COMPLETED',
    customerRefId: '3d3f2b1e-0d3c-5c56-8a51-5b0c5f9f0a11',
  },
  timestamp: new Date(NOW).toISOString().replace('Z', '420577Z'),
  version: 2,
}

const bodyOf = (change: object = {}): string => JSON.stringify({ ...NOTICE, ...change })
const BODY = bodyOf()

const sent = (body = BODY, key: { id: string; privateKey: KeyObject } = KEY, hash = 'sha256'): Sent => ({
  headers: {
    'x-circle-key-id': key.id,
    'x-circle-signature': sign(hash, Buffer.from(body), key.privateKey).toString('base64'),
  },
  body,
})

const withHeaders = (change: Sent['headers']): Sent => ({
  ...sent(),
  headers: { ...sent().headers, ...change },
})

describe('a message that Circle signed', () => {
  test('is its event, named by its subject and by our own reference', async () => {
    expect(await read(start().inbound, sent())).toEqual({
      id: NOTICE.notificationId,
      names: [NOTICE.notification.id, NOTICE.notification.customerRefId],
    })
    expect(server.violations).toEqual([])
  })

  test('is good whatever it is about', async () => {
    const body = bodyOf({ notificationType: 'webhooks.test', notification: { hello: 'world' } })
    expect(await read(start().inbound, sent(body))).toEqual({ id: NOTICE.notificationId, names: [] })
  })

  test('names the payment that a transaction, a refund or a request for information belongs to', async () => {
    const body = bodyOf({
      notification: { id: 'refund', paymentId: 'payment', amount: { id: 'no' }, note: 'no' },
    })
    expect(await read(start().inbound, sent(body))).toMatchObject({ names: ['refund', 'payment'] })
  })

  test('is good for 48 hours by its own time, as Circle repeats it for 36, and ten minutes ahead', async () => {
    const { inbound } = start()
    for (const [offset, good] of [
      [-48 * HOUR, true],
      [-48 * HOUR - 1, false],
      [10 * MINUTE, true],
      [10 * MINUTE + 1, false],
    ] as const) {
      const body = bodyOf({ timestamp: new Date(NOW + offset).toISOString() })
      expect([offset, (await read(inbound, sent(body))) !== null]).toEqual([offset, good])
    }
  })

  test('is read whatever its text is, and refused with any character of it altered', async () => {
    const { inbound } = start()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(), async (note, index) => {
        const message = sent(bodyOf({ notification: { id: note } }))
        expect(await read(inbound, message)).toEqual({ id: NOTICE.notificationId, names: [note] })
        expect(await read(inbound, { ...message, body: altered(message.body, index) })).toBeNull()
      }),
    )
    expect(server.received).toHaveLength(1)
  })
})

describe('a message is nobody’s when', () => {
  const { 'x-circle-signature': code } = sent().headers as Record<string, string>
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const refused: Record<string, Sent> = {
    'another key signed it': sent(BODY, { id: KEY.id, privateKey: other }),
    'another hash was signed': sent(BODY, KEY, 'sha512'),
    'its body is another’s': { ...sent(), body: BODY.replace('COMPLETED', 'FAILED') },
    'its body ends in a blank more': { ...sent(), body: `${BODY} ` },
    'its time was moved': { ...sent(), body: BODY.replace('T12:', 'T11:') },
    'the signature is missing': withHeaders({ 'x-circle-signature': [] }),
    'the signature is empty': withHeaders({ 'x-circle-signature': '' }),
    'the signature comes twice': withHeaders({ 'x-circle-signature': [code ?? '', code ?? ''] }),
    'the signature is no base64': withHeaders({ 'x-circle-signature': 'not base64!' }),
    'the signature is no DER': withHeaders({ 'x-circle-signature': Buffer.alloc(64, 7).toString('base64') }),
    'the signature has something behind it': withHeaders({ 'x-circle-signature': `${code}AAAA` }),
    'the signature is endless': withHeaders({ 'x-circle-signature': 'AAAA'.repeat(1_000) }),
    'it is no JSON': sent('notificationId=1'),
    'it is a list': sent(JSON.stringify([NOTICE])),
    'it has no id': sent(bodyOf({ notificationId: undefined })),
    'its id is a number': sent(bodyOf({ notificationId: 5 })),
    'it has no time': sent(bodyOf({ timestamp: undefined })),
    'its time is a number': sent(bodyOf({ timestamp: NOW })),
    'its time has no zone': sent(bodyOf({ timestamp: '2026-11-23T12:00:00' })),
    'its time is none': sent(bodyOf({ timestamp: '2026-13-45T99:00:00Z' })),
  }
  const { inbound } = start()
  test.each(Object.entries(refused))('%s', async (_why, message) => {
    expect(await read(inbound, message)).toBeNull()
  })
})

describe('only the form that key ids have is asked for, with our API key', () => {
  test.each([
    ['missing', []],
    ['empty', ''],
    ['given twice', [KEY.id, KEY.id]],
    ['a path', '../../v1/businessAccount/balances'],
    ['a query', `${KEY.id}?x=1`],
    ['encoded', '%2e%2e%2fpayouts'],
    ['in capitals', KEY.id.toUpperCase()],
    ['too long', `${KEY.id}0`],
  ])('an id that is %s is not', async (_how, id) => {
    expect(await read(start().inbound, withHeaders({ 'x-circle-key-id': id }))).toBeNull()
    expect(server.received).toEqual([])
  })

  test('a signature that cannot be one costs no question either', async () => {
    expect(await read(start().inbound, withHeaders({ 'x-circle-signature': '' }))).toBeNull()
    expect(server.received).toEqual([])
  })
})

describe('a public key', () => {
  test('is asked for once, however many messages come at once and later', async () => {
    const { inbound } = start()
    const many = await Promise.all(Array.from({ length: 50 }, () => read(inbound, sent())))
    expect(many.every((event) => event?.id === NOTICE.notificationId)).toBe(true)
    await read(inbound, sent())
    expect(server.received).toHaveLength(1)
    expect(server.received[0]).toMatchObject({ method: 'GET', path: PATH + KEY.id })
  })

  test('that Circle changes to is found, and the old one stays good', async () => {
    const { inbound } = start()
    const next = pair()
    await read(inbound, sent())
    published.set(next.id, next.published)
    expect(await read(inbound, sent(BODY, next))).not.toBeNull()
    expect(await read(inbound, sent())).not.toBeNull()
    expect(await read(inbound, sent(BODY, { ...next, id: KEY.id }))).toBeNull()
    expect(server.received).toHaveLength(2)
  })

  test('that Circle withdraws is believed for a day at most', async () => {
    const { inbound, clock } = start()
    const fresh = () => sent(bodyOf({ timestamp: new Date(clock.at).toISOString() }))
    expect(await read(inbound, fresh())).not.toBeNull()
    published.delete(KEY.id)
    clock.at += 24 * HOUR
    expect(await read(inbound, fresh())).not.toBeNull()
    clock.at += 1
    expect(await read(inbound, fresh())).toBeNull()
  })

  test('that nobody knows is asked for once a minute, and found when it has been made', async () => {
    const { inbound, clock } = start()
    const late = pair()
    const answers = await Promise.all(Array.from({ length: 20 }, () => read(inbound, sent(BODY, late))))
    expect(answers.every((answer) => answer === null)).toBe(true)
    published.set(late.id, late.published)
    clock.at += MINUTE
    expect(await read(inbound, sent(BODY, late))).toBeNull()
    expect(server.received).toHaveLength(1)
    clock.at += 1
    expect(await read(inbound, sent(BODY, late))).not.toBeNull()
    expect(server.received).toHaveLength(2)
  })

  test('is asked for at most 120 times a minute, and made-up ids cost those that are known nothing', async () => {
    const { inbound, clock } = start()
    await read(inbound, sent())
    const invented = () => read(inbound, sent(BODY, { ...KEY, id: crypto.randomUUID() }))
    for (let count = 1; count < 120; count++) expect(await invented()).toBeNull()
    await expect(invented()).rejects.toThrow('too many new signing keys')
    expect(server.received).toHaveLength(120)
    expect(await read(inbound, sent())).not.toBeNull()
    clock.at += MINUTE
    expect(await invented()).toBeNull()
  })

  test('is asked for again at once when the clock was set back after a busy minute', async () => {
    const { inbound, clock } = start()
    const invented = () => read(inbound, sent(BODY, { ...KEY, id: crypto.randomUUID() }))
    for (let count = 0; count < 120; count++) await invented()
    clock.at -= MINUTE
    expect(await invented()).toBeNull()
  })
})

describe('a signature that cannot be checked now is no verdict', () => {
  const replies: Record<string, Reply> = {
    'the API fails': { status: 503, body: { message: 'try again' } },
    'the API wants us to slow down': { status: 429, body: { message: 'slow down' } },
    'the API does not know us': { status: 401, body: { code: 401, message: 'Malformed authorization.' } },
    'the API does not let us': { status: 403, body: { code: 3, message: 'forbidden' } },
    'the API answers in HTML': { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } },
    'the API sends us elsewhere': { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
    'the answer is no key': { status: 200, body: { data: {} } },
    'the answer is another key’s': { status: 200, body: { data: pair().published } },
    'the algorithm is another': {
      status: 200,
      body: { data: { ...KEY.published, algorithm: 'RSA_SHA_256' } },
    },
    'the key cannot be read': { status: 200, body: { data: { ...KEY.published, publicKey: 'bm8=' } } },
    'the key is of another kind': {
      status: 200,
      body: {
        data: {
          ...KEY.published,
          publicKey: spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
        },
      },
    },
  }
  test.each(Object.entries(replies))(
    '%s: it throws, and the next message finds the key',
    async (_why, reply) => {
      const { inbound } = start()
      elsewise = () => reply
      await expect(read(inbound, sent())).rejects.toThrow()
      elsewise = null
      expect(await read(inbound, sent())).not.toBeNull()
    },
  )

  test('the connection breaks, or nothing comes: it throws, and the next message finds the key', async () => {
    for (const trouble of ['reset', 'hang'] as const) {
      const { inbound } = start()
      const spoilt = server.arm(trouble, () => true)
      await expect(read(inbound, sent())).rejects.toThrow()
      await spoilt
      expect(await read(inbound, sent())).not.toBeNull()
    }
  })

  test('the caller gives up: it throws at once, while others go on waiting for the same key', async () => {
    const { inbound } = start()
    const message = { headers: new Headers(sent().headers as Record<string, string>), body: BODY }
    const given = new AbortController()
    const impatient = inbound.read(message, given.signal)
    const patient = read(inbound, sent())
    given.abort(new Error('gave up'))
    await expect(impatient).rejects.toThrow('gave up')
    expect(await patient).not.toBeNull()
    expect(server.received).toHaveLength(1)
  })

  test('what is thrown holds neither our API key nor where it was sent', async () => {
    const { inbound } = start('TEST_API_KEY:wrong')
    const error = await read(inbound, sent()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(Bun.inspect(error)).not.toMatch(/TEST_API_KEY|127\.0\.0\.1/)
  })
})
