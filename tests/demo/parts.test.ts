import { describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { createInbox } from '../../src/demo/inbox.ts'
import { outcomeOf } from '../../src/demo/outcome.ts'
import { startReceiver } from '../../src/demo/receiver.ts'
import { deadlineMs, demoConfig } from '../../src/demo/settings.ts'
import type { WebhookEvent } from '../../src/demo/wire.ts'
import { CHANGES, EVENTS, PAYMENT, QUOTE } from './samples.ts'

const [first, second] = EVENTS as [WebhookEvent, WebhookEvent]

describe('settings', () => {
  test('the demo never touches the real database, port or mode', () => {
    const config = demoConfig({
      DATABASE_URL: 'postgres://real/one',
      AUTH_MODE: 'required',
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '3000',
      ROLE: 'api',
      DATA_DIR: '/srv/ratelock',
      LOG_LEVEL: 'trace',
    })
    expect(config).toMatchObject({
      DATABASE_URL: undefined,
      AUTH_MODE: 'open',
      HOST: '127.0.0.1',
      PORT: 0,
      ROLE: 'all',
      DATA_DIR: '/srv/ratelock/demo',
      SANDBOX_TIME_SCALE: 0.1,
      LOG_LEVEL: 'error',
    })
    expect(demoConfig({}).DATA_DIR).toBe('.data/demo')
  })

  test('it ends within a minute unless someone asked for slow settlement', () => {
    expect([deadlineMs(0), deadlineMs(0.1), deadlineMs(1)]).toEqual([55_000, 55_000, 271_000])
  })
})

test('the receiver takes what is signed with its secret, once, and refuses the rest', async () => {
  const got: string[] = []
  const receiver = startReceiver({
    verified: ({ type }) => got.push(type),
    refused: (reason) => got.push(`refused: ${reason}`),
  })
  const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
  const body = JSON.stringify(first)
  // The signature holds for now only, within five minutes.
  const now = new Date()
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', now, body),
  }
  const post = async (text: string) =>
    (await fetch(receiver.url, { method: 'POST', body: text, headers })).status
  try {
    expect(await post(body)).toBe(503)
    receiver.trust(secret)
    expect([await post(body), await post(body)]).toEqual([204, 204])
    expect(await post(`${body} `)).toBe(400)
    expect(got).toEqual(['payment.created', 'refused: its signature does not verify'])
  } finally {
    await receiver.stop()
  }
})

test('the inbox shows the webhooks of its own payment, also those that came early', async () => {
  const shown: number[] = []
  const inbox = createInbox(({ data }) => shown.push(data.sequence))
  const { signal } = new AbortController()
  inbox.put({ ...second, data: { ...second.data, payment_id: 'of an interrupted demo' } })
  inbox.put(first)
  inbox.claim(first.data.payment_id)
  expect(shown).toEqual([1])
  expect(await inbox.settled([1, 2], 20, signal)).toEqual([first])
  const both = inbox.settled([1, 2], 5_000, signal)
  inbox.put(second)
  expect(await both).toEqual([first, second])
})

describe('the demo fails when the promise was not kept', () => {
  const offramp = PAYMENT.legs.map((leg) => (leg.leg === 'offramp' ? { ...leg, amount: 87_698 } : leg))
  const altered = EVENTS.map((event) => ({ ...event, data: { ...event.data, guaranteed_payout: 1 } }))
  test.each([
    [{ status: 'REFUNDED', failure_reason: 'closed' }, EVENTS, 'ended as REFUNDED (closed), not COMPLETED'],
    [{ legs: offramp }, EVENTS, 'got 87698 EUR, the quote promised 87699 EUR'],
    [{ legs: [] }, EVENTS, 'no off-ramp is done'],
    [{ exchange_rate: 0.92 }, EVENTS, 'another locked rate'],
    [{ executed_rate: null }, EVENTS, 'its figures are not'],
    [{}, EVENTS.slice(0, 4), 'no verified webhook arrived for COMPLETED'],
    [{}, EVENTS.slice(1), 'no verified webhook arrived for PENDING'],
    [{}, altered, 'the webhook names another payout'],
  ])('%j', (change, events, problem) => {
    expect(() => outcomeOf(QUOTE, { ...PAYMENT, ...change }, CHANGES, events)).toThrow(problem)
  })
})
