import type { Clock } from '../../core/clock.ts'
import type { Ids } from '../../core/ids.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Choice, FallbackReason, Question } from './adviser.ts'
import type { Claude } from './claude.ts'
import { startDeadline } from './deadline.ts'
import { judge } from './output.ts'
import { callCost, type TokenUsage } from './price.ts'
import { failed } from './reply.ts'
import type { AdviceRecord, AdviceStore } from './store.ts'

export interface ConsultDeps {
  claude: Claude
  store: AdviceStore
  clock: Clock
  ids: Ids
  log: Logger
  /** Longest wait for the whole of it, in milliseconds: headers, body and storing. */
  deadlineMs: number
}

/** One call of the model and what came of it. */
export interface Consultation {
  outcome: Choice | FallbackReason
  /** Of the stored call; null when it is not known to be stored. */
  adviceId: string | null
  retryAfterMs: number | undefined
  usage: TokenUsage
  /** Null when the model's price is not known. */
  costPicoUsd: bigint | null
  latencyMs: number
}

/** Asks the model once: calls, judges, stores and logs. Never later than the deadline; rejects only for a bug. */
export const createConsult = ({ claude, store, clock, ids, log, deadlineMs }: ConsultDeps) => {
  const stored = async (record: AdviceRecord): Promise<boolean> => {
    try {
      await store.insert(record)
      return true
    } catch (err) {
      log.warn({ err, advice_id: record.id }, 'a call of the model could not be stored')
      return false
    }
  }

  return async (key: string, question: Question): Promise<Consultation> => {
    const { model } = claude
    const startedAt = clock.now()
    const deadline = startDeadline(deadlineMs)
    const late = <T>(instead: T): Promise<T> => deadline.passed.then(() => instead)
    try {
      const reply = await Promise.race([
        claude.call(question, deadline.signal),
        late(failed('deadline', 'no whole answer in time')),
      ])
      const latencyMs = Math.max(0, clock.now() - startedAt)
      const { usage, text: answer } = reply
      const outcome = reply.kind === 'text' ? judge(reply.text, question.candidates) : reply.reason
      const costPicoUsd = callCost(model, usage)
      const told = typeof outcome === 'string' ? outcome : 'choice'
      log[told === 'choice' ? 'info' : 'warn'](
        {
          model,
          outcome: told,
          question: key,
          latency_ms: latencyMs,
          tokens: usage,
          cost_pico_usd: costPicoUsd === null ? null : Number(costPicoUsd),
          ...(reply.kind === 'none' ? { detail: reply.detail } : {}),
        },
        'the model was asked for a route',
      )
      const id = ids.uuid()
      const record = { id, model, question, answer, outcome: told, usage, costPicoUsd, latencyMs }
      const written = await Promise.race([stored({ ...record, startedAt: new Date(startedAt) }), late(false)])
      const retryAfterMs = reply.kind === 'none' ? reply.retryAfterMs : undefined
      return { outcome, adviceId: written ? id : null, retryAfterMs, usage, costPicoUsd, latencyMs }
    } finally {
      deadline.end()
    }
  }
}
