import { divCeil, formatAmount, parseAmount } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import { stepKey } from '../keys.ts'
import type { Links } from '../links.ts'
import type { Operation, Outcome, Settled } from '../port.ts'
import type { Detail, Step } from '../steps.ts'
import { executedRate, unitsOf } from './amounts.ts'
import type { CircleClient } from './client.ts'
import type { Exchange } from './exchange.ts'
import { bankOf } from './parties.ts'
import { failure, PAYOUT_ERRORS, refusal } from './refusals.ts'
import { isOutcome, type Sender, type Taken } from './sender.ts'
import type { Payout } from './shapes.ts'
import { PAYOUT_STATES, RETURN_STATES, stateOf } from './states.ts'

export interface PayoutDeps {
  client: CircleClient
  send: Sender
  /** Null when Circle has not activated it for us. */
  exchange: Exchange | null
  links: Links
}

/** The step by which money leaves for a bank. */
export const PAYOUT = 'payout'

/** Stands for the operation from its start, also while it has traded and not yet paid out. */
export const payoutReference = (key: string): string => stepKey(key, PAYOUT)

const UNASKED: Outcome = {
  kind: 'unknown',
  message: 'circle has paid out something else than it was asked for',
}

/** Minor units of USDC in a cent. */
const USDC_PER_CENT = 10_000n

/** What a payout's fee is in USDC minor units: a fee in euros costs what those that were paid out cost, rounded up. */
export const feeOf = ({ fees }: Payout, spent: bigint, paid: bigint): bigint => {
  if (!fees) return 0n
  if (fees.currency === 'USD') return unitsOf(fees, 'USD', 'USD') * USDC_PER_CENT
  return divCeil(unitsOf(fees, 'EUR', 'EUR') * spent, paid)
}

const settledBy = (operation: Operation, payout: Payout, spent: bigint): Settled => {
  const { leg, amount: fiat, currency } = operation
  if (leg === 'refund') return { amount: fiat, currency, fiat, rate: RATE_UNITS as Rate }
  const amount = spent + feeOf(payout, spent, fiat)
  return { amount, currency: 'USDC', fiat, rate: executedRate([fiat, currency], [amount, 'USDC']) }
}

/** How a payout stands; one that has come back is refused, however it stood before. */
export const progressOf = (payout: Payout): 'moving' | 'complete' | 'failed' | 'returned' | 'unclear' => {
  if (payout.return) return stateOf(RETURN_STATES, 'return', payout.return.status)
  const state = stateOf(PAYOUT_STATES, 'payout', payout.status)
  return payout.errorCode === 'transaction_returned' && state === 'complete' ? 'returned' : state
}

const judge = (operation: Operation, payout: Payout, { detail }: Step): Outcome => {
  const reference = payoutReference(operation.key)
  const progress = progressOf(payout)
  if (progress === 'moving') return { kind: 'accepted', reference }
  if (progress === 'failed') return failure(PAYOUT_ERRORS, payout.errorCode)
  if (progress === 'returned') return failure(PAYOUT_ERRORS, 'transaction_returned')
  if (progress === 'unclear')
    return { kind: 'unknown', message: 'a payout came back to circle and not to our balance' }
  const { amount, currency } = operation
  const asked = unitsOf(payout.amount, currency, currency) === amount && payout.destination.id === detail.bank
  const spent = parseAmount(detail.spent ?? '', 'USDC')
  return asked && spent !== null
    ? { kind: 'done', reference, settled: settledBy(operation, payout, spent) }
    : UNASKED
}

/** The rail that an operation is paid out by. */
const railOf = ({ currency, speed }: Operation): string => {
  if (currency === 'USD') return 'wire'
  return speed === 'fast' ? 'sepa_instant' : 'sepa'
}

/** Carries USDC out: USD one to one, EUR by way of EURC that is bought first; and USD back to a payer. */
export const createPayouts = ({ client, send, exchange, links }: PayoutDeps) => {
  /** What the payout is made from, or how the operation stands without it. */
  const prepare = async (
    operation: Operation,
    taken: Taken,
    signal: AbortSignal,
  ): Promise<Detail | Outcome> => {
    const { leg, amount, currency } = operation
    const payee = await bankOf(links, operation)
    if (isOutcome(payee)) return payee
    const detail = {
      leg,
      bank: payee.bank,
      rail: railOf(operation),
      amount: formatAmount(amount, currency),
      currency,
    }
    if (currency === 'USD') return { ...detail, spent: detail.amount }
    if (currency !== 'EUR' || leg === 'refund' || !exchange) return refusal('route')
    const moving: Outcome = { kind: 'accepted', reference: payoutReference(operation.key) }
    const bought = await exchange.buy(operation, taken, moving, signal)
    return isOutcome(bought) ? bought : { ...detail, spent: formatAmount(bought.spent, 'USDC') }
  }

  return async (operation: Operation, taken: Taken, signal: AbortSignal): Promise<Outcome> => {
    // Once it was begun, it is as it was written down then.
    const ready = taken.get(PAYOUT)?.detail ?? (await prepare(operation, taken, signal))
    if (isOutcome(ready)) return ready
    const act = { name: PAYOUT, detail: ready, first: operation.currency === 'USD' }
    let made: Payout | undefined
    const step = await send(
      operation,
      taken,
      act,
      async ({ bank = '', rail = '', amount = '', currency = '' }) => {
        const payout = { destination: { type: rail, id: bank }, amount: { amount, currency } }
        made = await client.createPayout(payoutReference(operation.key), payout, signal)
        return made
      },
    )
    if (isOutcome(step)) return step
    return judge(operation, made ?? (await client.payout(step.externalId ?? '', signal)), step)
  }
}
