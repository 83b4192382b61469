import { afterEach, describe, expect, test } from 'bun:test'
import type { Outcome, RefusalClass } from '../../src/providers/port.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { type Answer, fakeProvider } from './fake-provider.ts'
import { drive, expectSound, operationsOf, pay, statusOf, turn } from './support.ts'

let harness: Harness | undefined
afterEach(async () => {
  await harness?.stop()
  harness = undefined
})

const refused = (reason: RefusalClass): Outcome => ({ kind: 'refused', reason, message: `no: ${reason}` })

/** Two providers, of which the first answers as a test says; a payment whose quote names the first. */
const start = async (first: Answer, env: Record<string, string> = {}) => {
  const [a, b] = [fakeProvider('a', first), fakeProvider('b')]
  const made = await startHarness({ providers: [a.provider, b.provider], env })
  harness = made
  const id = await pay(made)
  const sent = (fake: typeof a, leg: string) =>
    fake.calls.filter(({ kind, operation }) => kind === 'initiate' && operation.leg === leg)
  return { harness: made, id, a, b, sent }
}

const legsOf = async (made: Harness, id: string) =>
  (await operationsOf(made, id)).map(
    ({ leg, attempt, provider, status }) => `${leg} ${attempt} ${provider} ${status}`,
  )

describe('when the first provider refuses', () => {
  for (const reason of ['funds', 'limits', 'route', 'temporary'] as const)
    test(`for ${reason}, the second carries the leg out, once, under a key of its own`, async () => {
      const { harness, id, b, sent } = await start(({ operation }, books) =>
        operation.leg === 'offramp' ? refused(reason) : books(),
      )
      await drive(harness, [id])
      expect(await statusOf(harness, id)).toBe('COMPLETED')
      expect(await legsOf(harness, id)).toEqual([
        'onramp 1 a done',
        'offramp 1 a refused',
        'offramp 2 b done',
      ])
      expect(sent(b, 'offramp')).toHaveLength(1)
      const { body } = await harness.call('GET', `/payments/${id}`)
      expect(body.legs.map((leg: { refusal: string | null }) => leg.refusal)).toEqual([null, reason, null])
      await expectSound(harness, id)
    })

  test('for compliance before the money is in, nobody else is asked and the payment fails', async () => {
    const { harness, id, b } = await start(() => refused('compliance'))
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('FAILED')
    expect(b.calls).toEqual([])
  })

  test('for compliance after it, nobody else is asked and the payer has it back', async () => {
    const { harness, id, b } = await start(({ operation }, books) =>
      operation.leg === 'offramp' ? refused('compliance') : books(),
    )
    await turn(harness)
    for (let step = 0; step < 3; step++) await turn(harness)
    expect(await statusOf(harness, id)).toBe('REFUND_PENDING')
    expect(b.calls).toEqual([])
    expect(await legsOf(harness, id)).toEqual([
      'onramp 1 a done',
      'offramp 1 a refused',
      'refund 1 a accepted',
    ])
  })
})

describe('when every provider says “not now”', () => {
  const busy = (times: number): Answer => {
    let left = times
    return ({ kind, operation }, books) =>
      kind === 'initiate' && operation.leg === 'offramp' && left-- > 0 ? refused('temporary') : books()
  }

  test('they are asked again, each time as a new attempt, and the payment completes', async () => {
    const [a, b] = [fakeProvider('a', busy(2)), fakeProvider('b', busy(1))]
    const made = await startHarness({ providers: [a.provider, b.provider] })
    harness = made
    const id = await pay(made)
    await drive(made, [id])
    expect(await statusOf(made, id)).toBe('COMPLETED')
    expect(await legsOf(made, id)).toEqual([
      'onramp 1 a done',
      'offramp 1 a refused',
      'offramp 2 b refused',
      'offramp 3 a refused',
      'offramp 4 a done',
    ])
    await expectSound(made, id)
  })

  test('past settle_by nobody is asked again, and the payer has the money back', async () => {
    const a = fakeProvider('a', ({ operation }, books) =>
      operation.leg === 'offramp' ? refused('temporary') : books(),
    )
    const made = await startHarness({ providers: [a.provider] })
    harness = made
    const id = await pay(made)
    for (let step = 0; step < 3; step++) await turn(made)
    expect(await statusOf(made, id)).toBe('ONRAMP_COMPLETE')
    await made.database.sql`update payments set settle_by = now() where id = ${id}`
    await turn(made)
    expect(await statusOf(made, id)).toBe('REFUND_PENDING')
  })
})

describe('when it is not known what the first provider did', () => {
  test('because it was too slow, nobody else is asked until it is known', async () => {
    let hanging = true
    const { harness, id, a, b } = await start(({ operation }, books) =>
      operation.leg === 'offramp' && hanging ? new Promise(() => {}) : books(),
    )
    for (let step = 0; step < 5; step++) await turn(harness)
    expect(await statusOf(harness, id)).toBe('ONRAMP_COMPLETE')
    expect((await harness.call('GET', `/payments/${id}`)).body.exception).toBe('provider_unknown')
    hanging = false
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
    expect(b.calls).toEqual([])
    expect(
      new Set(a.calls.filter(({ operation }) => operation.leg === 'offramp').map((c) => c.operation.key))
        .size,
    ).toBe(1)
  })

  test('because it acted and its reply was lost, it is found to have acted, and acts once', async () => {
    let lost = false
    const { harness, id, b, sent, a } = await start((call, books) => {
      const outcome = books()
      if (call.kind === 'initiate' && call.operation.leg === 'offramp' && !lost) {
        lost = true
        throw new Error('the connection broke')
      }
      return outcome
    })
    await drive(harness, [id])
    expect(await statusOf(harness, id)).toBe('COMPLETED')
    expect(b.calls).toEqual([])
    expect(sent(a, 'offramp')).toHaveLength(1)
    await expectSound(harness, id)
  })
})
