import type { PgBoss } from 'pg-boss'
import { AppError } from '../core/errors.ts'
import { type Ids, isUuid } from '../core/ids.ts'
import type { Database } from '../db/client.ts'
import { parseQuoteId } from '../quotes/view.ts'
import type { Logger } from '../telemetry/logger.ts'
import { changeOf, requestActor } from './changes.ts'
import { type Effect, type PaymentState, unchanged } from './lifecycle.ts'
import { logChange } from './log.ts'
import type { Payment, PaymentAccepted, PaymentPage, PaymentRequest } from './model.ts'
import type { PaymentObserver } from './observer.ts'
import { SCANNED } from './search.ts'
import { type AcceptRequest, type AcceptResult, acceptPayments } from './sql/accept.ts'
import { commitChanges } from './sql/commit.ts'
import { findOrphans, loadPayments, type PaymentKey } from './sql/steps.ts'
import type { PaymentFilter, PaymentStore } from './store.ts'
import { isTerminal, transition } from './transitions.ts'
import { detailOf, summaryOf } from './view.ts'

/** Losing a race means that the winner has committed, so a second look almost always decides. */
const MOST_LOOKS = 5
const ORPHANS_AT_ONCE = 1_000

export interface PaymentServiceDeps {
  database: Database
  store: PaymentStore
  boss: PgBoss
  ids: Ids
  log: Logger
  /** How long a payment may take before it counts as overdue. */
  settleWithinSeconds: number
  /** Called when steps can run at once. */
  wake(work: { payments: boolean; webhooks: boolean }): void
  observe: Pick<PaymentObserver, 'requested' | 'entered'>
}

export interface Caller {
  accountId: string
  /** Public id of the API key, undefined where none is needed. */
  keyId?: string | undefined
  requestId: string | null
}

const fingerprint = (request: PaymentRequest): string => {
  const { amount, currency, source_account, destination_account, quote_id } = request
  const canonical = JSON.stringify([amount, currency, source_account, destination_account, quote_id])
  return new Bun.CryptoHasher('sha256').update(canonical).digest('hex')
}

const refusal = (result: AcceptResult, request: PaymentRequest): AppError => {
  switch (result.kind) {
    case 'conflict':
      return new AppError(
        'IDEMPOTENCY_CONFLICT',
        'This Idempotency-Key was already used with another request',
      )
    case 'used':
      return new AppError('QUOTE_ALREADY_USED', 'Quote has already been used for a payment')
    case 'expired':
      return new AppError('QUOTE_EXPIRED', 'Quote has expired, please request a new quote')
    case 'mismatch': {
      const amountDiffers = BigInt(request.amount) !== BigInt(result.amount)
      const [path, expected] = amountDiffers ? ['/amount', result.amount] : ['/currency', result.currency]
      const message = `must be ${expected}, as in the quote`
      return new AppError('QUOTE_MISMATCH', 'The request does not match its quote', [{ path, message }])
    }
    case 'raced':
      return new AppError(
        'SERVICE_UNAVAILABLE',
        'Too many requests for this quote at once, please try again',
        undefined,
        {
          retryAfterSeconds: 1,
        },
      )
    default:
      return new AppError('QUOTE_NOT_FOUND', `There is no quote ${request.quote_id}`)
  }
}

/** A change that no provider caused, with no next step of its own. */
const changedTo = (
  payment: PaymentState,
  change: Pick<Effect, 'exception' | 'message'> & Partial<Pick<Effect, 'event' | 'to'>>,
): Effect => ({ ...unchanged(payment, null), changed: true, ...change })

/** Accepts, shows and cancels payments. */
export const createPaymentService = (deps: PaymentServiceDeps) => {
  const { database, store, boss, ids, log, settleWithinSeconds, wake, observe } = deps

  const notFound = (paymentId: string) =>
    new AppError('NOT_FOUND', `There is no payment ${paymentId.slice(0, 64)}`)

  const get = async (accountId: string, paymentId: string): Promise<Payment> => {
    const found = isUuid(paymentId) ? await store.find(accountId, paymentId) : null
    if (!found) throw notFound(paymentId)
    return detailOf(found)
  }

  const load = async (accountId: string, paymentId: string): Promise<PaymentState> => {
    const key = { account_id: accountId, payment_id: paymentId }
    const [payment] = isUuid(paymentId) ? await loadPayments(database.sql, [key]) : []
    if (!payment) throw notFound(paymentId)
    return payment
  }

  /** Writes what a caller wants changed of a payment as it was loaded. Throws INVALID_STATE when it is another by now. */
  const change = async (
    caller: Caller,
    payment: PaymentState,
    effect: Effect,
    late: string,
  ): Promise<Payment> => {
    const cause = {
      actor: requestActor(caller.keyId),
      jobId: null,
      requestId: caller.requestId,
      attempt: payment.attempt,
    }
    const wanted = changeOf(payment, effect, cause, ids)
    const { moved, deliveries } = await database.sql.begin((tx) => commitChanges(tx, [wanted]))
    if (!moved.has(payment.id)) throw new AppError('INVALID_STATE', late)
    logChange(log, wanted, wanted.since_ms)
    if (wanted.to_status !== wanted.from_status) observe.entered(wanted.to_status)
    wake({ payments: false, webhooks: deliveries > 0 })
    return get(caller.accountId, payment.id)
  }

  const takeUp = async (keys: readonly PaymentKey[]): Promise<void> => {
    await boss.insert(
      'payment',
      keys.map(({ account_id, payment_id }) => ({
        data: { account_id, payment_id },
        singletonKey: payment_id,
      })),
    )
    wake({ payments: true, webhooks: true })
  }

  const flag = async (key: PaymentKey): Promise<void> => {
    const [payment] = await loadPayments(database.sql, [key])
    if (!payment || payment.exception === 'needs_review') return
    const message = 'Its steps keep failing; a person should look'
    const effect = changedTo(payment, { exception: 'needs_review', message })
    const cause = { actor: 'worker' as const, jobId: null, requestId: null, attempt: payment.attempt }
    const change = changeOf(payment, effect, cause, ids)
    try {
      const { moved } = await database.sql.begin((tx) => commitChanges(tx, [change]))
      if (moved.has(payment.id)) logChange(log, change, change.since_ms)
    } catch (err) {
      // What keeps its steps from being written may keep this from being written; the others must not wait for it.
      log.error({ err, ...key }, 'a payment whose steps keep failing could not be marked')
    }
  }

  return {
    /**
     * Accepts a payment: from here on it is never lost. The same key and body again answer as the first time.
     * Throws QUOTE_NOT_FOUND, QUOTE_EXPIRED, QUOTE_ALREADY_USED, QUOTE_MISMATCH or IDEMPOTENCY_CONFLICT.
     */
    accept: async (
      caller: Caller,
      request: PaymentRequest,
      idempotencyKey: string | undefined,
    ): Promise<{ body: PaymentAccepted; replayed: boolean }> => {
      if (request.source_account === request.destination_account) {
        throw new AppError('VALIDATION_ERROR', 'Invalid request body', [
          { path: '/destination_account', message: 'must differ from source_account' },
        ])
      }
      const input: AcceptRequest = {
        account_id: caller.accountId,
        payment_id: ids.uuid(),
        event_id: ids.uuid(),
        quote_id: parseQuoteId(request.quote_id),
        amount: String(request.amount),
        currency: request.currency,
        source_account: request.source_account,
        destination_account: request.destination_account,
        idempotency_key: idempotencyKey ?? null,
        request_hash: fingerprint(request),
        request_id: caller.requestId,
        actor: requestActor(caller.keyId),
        settle_seconds: settleWithinSeconds,
      }
      let result: AcceptResult = { kind: 'raced' }
      for (let look = 0; result.kind === 'raced' && look < MOST_LOOKS; look++) {
        result = (await acceptPayments(database.sql, [input]))[0] ?? result
      }
      if (result.kind !== 'accepted' && result.kind !== 'replayed') {
        const refused = refusal(result, request)
        observe.requested(refused.code)
        throw refused
      }
      observe.requested(result.kind)
      if (result.kind === 'accepted') {
        const { payment_id, account_id, request_id } = input
        const first = { version: 0, from_status: null, to_status: 'PENDING', exception: 'none' } as const
        logChange(log, { payment_id, account_id, request_id, ...first })
        observe.entered('PENDING')
        wake({ payments: true, webhooks: true })
      }
      return {
        body: { payment_id: result.paymentId, status: 'PENDING', message: 'Payment accepted for processing' },
        replayed: result.kind === 'replayed',
      }
    },

    /** The account's payment. Throws NOT_FOUND. */
    get,

    /** A page of the account's payments, newest first. A search by name ends it after SCANNED payments. */
    list: async (accountId: string, filter: PaymentFilter): Promise<PaymentPage> => {
      const { limit } = filter
      const wanted = { ...filter, limit: limit + 1 }
      const { rows, until } =
        filter.search?.kind === 'name'
          ? await store.listAmong(accountId, wanted, SCANNED)
          : { rows: await store.list(accountId, wanted), until: undefined }
      const page = rows.slice(0, limit)
      const last = rows.length > limit ? page.at(-1)?.payment.id : until
      return { data: page.map(summaryOf), next_cursor: last ?? null }
    },

    /** Cancels a payment of which nothing has been sent to a provider. Throws NOT_FOUND or INVALID_STATE. */
    cancel: async (caller: Caller, paymentId: string): Promise<Payment> => {
      const payment = await load(caller.accountId, paymentId)
      if (payment.status !== 'PENDING')
        throw new AppError(
          'INVALID_STATE',
          `A payment can be cancelled while it is PENDING; it is ${payment.status}`,
        )
      const late = 'The payment is being sent to a provider right now'
      if (payment.journal.some(({ status }) => status !== 'refused'))
        throw new AppError('INVALID_STATE', late)
      const { event, to, message } = transition('PENDING', 'cancelled')
      const effect = changedTo(payment, { event, to, message, exception: 'none' })
      return change(caller, payment, effect, late)
    },

    /**
     * Takes the mark needs_review off a payment that has ended, for `note` says what a person has decided. Throws
     * NOT_FOUND or INVALID_STATE.
     */
    review: async (caller: Caller, paymentId: string, note: string): Promise<Payment> => {
      const payment = await load(caller.accountId, paymentId)
      if (payment.exception !== 'needs_review')
        throw new AppError('INVALID_STATE', 'Only a payment that is marked needs_review can be reviewed')
      // Its next step would find the same trouble, and mark it again.
      if (!isTerminal(payment.status))
        throw new AppError(
          'INVALID_STATE',
          `A payment can be reviewed once it has ended; it is ${payment.status}, and the mark goes when its trouble does`,
        )
      const effect = changedTo(payment, { message: `Reviewed: ${note}`, exception: 'none' })
      return change(caller, payment, effect, 'The payment has just changed, please look at it again')
    },

    /**
     * Enqueues a step for every live payment that has no live job; answers how many there were. One whose step kept
     * failing is tried again too, and marked so that a person looks.
     */
    rescue: async (): Promise<number> => {
      const orphans = await findOrphans(database.sql, ORPHANS_AT_ONCE)
      if (orphans.length === 0) return 0
      for (const { account_id, payment_id, dead } of orphans) if (dead) await flag({ account_id, payment_id })
      await takeUp(orphans)
      return orphans.length
    },

    /** Enqueues a step for each of the payments, ended or not, unless one is enqueued already. */
    takeUp,
  }
}

export type PaymentService = ReturnType<typeof createPaymentService>
