import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { LEGS, type Leg, type Operation, type Outcome } from '../../src/providers/port.ts'
import type { Harness } from './conformance.ts'
import { type Received, WIRE_TROUBLES, type WireServer, type WireTrouble } from './wire-server.ts'

/** What the suite of real adapters needs beside that of all providers. */
export interface WireHarness extends Harness {
  server: WireServer
  /** Whether the request is the one by which this leg first acts: the one that must never act twice. */
  acts_on(request: Received, leg: Leg): boolean
  /** Makes the server name a state that is not documented for the operation, from now on. */
  unknownState(operation: Operation): Promise<void>
  /** Makes the server write the operation's amounts with `zeros` more decimals, the last of them a 1 when `exact` is false. */
  rescale(operation: Operation, zeros: number, exact: boolean): Promise<void>
  /** Lets a payout that is done come back to us; null where the API documents no such thing. */
  giveBack: ((operation: Operation) => Promise<void>) | null
  /** Milliseconds for which a key may be sent again; after that an operation without a reference is unknown for good. */
  keyLifeMs: number
}

/** Troubles of a first request after which it is certain that nothing was done. */
const DEFINITE: ReadonlySet<WireTrouble> = new Set(['denied', 'rate_limited', 'gate_html'])

const never = new AbortController().signal

/** The guarantees that hold for every adapter of an API: whatever happens to a request or an answer, money moves once. */
export const describeWireConformance = (
  name: string,
  legs: readonly Leg[],
  setup: () => Promise<WireHarness>,
): void => {
  describe.each(LEGS.filter((leg) => legs.includes(leg)))(`${name} %s on the wire`, (leg) => {
    let harness: WireHarness
    beforeAll(async () => {
      harness = await setup()
    })
    afterAll(async () => {
      expect(harness.server.violations).toEqual([])
      await harness.close()
    })

    const status = (operation: Operation) => harness.provider.status(operation, never)
    const acting = (request: Received) => harness.acts_on(request, leg)
    /** An error is what the guard makes an unknown outcome of. */
    const outcomeOf = (call: Promise<Outcome>): Promise<Outcome> =>
      call.catch((error: Error) => ({ kind: 'unknown', message: error.message }))
    const initiate = (operation: Operation, signal = never) =>
      outcomeOf(harness.provider.initiate(operation, signal))
    /** What the router does when it asks about an operation whose reply is missing. */
    const inquire = async (operation: Operation): Promise<Outcome> => {
      const again = { ...operation, sentBefore: true, ageMs: 1_000 }
      const found = await outcomeOf(status(again))
      return found.kind === 'not_found' ? initiate(again) : found
    }
    const accepted = async (operation: Operation): Promise<Operation> => {
      const outcome = await initiate(operation)
      if (outcome.kind !== 'accepted')
        throw new Error(
          `expected accepted, got ${outcome.kind} ${'message' in outcome ? outcome.message : ''}`,
        )
      return { ...operation, reference: outcome.reference, sentBefore: true, ageMs: 1_000 }
    }
    const settled = async (operation: Operation): Promise<Outcome> => {
      await harness.settle()
      return status(operation)
    }

    test.each([...WIRE_TROUBLES])(
      '%s of the first request: money moves once, or not at all',
      async (trouble) => {
        const operation = await harness.operation(leg)
        const deadline = new AbortController()
        void harness.server.arm(trouble, acting).then(() => trouble.startsWith('hang') && deadline.abort())
        const first = await initiate(operation, deadline.signal)
        if (DEFINITE.has(trouble)) {
          expect(first).toMatchObject({ kind: 'refused', reason: 'temporary' })
          expect(await harness.acts(operation)).toBe(0)
          return
        }
        expect(first.kind).toBe('unknown')
        const found = await inquire(operation)
        if (found.kind !== 'accepted') throw new Error(`expected accepted, got ${found.kind}`)
        expect(await harness.acts(operation)).toBe(1)
        const known = { ...operation, reference: found.reference, sentBefore: true }
        expect(await settled(known)).toMatchObject({ kind: 'done', settled: { fiat: operation.amount } })
        expect(await harness.acts(operation)).toBe(1)
      },
    )

    test('an API that cannot be reached refuses at first, and says nothing about an operation that was sent', async () => {
      const away = await setup()
      const operation = await away.operation(leg)
      const sent = { ...(await away.operation(leg)), sentBefore: true }
      await away.server.stop()
      expect(await outcomeOf(away.provider.initiate(operation, never))).toMatchObject({
        kind: 'refused',
        reason: 'temporary',
      })
      expect((await outcomeOf(away.provider.initiate(sent, never))).kind).toBe('unknown')
      await away.close()
    })

    test.each(['denied', 'rate_limited', 'gate_html'] as const)(
      '%s of a repetition says nothing about the first request',
      async (trouble) => {
        const operation = await harness.operation(leg)
        void harness.server.arm('reset_after', acting)
        expect((await initiate(operation)).kind).toBe('unknown')
        // Whatever request the inquiry makes, the first one is turned away.
        void harness.server.arm(trouble, () => true)
        expect((await inquire(operation)).kind).toBe('unknown')
        expect((await inquire(operation)).kind).toBe('accepted')
        expect(await harness.acts(operation)).toBe(1)
      },
    )

    test.each(WIRE_TROUBLES.filter((trouble) => !trouble.startsWith('hang')))(
      '%s of an answer about its state decides nothing',
      async (trouble) => {
        const operation = await accepted(await harness.operation(leg))
        await harness.settle()
        void harness.server.arm(trouble, ({ method }) => method === 'GET')
        expect((await outcomeOf(status(operation))).kind).toBe('unknown')
        expect(await status(operation)).toMatchObject({ kind: 'done' })
      },
    )

    test('a state that is not documented is unknown, and neither done nor refused', async () => {
      const operation = await accepted(await harness.operation(leg))
      await harness.settle()
      await harness.unknownState(operation)
      expect((await outcomeOf(status(operation))).kind).toBe('unknown')
    })

    test('amounts may be written with more zeros, but not with more digits', async () => {
      const operation = await accepted(await harness.operation(leg))
      await harness.settle()
      await harness.rescale(operation, 8, true)
      expect(await status(operation)).toMatchObject({ kind: 'done', settled: { fiat: operation.amount } })
      const other = await accepted(await harness.operation(leg))
      await harness.settle()
      await harness.rescale(other, 8, false)
      expect((await outcomeOf(status(other))).kind).toBe('unknown')
    })

    test('a key that its provider may have forgotten is never sent again', async () => {
      const operation = await harness.operation(leg)
      void harness.server.arm('reset', acting)
      expect((await initiate(operation)).kind).toBe('unknown')
      const before = harness.server.received.filter(acting).length
      const old = { ...operation, sentBefore: true, ageMs: harness.keyLifeMs + 1 }
      const found = await outcomeOf(status(old))
      expect(['unknown', 'not_found']).toContain(found.kind)
      if (found.kind === 'not_found') expect((await initiate(old)).kind).toBe('unknown')
      expect(harness.server.received.filter(acting).length).toBe(before)
    })

    test('what comes back after it was done is refused from then on', async () => {
      if (!harness.giveBack) return
      const operation = await accepted(await harness.operation(leg))
      expect(await settled(operation)).toMatchObject({ kind: 'done' })
      await harness.giveBack(operation)
      expect(await status(operation)).toMatchObject({ kind: 'refused' })
      await harness.settle()
      expect(await status(operation)).toMatchObject({ kind: 'refused' })
    })
  })
}
