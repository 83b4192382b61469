import { type Currency, exponentOf, isFiat } from '../../core/currency.ts'
import { isUuid } from '../../core/ids.ts'
import { parseAmount } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import { answersOf } from '../answer.ts'
import {
  type Instructions,
  LEGS,
  type Leg,
  type Operation,
  type Outcome,
  type ProviderRecord,
} from '../port.ts'
import type { StepOwner } from '../steps.ts'
import { NAME, type Receipt, type Transfer } from './client.ts'
import { messageOf } from './refusals.ts'
import { meaningOf } from './states.ts'

const unknown = (message: string): Outcome => ({ kind: 'unknown', message })

const amountOf = (text: string | null | undefined, currency: Currency): bigint | null =>
  text ? parseAmount(text, currency) : null

/** What the transfer was asked for: the deposit's amount, or the payout's. Null where it cannot be read. */
const askedAmount = (transfer: Transfer, leg: Leg): bigint | null => {
  const side = leg === 'onramp' ? transfer.source : transfer.destination
  const currency = side.currency.toUpperCase()
  if (!isFiat(currency)) return null
  const fixed = leg === 'onramp' ? null : transfer.destination.amount
  return amountOf(fixed ?? transfer.amount, currency)
}

const isAsked = (transfer: Transfer, { key, leg, amount, currency }: Operation): boolean => {
  const [from, to] = leg === 'onramp' ? [currency, 'USDC'] : ['USDC', currency]
  return (
    transfer.client_reference_id === key &&
    transfer.source.currency === from.toLowerCase() &&
    transfer.destination.currency === to.toLowerCase() &&
    askedAmount(transfer, leg) === amount
  )
}

/** USDC minor units received or spent, by the receipt; null where that cannot be read. */
const usdcOf = ({ receipt }: Transfer, leg: Leg): bigint | null =>
  amountOf(leg === 'onramp' ? receipt?.final_amount : receipt?.initial_amount, 'USDC')

/** Whether the receipt's sum is right. Only between dollars and USDC is everything in it in one currency. */
const addsUp = ({ initial_amount, developer_fee, exchange_fee, gas_fee, final_amount }: Receipt): boolean => {
  const [initial, final] = [amountOf(initial_amount, 'USDC'), amountOf(final_amount, 'USDC')]
  const fees = [developer_fee, exchange_fee, gas_fee].map((fee) => amountOf(fee ?? '0', 'USDC'))
  if (initial === null || final === null) return false
  return (
    fees.reduce<bigint | null>(
      (left, fee) => (left === null || fee === null ? null : left - fee),
      initial,
    ) === final
  )
}

const settled = (transfer: Transfer, { leg, amount, currency }: Operation): Outcome => {
  const { id, receipt } = transfer
  const usdc = usdcOf(transfer, leg)
  const fiat = amountOf(leg === 'onramp' ? receipt?.initial_amount : receipt?.final_amount, currency)
  if (!receipt || !usdc || fiat !== amount || (currency === 'USD' && !addsUp(receipt)))
    return unknown('it is done, but its receipt does not come to what was asked for')
  if (leg === 'refund')
    return {
      kind: 'done',
      reference: id,
      settled: { amount, currency, fiat, rate: RATE_UNITS as Rate },
    }
  const [given, taken] = [usdc * RATE_UNITS, fiat * 10n ** BigInt(exponentOf('USDC') - exponentOf(currency))]
  const rate = (leg === 'onramp' ? given / taken : (taken * RATE_UNITS) / usdc) as Rate
  return { kind: 'done', reference: id, settled: { amount: usdc, currency: 'USDC', fiat, rate } }
}

const AWAITS_DEPOSIT: ReadonlySet<string> = new Set(['awaiting_funds', 'pending'])

const accepted = (transfer: Transfer, leg: Leg): Outcome => {
  const { id, state, source_deposit_instructions: given } = transfer
  if (leg !== 'onramp') return { kind: 'accepted', reference: id }
  const fields = Object.entries(given ?? {}).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  )
  const instructions: Instructions = Object.fromEntries(fields)
  // Without it in the payment's memo Bridge cannot tell whose deposit it is.
  if (AWAITS_DEPOSIT.has(state) && !instructions.deposit_message)
    return unknown('it waits for a deposit, but does not say how to mark it')
  return { kind: 'accepted', reference: id, ...(fields.length > 0 ? { instructions } : {}) }
}

const refused = ({ id, state, return_details }: Transfer): Outcome => {
  const reason = return_details?.risk_rejection_reason
    ? 'compliance'
    : state === 'canceled'
      ? 'temporary'
      : 'route'
  return { kind: 'refused', reason, message: messageOf(reason), reference: id }
}

/** What a transfer, as it is now, says of the operation that it was made for. */
export const outcomeOf = (transfer: Transfer, operation: Operation): Outcome => {
  const { leg } = operation
  if (!isAsked(transfer, operation)) return unknown('its transfer is not what was asked for')
  switch (meaningOf(transfer.state, leg)) {
    case 'pending':
      return accepted(transfer, leg)
    case 'done':
      return settled(transfer, operation)
    case 'refused':
      return refused(transfer)
    case 'unknown':
      // Not the state itself, which may be any text.
      return unknown('its transfer is in a state that needs a person')
  }
}

const RECORD_STATE = { pending: 'pending', done: 'done', refused: 'refused', unknown: 'pending' } as const

export const { instantOf } = answersOf(NAME)

/**
 * The transfer as a record. One without an owner in our journal of steps is known by our key where it has one, as a
 * payout; whether it was a refund is in the journal alone.
 */
export const recordOf = (transfer: Transfer, owner: StepOwner | undefined): ProviderRecord => {
  const { id, state, source, destination, client_reference_id, updated_at } = transfer
  const direction = destination.currency === 'usdc' ? 'onramp' : 'offramp'
  const leg = LEGS.find((each) => each === owner?.step) ?? direction
  const amount = askedAmount(transfer, leg) ?? 0n
  const meaning = meaningOf(state, leg)
  const usdc = leg === 'refund' ? amount : usdcOf(transfer, leg)
  return {
    key: owner?.key ?? (client_reference_id && isUuid(client_reference_id) ? client_reference_id : id),
    reference: id,
    leg,
    state: RECORD_STATE[meaning],
    changedMs: instantOf(updated_at),
    amount,
    currency: (leg === 'onramp' ? source : destination).currency.toUpperCase(),
    settledAmount: meaning === 'done' ? usdc : null,
  }
}
