import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { LEGS, type Leg, type Operation, type Outcome, type Provider } from '../../src/providers/port.ts'

/** What can be made to go wrong with an operation: at the provider, or with the call on its way. */
export type Trouble = 'refuse' | 'fail' | 'lose_request' | 'lose_reply'

/** What the suite needs beside the port; a local server that speaks a provider's wire format offers it too. */
export interface Harness {
  provider: Provider
  /** A new operation that the provider would carry out; for a refund, of an on-ramp that it has carried out. */
  operation(leg: Leg): Promise<Operation>
  /** Arms the trouble for the operation, and returns the one to send; the first call is the one that is lost. */
  arm(trouble: Trouble, operation: Operation): Promise<Operation>
  /** Resolves once a lost call has got as far as it ever will. */
  lost(operation: Operation): Promise<void>
  /** Lets pass what every accepted operation needs to settle or fail. */
  settle(): Promise<void>
  /** How often the provider has acted on the key, by its own books. */
  acts(operation: Operation): Promise<number>
  close(): Promise<void>
}

/** The guarantees that payments rest on, for every adapter alike, in the legs that it serves. */
export const describeConformance = (
  name: string,
  setup: () => Promise<Harness>,
  legs: readonly Leg[] = LEGS,
): void => {
  describe.each(LEGS.filter((leg) => legs.includes(leg)))(`${name} %s`, (leg) => {
    let harness: Harness
    beforeAll(async () => {
      harness = await setup()
    })
    afterAll(() => harness.close())

    const never = new AbortController().signal
    const initiate = (operation: Operation) => harness.provider.initiate(operation, never)
    const status = (operation: Operation) => harness.provider.status(operation, never)
    /** As the journal has it once the provider has accepted. */
    const known = (operation: Operation, reference: string): Operation => ({
      ...operation,
      reference,
      sentBefore: true,
      ageMs: 1_000,
    })
    /** What the router does about an operation whose reply is missing. */
    const inquire = async (operation: Operation): Promise<Outcome> => {
      const again = { ...operation, sentBefore: true, ageMs: 1_000 }
      const found = await status(again)
      return found.kind === 'not_found' ? initiate(again) : found
    }
    const armed = async (trouble: Trouble) => harness.arm(trouble, await harness.operation(leg))
    const accepted = async (operation: Operation): Promise<Outcome & { kind: 'accepted' }> => {
      const outcome = await initiate(operation)
      if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
      return outcome
    }
    /** Makes the call that is armed to be lost; a deadline ends it where the provider leaves it hanging. */
    const loseFirstCall = async (operation: Operation): Promise<void> => {
      const deadline = new AbortController()
      const call = harness.provider.initiate(operation, deadline.signal).then(
        () => 'answered',
        () => 'lost',
      )
      await harness.lost(operation)
      deadline.abort()
      expect(await call).toBe('lost')
    }

    test('an operation is pending before it settles, then done for ever with the same numbers', async () => {
      const fresh = await harness.operation(leg)
      const { reference } = await accepted(fresh)
      const operation = known(fresh, reference)
      expect(await status(operation)).toMatchObject({ kind: 'accepted', reference })
      await harness.settle()
      const done = await status(operation)
      if (done.kind !== 'done') throw new Error(`expected done, got ${done.kind}`)
      expect(done.reference).toBe(reference)
      expect(done.settled.currency).toBe(leg === 'refund' ? operation.currency : 'USDC')
      expect(done.settled.amount).toBeGreaterThan(0n)
      expect(done.settled.fiat).toBe(operation.amount)
      await harness.settle()
      await initiate(operation)
      expect(await status(operation)).toEqual(done)
    })

    test('the same key acts once, and answers as the first time even after settlement', async () => {
      const operation = await harness.operation(leg)
      const { reference } = await accepted(operation)
      const again = { ...operation, sentBefore: true }
      expect(await initiate(again)).toMatchObject({ kind: 'accepted', reference })
      await harness.settle()
      expect(await initiate(again)).toMatchObject({ reference })
      expect(await harness.acts(operation)).toBe(1)
    })

    test('fifty calls at once with one key act once and answer alike', async () => {
      const operation = await harness.operation(leg)
      const answers = await Promise.all(Array.from({ length: 50 }, () => accepted(operation)))
      const { reference } = await accepted({ ...operation, sentBefore: true })
      for (const answer of answers) expect(answer.reference).toBe(reference)
      expect(await harness.acts(operation)).toBe(1)
    })

    test('two keys with equal terms are two operations', async () => {
      const one = await harness.operation(leg)
      const other = { ...(await harness.operation(leg)), amount: one.amount, currency: one.currency }
      expect((await accepted(one)).reference).not.toBe((await accepted(other)).reference)
      expect([await harness.acts(one), await harness.acts(other)]).toEqual([1, 1])
    })

    test('an operation whose reply was lost is found again, and acts no second time', async () => {
      const operation = await armed('lose_reply')
      await loseFirstCall(operation)
      const found = await inquire(operation)
      if (found.kind !== 'accepted') throw new Error(`expected accepted, got ${found.kind}`)
      const { reference } = found
      expect((await accepted({ ...operation, sentBefore: true })).reference).toBe(reference)
      expect(await harness.acts(operation)).toBe(1)
      await harness.settle()
      expect(await status(known(operation, reference))).toMatchObject({ kind: 'done', reference })
    })

    test('a call that never arrived is not found, and works when it is sent again under its key', async () => {
      const operation = await armed('lose_request')
      await loseFirstCall(operation)
      expect(await status(operation)).toEqual({ kind: 'not_found' })
      expect(await harness.acts(operation)).toBe(0)
      const { reference } = await accepted({ ...operation, sentBefore: true })
      await harness.settle()
      expect(await status(known(operation, reference))).toMatchObject({ kind: 'done', reference })
    })

    test('a refusal stands: on repetition, when asked about, and after any time', async () => {
      const operation = await armed('refuse')
      const refusal = await initiate(operation)
      expect(refusal.kind).toBe('refused')
      expect(await initiate({ ...operation, sentBefore: true })).toEqual(refusal)
      expect(await inquire(operation)).toEqual(refusal)
      await harness.settle()
      expect(await inquire(operation)).toEqual(refusal)
      expect(await harness.acts(operation)).toBe(0)
    })

    test('a settlement that fails is pending first, and then refused for good', async () => {
      const fresh = await armed('fail')
      const { reference } = await accepted(fresh)
      const operation = known(fresh, reference)
      expect(await status(operation)).toMatchObject({ kind: 'accepted', reference })
      await harness.settle()
      const failure = await status(operation)
      expect(failure.kind).toBe('refused')
      await harness.settle()
      expect(await status(operation)).toEqual(failure)
    })

    test('a key that nobody sent is not found', async () => {
      expect(await status(await harness.operation(leg))).toEqual({ kind: 'not_found' })
    })

    test('a signal ends a call at once, and one that is set already keeps it from acting', async () => {
      const [operation, other] = [await harness.operation(leg), await harness.operation(leg)]
      const reason = new Error('deadline passed')
      const deadline = new AbortController()
      const calls = [
        harness.provider.status(operation, deadline.signal),
        harness.provider.initiate(other, deadline.signal),
      ]
      deadline.abort(reason)
      calls.push(harness.provider.status(operation, deadline.signal))
      calls.push(harness.provider.initiate(operation, deadline.signal))
      for (const end of await Promise.allSettled(calls))
        expect(end.status === 'rejected' && end.reason).toBe(reason)
      expect(await status(operation)).toEqual({ kind: 'not_found' })
    })
  })
}
