import type { Clock } from '../../core/clock.ts'
import { byKeyAge } from '../adapter.ts'
import { stepKey } from '../keys.ts'
import type { Operation, Outcome } from '../port.ts'
import { refusedUnsent } from '../refusal.ts'
import type { Step, Steps } from '../steps.ts'
import type { Answer, CoinbaseClient } from './client.ts'
import { isFit, LEG_NAME, OPERATION_NAME, type Order, orderOf, requestOf } from './order.ts'
import { outcomeOf } from './outcome.ts'
import type { Ends } from './parties.ts'
import { isRefusal, QUOTE_EXPIRED, refusalFor } from './refusals.ts'
import type { Transfer } from './shapes.ts'
import { stateOf } from './states.ts'

/** How long the API remembers an idempotency key, as documented. */
const KEY_LIFE_MS = 86_400_000

/** Quotes that one operation may let expire; each lives for minutes, so this is time enough. */
const MOST_ROUNDS = 3

/** By how much the API's clock may differ from ours. */
const SKEW_MS = 300_000

const quoteStep = (round: number): string => `quote ${round}`
const executeStep = (round: number): string => `execute ${round}`

/** `expired`: nothing was executed and never will be, so that the next round may begin. `unsent`: nothing is known to be. */
type Found = Outcome | 'expired' | 'unsent'

const NOT_EXECUTED: Outcome = {
  kind: 'unknown',
  message: 'coinbase has not executed the transfer, but an earlier request may still do so',
}

export interface RoundsDeps {
  client: CoinbaseClient
  steps: Steps
  clock: Clock
  endsOf(operation: Operation): Promise<Ends | Outcome>
}

/**
 * Carries operations out, in rounds of a quote and its execution. What a round executes is decided once, by whoever
 * first writes down its step `execute`: the transfer of the quote, or, with a reason (`said`), nothing at all. So a
 * round that came to nothing is certain to stay so, whoever else works on the same operation.
 */
export const createRounds = ({ client, steps, clock, endsOf }: RoundsDeps) => {
  /** What stands of a transfer that was still quoted just now, by what its execution was answered, if it ever was. */
  const unexecuted = ({ detail }: Step, { expiresAt = '' }: Transfer, { leg }: Operation): Found => {
    const lapsed = Date.parse(expiresAt) + SKEW_MS <= clock.now()
    if (detail.said === QUOTE_EXPIRED) return 'expired'
    if (detail.said !== undefined && (detail.definite || lapsed)) return refusalFor(detail.said, leg)
    return lapsed ? 'expired' : 'unsent'
  }

  const judge = async (
    operation: Operation,
    order: Order,
    decided: Step,
    signal: AbortSignal,
  ): Promise<Found> => {
    const { transfer: transferId, said } = decided.detail
    if (transferId === undefined) return refusalFor(said ?? '', operation.leg)
    const transfer = await client.transfer(transferId, signal)
    return stateOf(transfer.status) === 'unexecuted'
      ? unexecuted(decided, transfer, operation)
      : outcomeOf(transfer, order, operation)
  }

  const end = async (
    operation: Operation,
    step: string,
    ended: Parameters<Steps['end']>[2],
  ): Promise<Step> => {
    const written = await steps.end(operation, step, ended)
    if (!written) throw new Error('coinbase answered with the transfer of another operation')
    return written
  }

  /** Decides that the round executes nothing; another process may have decided otherwise. */
  const leave = (operation: Operation, round: number, said: string): Promise<Step> =>
    steps.begin(operation, executeStep(round), { said })

  const create = async (
    operation: Operation,
    order: Order,
    round: number,
    signal: AbortSignal,
  ): Promise<Step> => {
    const step = quoteStep(round)
    const metadata = { [OPERATION_NAME]: operation.key, [LEG_NAME]: operation.leg }
    const request = { ...requestOf(order, operation.chain), metadata }
    await steps.begin(operation, step, { ...order.ends })
    let answer: Answer
    try {
      answer = await client.create(request, stepKey(operation.key, step), signal)
    } catch (error) {
      // It throws the error again unless nothing was done for certain.
      refusedUnsent(error, 'coinbase', operation)
      return leave(operation, round, 'unavailable')
    }
    if ('errorType' in answer) {
      if (!isRefusal(answer.errorType)) throw new Error('coinbase did not say whether it made a quote')
      return leave(operation, round, answer.errorType)
    }
    const { transfer } = answer
    await end(operation, step, { status: 'done', externalId: transfer.transferId })
    if (!isFit(transfer, order)) return leave(operation, round, 'quote_unfit')
    return steps.begin(operation, executeStep(round), { transfer: transfer.transferId })
  }

  /** An execution that the API did not carry out; only of the very first request is it certain that none did. */
  const notExecuted = async (
    operation: Operation,
    order: Order,
    round: number,
    said: string,
    signal: AbortSignal,
  ): Promise<Found> => {
    const definite = operation.sentBefore ? {} : { definite: 'yes' }
    const ended = { status: 'refused', detail: { said, ...definite } } as const
    const decided = await end(operation, executeStep(round), ended)
    if (decided.detail.definite && said !== QUOTE_EXPIRED) return refusalFor(said, operation.leg)
    return judge(operation, order, decided, signal)
  }

  const execute = async (
    operation: Operation,
    order: Order,
    round: number,
    transferId: string,
    signal: AbortSignal,
  ): Promise<Found> => {
    const step = executeStep(round)
    let answer: Answer
    try {
      answer = await client.execute(transferId, stepKey(operation.key, step), signal)
    } catch (error) {
      refusedUnsent(error, 'coinbase', operation)
      return notExecuted(operation, order, round, 'unavailable', signal)
    }
    if ('transfer' in answer) {
      await end(operation, step, { status: 'done', externalId: transferId })
      return outcomeOf(answer.transfer, order, operation)
    }
    if (!isRefusal(answer.errorType)) throw new Error('coinbase did not say whether it executed the transfer')
    return notExecuted(operation, order, round, answer.errorType, signal)
  }

  /** Between which ends all rounds move the money: the first writer's, whatever is linked or set later. */
  const endsFor = async (operation: Operation, known: ReadonlyMap<string, Step>): Promise<Ends | Outcome> => {
    const first = known.get(quoteStep(1))
    if (first) return endsIn(first)
    const ends = await endsOf(operation)
    return 'kind' in ends ? ends : endsIn(await steps.begin(operation, quoteStep(1), { ...ends }))
  }

  const carryRound = async (
    operation: Operation,
    order: Order,
    round: number,
    before: Step | undefined,
    signal: AbortSignal,
  ): Promise<Found> => {
    const found = before && (await judge(operation, order, before, signal))
    if (found && found !== 'unsent') return found
    const decided = before ?? (await create(operation, order, round, signal))
    const { transfer } = decided.detail
    if (transfer === undefined) return judge(operation, order, decided, signal)
    return execute(operation, order, round, transfer, signal)
  }

  const inRounds = async (
    operation: Operation,
    unsent: Outcome,
    work: (round: number) => Promise<Found>,
  ): Promise<Outcome> => {
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      const found = await work(round)
      if (found === 'unsent') return unsent
      if (found !== 'expired') return found
    }
    return refusalFor(QUOTE_EXPIRED, operation.leg)
  }

  /** What became of the operation; acts on nothing. */
  const look = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const known = await steps.of(operation)
    const unsent = byKeyAge(operation, KEY_LIFE_MS)
    const first = known.get(quoteStep(1))
    if (!first) return unsent
    const order = orderOf(operation, endsIn(first))
    return inRounds(operation, unsent, async (round) => {
      const decided = known.get(executeStep(round))
      return decided ? judge(operation, order, decided, signal) : 'unsent'
    })
  }

  /** Carries the operation on as far as it gets; where its keys are too old, it only looks. */
  const carry = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    if (byKeyAge(operation, KEY_LIFE_MS).kind === 'unknown') return look(operation, signal)
    const known = await steps.of(operation)
    const ends = await endsFor(operation, known)
    if ('kind' in ends) return ends
    const order = orderOf(operation, ends)
    return inRounds(operation, NOT_EXECUTED, (round) =>
      carryRound(operation, order, round, known.get(executeStep(round)), signal),
    )
  }

  return { look, carry }
}

const endsIn = ({ detail: { source = '', target = '' } }: Step): Ends => ({ source, target })
