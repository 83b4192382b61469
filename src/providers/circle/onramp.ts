import { formatAmount, parseAmount } from '../../core/money.ts'
import { stepKey } from '../keys.ts'
import type { Links } from '../links.ts'
import type { Chain, Instructions, Operation, Outcome } from '../port.ts'
import type { Detail, Step } from '../steps.ts'
import { executedRate, unitsOf } from './amounts.ts'
import type { CircleClient } from './client.ts'
import { DEPOSIT, type TakeDeposit } from './deposits.ts'
import { bankOf, isSameAddress, type Recipients } from './parties.ts'
import { failure, refusal, TRANSFER_ERRORS } from './refusals.ts'
import { isOutcome, refusedAsking, type Sender, type Taken } from './sender.ts'
import type { Transfer, WireInstructions } from './shapes.ts'
import { stateOf, TRANSFER_STATES } from './states.ts'

export interface OnrampDeps {
  client: CircleClient
  send: Sender
  takeDeposit: TakeDeposit
  recipients: Recipients
  links: Links
  wallets: Readonly<Partial<Record<Chain, string>>>
}

/** The step that acts: USDC leaves our account for the chain. */
export const TRANSFER = 'transfer'

/** Stands for the on-ramp from its start, when Circle has nothing that it could be called by yet. */
export const onrampReference = (key: string): string => stepKey(key, TRANSFER)

const accepted = ({ key }: Operation) => ({ kind: 'accepted' as const, reference: onrampReference(key) })

/** The API's fields by their own names, with the amount: another one would not be recognized. */
const instructionsFor = ({ amount, currency }: Operation, given: WireInstructions): Instructions => {
  const flat = Object.entries(given).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, text]) => [`${name}.${inner}`, text])
      : [[name, value]],
  )
  const texts = flat.filter((field): field is [string, string] => typeof field[1] === 'string')
  return { amount: formatAmount(amount, currency), currency, ...Object.fromEntries(texts) }
}

/** Minor units of USDC that a transfer brings to the chain: what was sent, less what the network takes. */
export const deliveredBy = ({ amount, fees }: Transfer): bigint =>
  (fees ?? []).reduce((left, fee) => left - unitsOf(fee, 'USD', 'USDC'), unitsOf(amount, 'USD', 'USDC'))

const judge = (operation: Operation, transfer: Transfer, { detail }: Step): Outcome => {
  const state = stateOf(TRANSFER_STATES, 'transfer', transfer.status)
  if (state === 'moving') return accepted(operation)
  if (state === 'failed') return failure(TRANSFER_ERRORS, transfer.errorCode)
  const asked = unitsOf(transfer.amount, 'USD', 'USDC') === parseAmount(detail.usd ?? '', 'USDC')
  const { address } = transfer.destination
  const arrived = address === undefined || isSameAddress(address, detail.address ?? '')
  const amount = deliveredBy(transfer)
  if (!asked || !arrived || amount <= 0n)
    return { kind: 'unknown', message: 'circle has transferred something else than it was asked for' }
  const { amount: fiat, currency } = operation
  const rate = executedRate([amount, 'USDC'], [fiat, currency])
  const settled = { amount, currency: 'USDC' as const, fiat, rate }
  return { kind: 'done', reference: onrampReference(operation.key), settled }
}

/** Carries USD in by wire and out as USDC: the payer's deposit is taken first, and its worth then transferred. */
export const createOnramp = ({ client, send, takeDeposit, recipients, links, wallets }: OnrampDeps) => {
  /** What the transfer is made from, or how the on-ramp stands without it. Nothing acts here. */
  const prepare = async (
    operation: Operation,
    taken: Taken,
    signal: AbortSignal,
  ): Promise<Detail | Outcome> => {
    const payer = await bankOf(links, operation)
    if (isOutcome(payer)) return payer
    const address = wallets[operation.chain]
    const addressId = address && (await recipients.find(operation.chain, address, signal))
    if (!address || !addressId || operation.currency !== 'USD') return refusal('route')
    const before = taken.get(DEPOSIT)
    const deposit = before?.externalId ? before : await takeDeposit(operation, payer.bank, signal)
    if (deposit) return { ...deposit.detail, addressId, address }
    if (operation.reference !== null) return accepted(operation)
    const instructions = await client.instructions(payer.bank, signal)
    if (!instructions) return refusal('route')
    return { ...accepted(operation), instructions: instructionsFor(operation, instructions) }
  }

  return async (operation: Operation, taken: Taken, signal: AbortSignal): Promise<Outcome> => {
    let ready: Detail | Outcome
    try {
      // Once it was begun, it is as it was written down then.
      ready = taken.get(TRANSFER)?.detail ?? (await prepare(operation, taken, signal))
    } catch (error) {
      return refusedAsking(error, operation)
    }
    if (isOutcome(ready)) return ready
    const act = { name: TRANSFER, detail: ready, first: true }
    let sent: Transfer | undefined
    const step = await send(operation, taken, act, async ({ addressId = '', usd = '' }) => {
      const transfer = {
        destination: { type: 'verified_blockchain' as const, addressId },
        amount: { amount: usd, currency: 'USD' },
      }
      sent = await client.createTransfer(onrampReference(operation.key), transfer, signal)
      return sent
    })
    if (isOutcome(step)) return step
    return judge(operation, sent ?? (await client.transfer(step.externalId ?? '', signal)), step)
  }
}
