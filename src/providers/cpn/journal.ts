import type { Operation, Outcome, RefusalClass } from '../port.ts'
import type { Detail, Step, Steps } from '../steps.ts'
import type { Jwk } from './model.ts'
import type { Offer } from './offers.ts'
import { refused } from './refusals.ts'

/** A payment at CPN as it was written down before it was asked for: what its quote says. */
export interface Attempt extends Pick<Offer, 'quoteId' | 'jwk' | 'usdc' | 'fees'> {
  /** The first is 1. */
  number: number
  /** CPN's id; null while the answer is missing. */
  paymentId: string | null
}

/** What our wallet was told to sign for the operation: one permit, and never another. */
export interface Signed {
  kind: 'signed'
  transactionId: string
  digest: string
  /** USDC that the permit gives away, fees included, minor units. */
  amount: bigint
  /** From then on the permit is void, epoch milliseconds. */
  deadlineMs: number
}

export type Refusal = Outcome & { kind: 'refused' }

/**
 * What becomes of an operation: it is signed for, or it is refused. Whoever decides first decides for every process, so
 * that no USDC leaves for a payout that somebody has reported as refused.
 */
export type Decision = Signed | Refusal

/** How far an operation has come. */
export interface Progress {
  /** The payment that is followed. */
  attempt: Attempt | null
  /** Number of the attempt that would come after it. */
  next: number
  decision: Decision | null
}

const TRANSACTION = 'transaction'
const DECISION = 'broadcast'

/** The name of an attempt's step; its idempotency key is derived from it. */
export const paymentStep = (number: number): string => (number === 1 ? 'payment' : `payment#${number}`)

const attemptOf = (number: number, { externalId, detail }: Step): Attempt => ({
  number,
  paymentId: externalId,
  quoteId: detail.quote ?? '',
  jwk: JSON.parse(detail.jwk ?? '') as Jwk,
  usdc: BigInt(detail.usdc ?? ''),
  fees: BigInt(detail.fees ?? ''),
})

const decisionOf = ({ detail }: Step): Decision => {
  const { transaction, digest = '', amount = '', deadline, reason, message, reference } = detail
  if (transaction)
    return {
      kind: 'signed',
      transactionId: transaction,
      digest,
      amount: BigInt(amount),
      deadlineMs: Number(deadline),
    }
  return { ...refused(reason as RefusalClass, message), ...(reference ? { reference } : {}) }
}

const detailOf = (decision: Decision): Detail => {
  if (decision.kind === 'signed') {
    const { transactionId, digest, amount, deadlineMs } = decision
    return { transaction: transactionId, digest, amount: String(amount), deadline: String(deadlineMs) }
  }
  const { reason, message, reference } = decision
  return { reason, message, ...(reference ? { reference } : {}) }
}

/** What is written down about payouts, as this adapter sees it. */
export const createJournal = (steps: Steps) => ({
  progress: async (operation: Operation): Promise<Progress> => {
    const known = await steps.of(operation)
    const decision = known.get(DECISION)
    let next = 1
    let attempt: Attempt | null = null
    for (let step = known.get(paymentStep(next)); step; step = known.get(paymentStep(++next)))
      attempt = step.status === 'refused' ? null : attemptOf(next, step)
    return { attempt, next, decision: decision ? decisionOf(decision) : null }
  },

  /** Writes an attempt down before it is sent; answers the one to send, which is the first writer's. */
  attempt: async (operation: Operation, number: number, offer: Offer): Promise<Attempt> => {
    const { quoteId, jwk, usdc, fees } = offer
    const detail = {
      quote: quoteId,
      jwk: JSON.stringify(jwk),
      usdc: String(usdc),
      fees: String(fees),
    }
    return attemptOf(number, await steps.begin(operation, paymentStep(number), detail))
  },

  /** The attempt has become a payment. Throws when that is another operation's. */
  created: async (operation: Operation, { number }: Attempt, paymentId: string): Promise<void> => {
    const step = await steps.end(operation, paymentStep(number), { status: 'done', externalId: paymentId })
    if (!step) throw new Error('the payment belongs to another operation')
  },

  /** The attempt's quote lapsed before there was a payment. */
  lapsed: async (operation: Operation, { number }: Attempt): Promise<void> => {
    await steps.end(operation, paymentStep(number), { status: 'refused' })
  },

  /** Writes down that a transaction is about to be made; answers its id when one was made before. */
  transaction: async (operation: Operation): Promise<string | null> =>
    (await steps.begin(operation, TRANSACTION)).externalId,

  prepared: async (operation: Operation, transactionId: string): Promise<void> => {
    await steps.end(operation, TRANSACTION, { status: 'done', externalId: transactionId })
  },

  /** Decides for the operation unless that has been done; answers the decision that holds. */
  decide: async (operation: Operation, decision: Decision): Promise<Decision> =>
    decisionOf(await steps.begin(operation, DECISION, detailOf(decision))),

  /** The signed permit is with CPN. */
  submitted: async (operation: Operation): Promise<void> => {
    await steps.end(operation, DECISION, { status: 'done' })
  },

  /** USDC minor units that were signed away for the operation; null when nothing was. */
  signedFor: async (operation: Pick<Operation, 'accountId' | 'key'>): Promise<bigint | null> => {
    const step = (await steps.of(operation)).get(DECISION)
    const decision = step ? decisionOf(step) : null
    return decision?.kind === 'signed' ? decision.amount : null
  },
})

export type Journal = ReturnType<typeof createJournal>
