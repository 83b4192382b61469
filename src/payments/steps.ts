import type { Job, PgBoss } from 'pg-boss'
import type { Ids } from '../core/ids.ts'
import type { Database } from '../db/client.ts'
import type { Outcome } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import { settleJobs } from '../queue/transaction.ts'
import type { Logger } from '../telemetry/logger.ts'
import { changeOf } from './changes.ts'
import { type Choice, decide, legOf, type Move, type PaymentState, settle, type Timing } from './lifecycle.ts'
import { soundOutcome } from './outcome.ts'
import { type Change, commitChanges } from './sql/commit.ts'
import { journalOperations, loadPayments, type PaymentKey } from './sql/steps.ts'

/** Where a step can be cut off; tests stop or kill the process there. */
export type Checkpoint = 'loaded' | 'journalled' | 'called' | 'settled' | 'committed'

export interface StepDeps {
  database: Database
  boss: PgBoss
  router: Router
  ids: Ids
  log: Logger
  timing: Timing
  /** Called after commit with what can be done at once. */
  wake(work: { payments: boolean; webhooks: boolean }): void
  /** Named points between two effects; does nothing outside tests. */
  checkpoint?(point: Checkpoint): Promise<void> | void
}

interface Step {
  job: Job<PaymentKey>
  payment: PaymentState
  choice: Choice
  move: Move
}

/** Moves each payment of a batch one step on. Throwing leaves the jobs to be retried; nothing was half done. */
export const createStepRunner = (deps: StepDeps) => {
  const { database, boss, router, ids, log, timing } = deps
  const reach = async (point: Checkpoint) => deps.checkpoint?.(point)

  const choiceFor = (payment: PaymentState, resting: ReadonlySet<string>): Choice => {
    const leg = legOf(payment.status) ?? 'onramp'
    const [currency, preferred] =
      leg === 'offramp'
        ? [payment.payoutCurrency, payment.offrampProvider]
        : [payment.currency, payment.onrampProvider]
    return { ranked: router.ranked(leg, currency, payment.chain, preferred), resting }
  }

  const journal = async (steps: readonly Step[]): Promise<ReadonlySet<string>> => {
    const writes = steps.flatMap(({ payment, move }) =>
      move.kind === 'submit'
        ? [
            {
              account_id: payment.accountId,
              payment_id: payment.id,
              version: payment.version,
              leg: move.operation.leg,
              attempt: move.operation.attempt,
              provider: move.provider,
              key: move.operation.key,
              amount: move.operation.amount.toString(),
              currency: move.operation.currency,
            },
          ]
        : [],
    )
    return writes.length > 0 ? journalOperations(database.sql, writes) : new Set()
  }

  const perform = async ({ move }: Step): Promise<Outcome | null> => {
    if (move.kind !== 'submit' && move.kind !== 'inquire' && move.kind !== 'poll') return null
    try {
      return soundOutcome(await router.perform(move))
    } catch {
      return { kind: 'unknown', message: 'its answer could not be read' }
    }
  }

  const changeFor = (step: Step, outcome: Outcome | null, journalled: ReadonlySet<string>): Change => {
    const { job, payment, choice, move } = step
    const submitted = move.kind === 'submit'
    const cause = { actor: 'worker' as const, jobId: job.id, requestId: null }
    if (submitted && !journalled.has(payment.id)) {
      // Somebody else moved it between the read and the journal: nothing was sent, look again.
      const idle = settle(payment, { kind: 'wait' }, null, choice, {
        ...timing,
        retryMaxMs: timing.retryMinMs,
      })
      return changeOf(payment, { ...idle, changed: false }, { ...cause, attempt: payment.attempt }, ids)
    }
    const effect = settle(payment, move, outcome, choice, timing)
    return changeOf(payment, effect, { ...cause, attempt: payment.attempt + (submitted ? 1 : 0) }, ids)
  }

  const commit = async (jobs: Job<PaymentKey>[], changes: ReadonlyMap<string, Change>) =>
    database.sql.begin(async (tx) => {
      // A worker that was presumed dead settles nothing, and so commits nothing.
      const settled = await settleJobs(boss, 'payment', jobs, tx)
      const ours = jobs.flatMap((job) => (settled.has(job.id) ? (changes.get(job.id) ?? []) : []))
      return { ours, ...(await commitChanges(tx, ours)) }
    })

  return async (jobs: Job<PaymentKey>[]): Promise<void> => {
    const payments = new Map(
      (
        await loadPayments(
          database.sql,
          jobs.map(({ data }) => data),
        )
      ).map((p) => [p.id, p]),
    )
    await reach('loaded')
    const resting = router.resting()
    const steps = jobs.flatMap((job): Step[] => {
      const payment = payments.get(job.data.payment_id)
      if (!payment) return []
      const choice = choiceFor(payment, resting)
      return [{ job, payment, choice, move: decide(payment, choice) }]
    })
    const journalled = await journal(steps)
    await reach('journalled')
    const outcomes = await Promise.all(
      steps.map((step) =>
        step.move.kind === 'submit' && !journalled.has(step.payment.id) ? null : perform(step),
      ),
    )
    await reach('called')
    const changes = new Map(
      steps.flatMap((step, index): [string, Change][] =>
        step.move.kind === 'rest'
          ? []
          : [[step.job.id, changeFor(step, outcomes[index] ?? null, journalled)]],
      ),
    )
    await reach('settled')
    const { ours, moved, deliveries } = await commit(jobs, changes)
    await reach('committed')
    deps.wake({ payments: ours.some(({ next_ms }) => next_ms === 0), webhooks: deliveries > 0 })
    for (const change of ours) {
      if (!change.changed) continue
      const { payment_id, account_id, from_status, to_status, exception, provider, message } = change
      const line = {
        payment_id,
        account_id,
        from_status,
        to_status,
        exception,
        provider,
        job_id: change.job_id,
      }
      if (moved.has(payment_id)) log.info(line, message)
      else log.warn(line, 'someone else moved the payment first; nothing was changed')
    }
  }
}
