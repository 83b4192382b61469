import type { Job, PgBoss } from 'pg-boss'
import type { Clock } from '../core/clock.ts'
import type { Fiat } from '../core/currency.ts'
import type { Ids } from '../core/ids.ts'
import type { Rate } from '../core/rate.ts'
import type { Database } from '../db/client.ts'
import type { Ask, Outcome } from '../providers/port.ts'
import type { Router } from '../providers/router.ts'
import { inRounds } from '../queue/rounds.ts'
import { settleJobs } from '../queue/transaction.ts'
import type { Logger } from '../telemetry/logger.ts'
import { changeOf } from './changes.ts'
import {
  type Choice,
  decide,
  legOf,
  type Move,
  type PaymentState,
  settle,
  type Timing,
  unchanged,
} from './lifecycle.ts'
import { logChange } from './log.ts'
import type { PaymentObserver } from './observer.ts'
import { type Change, type Committed, commitChanges } from './sql/commit.ts'
import { journalOperations, loadPayments, type PaymentKey } from './sql/steps.ts'

/** Where a step can be cut off; tests stop or kill the process there. */
export type Checkpoint = 'loaded' | 'journalled' | 'called' | 'committed'

/** What is done by then is committed without waiting for a slower provider. */
const PATIENCE_MS = 50

/** Minor units of USDC in a US cent. */
const USDC_PER_CENT = 10_000n

export interface StepDeps {
  database: Database
  boss: PgBoss
  router: Router
  clock: Clock
  ids: Ids
  log: Logger
  timing: Timing
  /** Units of the currency for one USD right now, by which providers are ranked. */
  mid(currency: Fiat): Rate
  /** Called after commit with what can be done at once. */
  wake(work: { payments: boolean; webhooks: boolean }): void
  observe: Pick<PaymentObserver, 'entered' | 'returned' | 'completed' | 'stepped'>
  /** Named points between two effects; does nothing outside tests. */
  checkpoint?(point: Checkpoint): Promise<void> | void
}

type PaymentJob = Job<PaymentKey>

interface Commit extends Committed {
  /** The changes whose claim was still ours. */
  ours: readonly Change[]
}

interface Step {
  job: PaymentJob
  payment: PaymentState
  choice: Choice
  move: Move
}

/** SQLSTATE classes 22 and 23: the values themselves are refused, so trying them again together is no use. */
const isDataError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^2[23]/.test(error.code)

/** Moves each payment of a batch one step on. Throwing leaves the jobs to be retried; nothing was half done. */
export const createStepRunner = (deps: StepDeps) => {
  const { database, boss, router, clock, ids, log, timing, observe } = deps
  const reach = async (point: Checkpoint) => deps.checkpoint?.(point)

  const choiceFor = (payment: PaymentState, resting: ReadonlySet<string>): Choice => {
    const offramp = legOf(payment.status) === 'offramp'
    const currency = offramp ? payment.payoutCurrency : payment.currency
    const ask: Ask = {
      leg: offramp ? 'offramp' : 'onramp',
      currency,
      chain: payment.chain,
      fiatPerUsd: deps.mid(currency),
      usdCents: payment.usdcAmount / USDC_PER_CENT,
    }
    return { ranked: router.ranked(ask, offramp ? payment.offrampProvider : payment.onrampProvider), resting }
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

  const perform = async (step: Step, journalled: ReadonlySet<string>): Promise<Outcome | null> => {
    const { move } = step
    if (!('operation' in move) || (move.kind === 'submit' && !journalled.has(step.payment.id))) return null
    const { provider, operation } = move
    return router.perform({ kind: move.kind === 'recheck' ? 'poll' : move.kind, provider, operation })
  }

  const changeFor = (step: Step, outcome: Outcome | null, journalled: ReadonlySet<string>): Change => {
    const { job, payment, choice, move } = step
    const submitted = move.kind === 'submit'
    const cause = { actor: 'worker' as const, jobId: job.id, requestId: null }
    if (submitted && !journalled.has(payment.id)) {
      // Somebody else moved it between the read and the journal: nothing was sent, look again.
      const again = unchanged(payment, timing.retryMinMs)
      return changeOf(payment, again, { ...cause, attempt: payment.attempt }, ids)
    }
    const effect = settle(payment, move, outcome, choice, timing)
    return changeOf(payment, effect, { ...cause, attempt: payment.attempt + (submitted ? 1 : 0) }, ids)
  }

  const commit = (jobs: readonly PaymentJob[], changes: ReadonlyMap<string, Change>): Promise<Commit> =>
    database.sql.begin(async (tx) => {
      // A worker that was presumed dead settles nothing, and so commits nothing.
      const settled = await settleJobs(boss, 'payment', jobs, tx)
      const ours = jobs.flatMap((job) => (settled.has(job.id) ? (changes.get(job.id) ?? []) : []))
      return { ours, ...(await commitChanges(tx, ours)) }
    })

  const report = ({ ours, moved, deliveries, lags, completed }: Commit, readAt: number): void => {
    for (const lag of lags) observe.stepped(lag)
    for (const seconds of completed) observe.completed(seconds)
    deps.wake({ payments: ours.some(({ next_ms }) => next_ms === 0), webhooks: deliveries > 0 })
    const tookMs = clock.now() - readAt
    for (const change of ours) {
      if (!change.changed) continue
      const { payment_id, account_id, job_id, from_status, to_status } = change
      if (moved.has(payment_id)) {
        if (to_status !== from_status) observe.entered(to_status)
        if (change.returned) observe.returned()
        logChange(log, change, change.since_ms + tookMs)
      } else
        log.warn(
          { payment_id, account_id, job_id },
          'someone else moved the payment first; nothing was changed',
        )
    }
  }

  /** Halves a batch that the database refuses as data, so that one bad row costs its neighbours nothing. */
  const commitAll = async (
    jobs: readonly PaymentJob[],
    changes: ReadonlyMap<string, Change>,
    readAt: number,
  ): Promise<void> => {
    try {
      report(await commit(jobs, changes), readAt)
    } catch (error) {
      if (!isDataError(error)) throw error
      if (jobs.length === 1) {
        for (const { id, data } of jobs)
          log.error(
            { ...data, job_id: id, err: error },
            'the database refuses what a payment’s step would write',
          )
        throw error
      }
      const middle = Math.ceil(jobs.length / 2)
      const halves = [jobs.slice(0, middle), jobs.slice(middle)]
      const results = await Promise.allSettled(halves.map((half) => commitAll(half, changes, readAt)))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    }
  }

  return async (jobs: readonly PaymentJob[]): Promise<void> => {
    const keys = jobs.map(({ data }) => data)
    const readAt = clock.now()
    const payments = new Map((await loadPayments(database.sql, keys)).map((payment) => [payment.id, payment]))
    await reach('loaded')
    const resting = router.resting()
    const steps = new Map<string, Step>()
    for (const job of jobs) {
      const payment = payments.get(job.data.payment_id)
      if (!payment) continue
      const choice = choiceFor(payment, resting)
      steps.set(job.id, { job, payment, choice, move: decide(payment, choice) })
    }
    const journalled = await journal([...steps.values()])
    await reach('journalled')
    const act = async (job: PaymentJob): Promise<Change | null> => {
      const step = steps.get(job.id)
      if (!step || step.move.kind === 'rest') return null
      return changeFor(step, await perform(step, journalled), journalled)
    }
    await inRounds(jobs, PATIENCE_MS, act, async (done) => {
      await reach('called')
      const changes = new Map(done.flatMap(([job, change]) => (change ? [[job.id, change] as const] : [])))
      await commitAll(
        done.map(([job]) => job),
        changes,
        readAt,
      )
      await reach('committed')
    })
  }
}
