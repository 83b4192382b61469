import { type Operation, type Outcome, REFUSAL_CLASSES, type RefusalClass } from '../port.ts'
import { refusedUnsent } from '../refusal.ts'
import type { Detail, Step, Steps } from '../steps.ts'
import { CircleError, reasonOf, refusal } from './refusals.ts'

export const NAME = 'circle'

/** How long a key may be sent again: the API says that it remembers keys, and not for how long. */
export const KEY_LIFE_MS = 86_400_000

/** What an operation has done so far, by the names of its steps. */
export type Taken = ReadonlyMap<string, Step>

/** A call that acts, as it is written down before it is sent. */
export interface Act {
  name: string
  /** What it is made from; of two writers the first one's counts, so that a key always has the same body. */
  detail: Detail
  /** Whether nothing of the operation can have acted before, so that it may be refused because nobody was reached. */
  first: boolean
}

export const isOutcome = (found: Outcome | object): found is Outcome => 'kind' in found

/** The refusal that a step was written down with; null when it was not refused. */
export const refusedStep = ({ detail }: Step): Outcome | null => {
  const reason = REFUSAL_CLASSES.find((each) => each === detail.refused)
  return reason ? refusal(reason) : null
}

/** Writes down what became of a step. Throws when the thing belongs to another operation. */
export const ended = async (
  steps: Steps,
  operation: Operation,
  name: string,
  end: Parameters<Steps['end']>[2],
): Promise<Step> => {
  const step = await steps.end(operation, name, end)
  if (!step) throw new Error('circle answered with the money of another operation')
  return step
}

/** Writes a step down as refused, so that it stays so. */
export const refuse = async (
  steps: Steps,
  operation: Operation,
  name: string,
  reason: RefusalClass,
): Promise<Outcome> => {
  await ended(steps, operation, name, { status: 'refused', detail: { refused: reason } })
  return refusal(reason)
}

/**
 * The refusal that an error comes to while the operation has only asked, and nothing of it was sent before. Throws the
 * error in every other case.
 */
export const refusedAsking = (error: unknown, operation: Operation): Outcome => {
  const reason = error instanceof CircleError && !operation.sentBefore ? reasonOf(error) : null
  return reason ? refusal(reason) : refusedUnsent(error, NAME, operation)
}

/** Makes the calls of operations that act, each under one key for good. */
export const createSender = (steps: Steps) => {
  /**
   * Sends the step, or sends it again while its key is young enough, and answers it with what the provider calls it. A
   * refusal is one only when nobody has sent the step before: afterwards it speaks of the repetition alone. Throws
   * whenever there is no telling.
   */
  return async (
    operation: Operation,
    taken: Taken,
    { name, detail, first }: Act,
    send: (detail: Detail) => Promise<{ id: string }>,
  ): Promise<Step | Outcome> => {
    const fresh = !taken.has(name)
    const step = await steps.begin(operation, name, detail)
    const refused = refusedStep(step)
    if (refused) return refused
    if (step.externalId !== null) return step
    if (step.ageMs > KEY_LIFE_MS)
      return { kind: 'unknown', message: `the key of its ${name} is too old to be sent again` }
    try {
      const { id } = await send(step.detail)
      return await ended(steps, operation, name, { status: 'done', externalId: id })
    } catch (error) {
      if (error instanceof CircleError) {
        const reason = reasonOf(error)
        if (!fresh || !reason) throw error
        return refuse(steps, operation, name, reason)
      }
      if (!fresh || !first) throw error
      refusedUnsent(error, NAME, operation)
      return refuse(steps, operation, name, 'temporary')
    }
  }
}

export type Sender = ReturnType<typeof createSender>
