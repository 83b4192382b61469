import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Payment } from '../../src/payments/model.ts'
import type { Status } from '../../src/payments/transitions.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { ended, expectSound, operationsOf, pathOf, pay, until } from './support.ts'

interface Life {
  /** Accounts whose names arm the sandbox's faults. */
  source: string
  destination?: string
  path: Status[]
  /** Leg, attempt and status of each provider operation. */
  operations: string[]
  /** Exceptions that it went through. */
  troubles?: string[]
}

const COMPLETED: Status[] = ['PENDING', 'ONRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED']
const OK = ['onramp 1 done', 'offramp 1 done']

const LIVES: Record<string, Life> = {
  'goes well': { source: 'payer', path: COMPLETED, operations: OK },
  'is refused by every provider': {
    source: 'refuse_onramp',
    path: ['PENDING', 'FAILED'],
    operations: ['onramp 1 refused', 'onramp 2 refused', 'onramp 3 refused'],
  },
  'is refused by the first provider': {
    source: 'refuse_onramp_once',
    path: COMPLETED,
    operations: ['onramp 1 refused', 'onramp 2 done', 'offramp 1 done'],
  },
  'has an on-ramp that fails at settlement': {
    source: 'fail_onramp',
    path: ['PENDING', 'ONRAMP_PENDING', 'FAILED'],
    operations: ['onramp 1 refused'],
  },
  'has an off-ramp that fails at settlement': {
    source: 'fail_offramp_once',
    path: [...COMPLETED.slice(0, 4), 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'COMPLETED'],
    operations: ['onramp 1 done', 'offramp 1 refused', 'offramp 2 done'],
  },
  'has off-ramps that all fail at settlement': {
    source: 'fail_offramp',
    path: [
      ...COMPLETED.slice(0, 4),
      ...(['ONRAMP_COMPLETE', 'OFFRAMP_PENDING', 'ONRAMP_COMPLETE', 'OFFRAMP_PENDING'] as const),
      ...(['REFUND_PENDING', 'REFUNDED'] as const),
    ],
    operations: ['onramp 1 done', ...[1, 2, 3].map((n) => `offramp ${n} refused`), 'refund 1 done'],
  },
  'has an off-ramp that every provider refuses': {
    source: 'refuse_offramp',
    path: [...COMPLETED.slice(0, 3), 'REFUND_PENDING', 'REFUNDED'],
    operations: ['onramp 1 done', ...[1, 2, 3].map((n) => `offramp ${n} refused`), 'refund 1 done'],
  },
  'has a refund that is refused at first': {
    source: 'refuse_offramp',
    destination: 'refuse_refund_once',
    path: [...COMPLETED.slice(0, 3), 'REFUND_PENDING', 'REFUNDED'],
    operations: [
      'onramp 1 done',
      ...[1, 2, 3].map((n) => `offramp ${n} refused`),
      ...['refund 1 refused', 'refund 2 done'],
    ],
    troubles: ['needs_review'],
  },
  'has an on-ramp request that is lost': {
    source: 'timeout_onramp',
    path: COMPLETED,
    operations: OK,
    troubles: ['provider_unknown'],
  },
  'has an off-ramp whose answer is lost': {
    source: 'drop_offramp',
    path: COMPLETED,
    operations: OK,
    troubles: ['provider_unknown'],
  },
  'has a refund whose answer is lost': {
    source: 'refuse_offramp',
    destination: 'drop_refund',
    path: [...COMPLETED.slice(0, 3), 'REFUND_PENDING', 'REFUNDED'],
    operations: ['onramp 1 done', ...[1, 2, 3].map((n) => `offramp ${n} refused`), 'refund 1 done'],
    troubles: ['provider_unknown'],
  },
}

const SAME_TIME = 5

let harness: Harness
let ids: Record<string, string[]>
beforeAll(async () => {
  harness = await startHarness({ workers: true, env: { PROVIDER_DEADLINE_MS: '500' } })
  const paid = Object.entries(LIVES).map(async ([name, { source, destination }]) => {
    const several = Array.from({ length: SAME_TIME }, () => pay(harness, source, destination))
    return [name, await Promise.all(several)] as const
  })
  ids = Object.fromEntries(await Promise.all(paid))
  await until(ended(harness, Object.values(ids).flat()))
}, 60_000)
afterAll(() => harness.stop())

const each = async (name: string, check: (id: string) => Promise<void>) => {
  expect(ids[name]).toHaveLength(SAME_TIME)
  for (const id of ids[name] ?? []) await check(id)
}

describe.each(Object.entries(LIVES))('a payment that %s', (name, life) => {
  test('goes through exactly the states of the design', () =>
    each(name, async (id) => expect(await pathOf(harness, id)).toEqual(life.path)))

  test('has one operation for each leg and attempt', () =>
    each(name, async (id) => {
      const operations = await operationsOf(harness, id)
      expect(operations.map(({ leg, attempt, status }) => `${leg} ${attempt} ${status}`)).toEqual(
        life.operations,
      )
    }))

  test('has a history without gaps and moves money once a leg', () =>
    each(name, (id) => expectSound(harness, id)))

  test('shows its troubles, and none of them when it has ended', () =>
    each(name, async (id) => {
      const seen = await harness.database.sql<{ exception: string }[]>`
        select exception from payment_audit where payment_id = ${id} order by version`
      const troubles = seen.map(({ exception }) => exception).filter((exception) => exception !== 'none')
      expect([...new Set(troubles)]).toEqual(life.troubles ?? [])
      expect(seen.at(-1)?.exception).toBe('none')
    }))

  test('announces every change of state once, and its end by name', () =>
    each(name, async (id) => {
      const events = await harness.database.sql<{ type: string; status: string; exception: string }[]>`
        select type, body::json -> 'data' ->> 'status' as status, body::json -> 'data' ->> 'exception' as exception
        from webhook_events where payment_id = ${id} order by sequence`
      const states = events.map(({ status }) => status)
      expect(states.filter((status, index) => status !== states[index - 1])).toEqual(life.path)
      expect(events[0]?.type).toBe('payment.created')
      expect(events.at(-1)?.type).toBe(`payment.${life.path.at(-1)?.toLowerCase()}`)
      for (const { type, exception } of events)
        expect(type === 'payment.needs_review').toBe(exception === 'needs_review')
    }))

  test('leaves no job behind', () =>
    each(name, async (id) => {
      const jobs = await harness.database.sql`
        select id from pgboss.job where singleton_key = ${id} and state in ('created', 'retry', 'active', 'failed')`
      expect(jobs).toHaveLength(0)
    }))
})

describe('what a caller sees', () => {
  const shown = async (name: string): Promise<Payment> =>
    (await harness.call('GET', `/payments/${ids[name]?.[0]}`)).body

  test('of a completed payment: both legs, what was received and spent, and the guaranteed payout', async () => {
    const payment = await shown('goes well')
    const [onramp, offramp] = payment.legs
    expect(onramp).toMatchObject({ amount: 95_275, currency: 'USD', usdc_amount: payment.usdc.received })
    expect(offramp).toMatchObject({ amount: 87_699, currency: 'EUR', usdc_amount: payment.usdc.spent })
    expect(payment.usdc.difference).toBe((payment.usdc.received ?? 0) - (payment.usdc.spent ?? 0))
    expect(payment.guaranteed_payout).toBe(87_699)
  })

  test('of a refunded payment: the on-ramp is undone exactly, and the payer has the whole source amount back', async () => {
    const payment = await shown('has an off-ramp that every provider refuses')
    expect(payment.legs.at(-1)).toMatchObject({
      leg: 'refund',
      amount: 95_275,
      currency: 'USD',
    })
    expect(payment.refunded).toBe(100_000)
    expect(payment.failure_reason).toBe('refused by a sandbox fault')
    expect(payment.usdc).toMatchObject({ spent: null, difference: null })
  })
})
