import type { PrivateKeyAccount } from 'viem/accounts'
import type { Logger } from '../../telemetry/logger.ts'
import { stepKey } from '../keys.ts'
import type { Operation, Outcome, RefusalClass } from '../port.ts'
import { type CpnClient, CpnError } from './client.ts'
import { type Agreed, type Permit, permitOf } from './intent.ts'
import type { Attempt, Journal, Signed } from './journal.ts'
import type { CpnPayment, CpnTransaction } from './model.ts'
import type { Network } from './networks.ts'
import { isRefusal, refused } from './refusals.ts'
import { meaningOf, TRANSACTION_STATES } from './states.ts'

export interface FundingDeps {
  client: CpnClient
  journal: Journal
  wallet: PrivateKeyAccount
  log: Logger
  networkOf(operation: Operation): Network
  now(): number
}

export type Funding = ReturnType<typeof createFunding>

/** Gives payments that wait for it their USDC, by one signed permit for each operation. */
export const createFunding = ({ client, journal, wallet, log, networkOf, now }: FundingDeps) => {
  const accepted = ({ id }: CpnPayment): Outcome => ({ kind: 'accepted', reference: id })

  /** The transaction that CPN has for the payment already, as its answer to a repeated request does not name it. */
  const existing = async (payment: CpnPayment, signal: AbortSignal): Promise<CpnTransaction | null> => {
    const made = (await client.payment(payment.id, signal)).onChainTransactions ?? []
    const active = made.find(({ status }) => meaningOf(TRANSACTION_STATES, status) !== 'failed')
    const found = active ?? made.at(-1)
    return found ? client.transaction(payment.id, found.id, signal) : null
  }

  const prepare = async (operation: Operation, payment: CpnPayment, signal: AbortSignal) => {
    const known = await journal.transaction(operation)
    if (known) return client.transaction(payment.id, known, signal)
    const create = async () => {
      try {
        return await client.createTransaction(payment.id, stepKey(operation.key, 'transaction'), signal)
      } catch (error) {
        const found =
          error instanceof CpnError && error.meaning === 'exists' ? await existing(payment, signal) : null
        if (found) return found
        throw error
      }
    }
    const made = await create()
    await journal.prepared(operation, made.id)
    return made
  }

  const permitFor = (
    operation: Operation,
    attempt: Attempt,
    payment: CpnPayment,
    transaction: CpnTransaction,
  ): Permit | null => {
    const agreed: Agreed = {
      paymentId: payment.id,
      network: networkOf(operation),
      payer: wallet.address,
      most: attempt.usdc,
      mostFee: attempt.fees,
      settleByMs: Date.parse(payment.expireDate),
    }
    const permit = permitOf(transaction, agreed, now())
    if (typeof permit !== 'string') return permit
    log.error(
      { payment_id: operation.paymentId, cpn_payment: payment.id, fault: permit },
      'cpn asks us to sign for something else than was agreed',
    )
    return null
  }

  const submit = async (
    operation: Operation,
    payment: CpnPayment,
    { transactionId }: Signed,
    permit: Permit,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const signature = await wallet.signTypedData(permit.typedData)
    try {
      await client.submit(payment.id, transactionId, signature, signal)
    } catch (error) {
      if (!(error instanceof CpnError)) throw error
      if (error.meaning === 'later') {
        // The permit is out, so that nobody else may pay: it is sent again with the next poll, until the payment expires.
        log.warn(
          { payment_id: operation.paymentId, cpn_payment: payment.id, code: error.code },
          'cpn cannot take the USDC yet',
        )
        return accepted(payment)
      }
      if (error.meaning !== 'submitted') throw error
    }
    await journal.submitted(operation)
    return accepted(payment)
  }

  /** Refuses what has not been signed for, and waits with whoever has done that meanwhile. */
  const decline = async (
    operation: Operation,
    payment: CpnPayment,
    reason: RefusalClass,
  ): Promise<Outcome> => {
    const decision = await journal.decide(operation, { ...refused(reason), reference: payment.id })
    return decision.kind === 'refused' ? decision : accepted(payment)
  }

  const begin = async (
    operation: Operation,
    attempt: Attempt,
    payment: CpnPayment,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const transaction = await prepare(operation, payment, signal)
    const state = meaningOf(TRANSACTION_STATES, transaction.status)
    if (state === 'failed') return decline(operation, payment, 'temporary')
    if (state !== 'unsigned') {
      // Another process may have signed since this one looked.
      const { decision } = await journal.progress(operation)
      if (decision?.kind === 'signed') return accepted(payment)
      return {
        kind: 'unknown',
        message: `transaction ${transaction.id} is ${transaction.status} without our doing`,
      }
    }
    const permit = permitFor(operation, attempt, payment, transaction)
    if (!permit) return decline(operation, payment, 'route')
    const { digest, amount, deadlineMs } = permit
    signal.throwIfAborted()
    const decision = await journal.decide(operation, {
      kind: 'signed',
      transactionId: transaction.id,
      digest,
      amount,
      deadlineMs,
    })
    if (decision.kind === 'refused') return decision
    // Whoever decided first does the rest, should that have been about another permit.
    if (decision.digest !== digest) return accepted(payment)
    return submit(operation, payment, decision, permit, signal)
  }

  const carryOn = async (
    operation: Operation,
    attempt: Attempt,
    payment: CpnPayment,
    decision: Signed,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const transaction = await client.transaction(payment.id, decision.transactionId, signal)
    const state = meaningOf(TRANSACTION_STATES, transaction.status)
    if (state === null)
      return {
        kind: 'unknown',
        message: `transaction ${transaction.id} is in the state ${transaction.status}`,
      }
    // A second permit could be used beside the first, so that a transaction that failed is not followed by another.
    if (state !== 'unsigned') return accepted(payment)
    const permit = permitFor(operation, attempt, payment, transaction)
    if (!permit) return accepted(payment)
    if (permit.digest !== decision.digest)
      return { kind: 'unknown', message: `transaction ${transaction.id} wants another permit than before` }
    return submit(operation, payment, decision, permit, signal)
  }

  return {
    /** Carries a payment that waits for USDC one step further: the permit is decided upon, signed and sent. */
    fund: async (
      operation: Operation,
      attempt: Attempt,
      payment: CpnPayment,
      decision: Signed | null,
      signal: AbortSignal,
    ): Promise<Outcome> => {
      if (decision) return carryOn(operation, attempt, payment, decision, signal)
      try {
        return await begin(operation, attempt, payment, signal)
      } catch (error) {
        if (!(error instanceof CpnError) || !isRefusal(error.meaning)) throw error
        return decline(operation, payment, error.meaning)
      }
    },
  }
}
