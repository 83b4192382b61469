import type { Clock } from '../../core/clock.ts'
import { isFiat } from '../../core/currency.ts'
import { scaled } from '../../core/decimal.ts'
import { parseAmount } from '../../core/money.ts'
import { answersOf } from '../answer.ts'
import { LEGS, type ProviderRecord } from '../port.ts'
import type { Step, Steps } from '../steps.ts'
import type { CircleClient } from './client.ts'
import { deliveredBy, onrampReference, TRANSFER } from './onramp.ts'
import { feeOf, PAYOUT, payoutReference, progressOf } from './payout.ts'
import type { Deposit, Money, Payout, Trade, Transfer } from './shapes.ts'
import { DEPOSIT_STATES, stateOf, TRADE_STATES, TRANSFER_STATES } from './states.ts'

/** A deposit that nobody has taken by then waits for nobody. */
const UNTAKEN_MS = 3_600_000

/** Places of amounts that are none of ours: only people read them. */
const OTHER_PLACES = 6

const RECORD_STATE = {
  moving: 'pending',
  unclear: 'pending',
  complete: 'done',
  failed: 'refused',
  returned: 'refused',
} as const

interface Dated {
  createDate?: string
  updateDate?: string
}

const { instantOf } = answersOf('circle')

const changedMs = ({ createDate, updateDate }: Dated): number => instantOf(updateDate ?? createDate)

/** Minor units of fiat, or of whatever else somebody has moved in our account. */
const listedUnits = ({ amount, currency }: Money): bigint =>
  (isFiat(currency) ? parseAmount(amount, currency) : null) ?? scaled(amount, OTHER_PLACES)

/** Whose a thing is, with the other steps of its operation. */
interface Owned {
  key: string
  steps: ReadonlyMap<string, Step>
}

export interface RecordsDeps {
  client: CircleClient
  steps: Steps
  clock: Clock
  /** Whether there can be trades. */
  exchange: boolean
}

/** The listings of what Circle has done within a window, as `Provider.records` has them. */
export const createRecords = ({ client, steps, clock, exchange }: RecordsDeps) => {
  const ownersOf = async (ids: readonly string[]): Promise<ReadonlyMap<string, Owned>> => {
    const owners = await steps.owners(ids)
    const owned = [...owners].map(
      async ([id, owner]): Promise<[string, Owned]> => [id, { key: owner.key, steps: await steps.of(owner) }],
    )
    return new Map(await Promise.all(owned))
  }

  const ofTransfer = (transfer: Transfer, owner: Owned | undefined): ProviderRecord => {
    const state = RECORD_STATE[stateOf(TRANSFER_STATES, 'transfer', transfer.status)]
    const { amount, currency } = transfer.amount
    const wired = parseAmount(owner?.steps.get(TRANSFER)?.detail.wired ?? '', 'USD')
    return {
      key: owner?.key ?? transfer.id,
      reference: owner ? onrampReference(owner.key) : transfer.id,
      leg: 'onramp',
      state,
      changedMs: changedMs(transfer),
      // What is labelled USD and EUR there is USDC and EURC.
      ...(wired === null
        ? { amount: scaled(amount, OTHER_PLACES), currency: `${currency}C` }
        : { amount: wired, currency }),
      settledAmount: state === 'done' ? deliveredBy(transfer) : null,
    }
  }

  const ofPayout = (payout: Payout, owner: Owned | undefined): ProviderRecord => {
    const detail = owner?.steps.get(PAYOUT)?.detail ?? {}
    const state = RECORD_STATE[progressOf(payout)]
    const leg = LEGS.find((name) => name === detail.leg) ?? 'offramp'
    const amount = listedUnits(payout.amount)
    const spent = parseAmount(detail.spent ?? '', 'USDC') ?? 0n
    return {
      key: owner?.key ?? payout.id,
      reference: owner ? payoutReference(owner.key) : payout.id,
      leg,
      state,
      changedMs: changedMs(payout),
      amount,
      currency: payout.amount.currency,
      settledAmount:
        state === 'done' && owner ? (leg === 'refund' ? amount : spent + feeOf(payout, spent, amount)) : null,
    }
  }

  /** Until it is paid out, a trade stands for its operation; so one that never is shows up as a difference. */
  const ofTrade = (trade: Trade, owner: Owned | undefined): ProviderRecord[] => {
    if (owner?.steps.get(PAYOUT)?.externalId) return []
    const failed = stateOf(TRADE_STATES, 'trade', trade.status) === 'failed'
    const { amount, currency } = trade.to
    const euros = owner ? { amount, currency: 'EUR' } : { amount, currency }
    return [
      {
        key: owner?.key ?? trade.id,
        reference: owner ? payoutReference(owner.key) : trade.id,
        leg: 'offramp',
        state: failed ? 'refused' : 'pending',
        changedMs: changedMs(trade),
        amount: listedUnits(euros),
        currency: euros.currency,
        settledAmount: null,
      },
    ]
  }

  /** Money of a payer that went nowhere: nobody has taken it, or the transfer that it was taken for came to nothing. */
  const ofDeposit = (
    deposit: Deposit,
    owner: Owned | undefined,
    failed: ReadonlySet<string>,
  ): ProviderRecord[] => {
    const arrived = stateOf(DEPOSIT_STATES, 'deposit', deposit.status) === 'complete'
    const madeMs = instantOf(deposit.createDate)
    const idle = owner
      ? owner.steps.get(TRANSFER)?.status === 'refused' || failed.has(owner.key)
      : clock.now() - madeMs > UNTAKEN_MS
    if (!arrived || !idle) return []
    const amount = listedUnits(deposit.amount)
    return [
      {
        key: deposit.id,
        reference: deposit.id,
        leg: 'onramp',
        state: 'done',
        changedMs: madeMs,
        amount,
        currency: deposit.amount.currency,
        settledAmount: null,
      },
    ]
  }

  async function* pages<T extends { id: string }>(
    listing: AsyncIterable<readonly T[]>,
    within: (one: T) => boolean,
    records: (one: T, owner: Owned | undefined) => readonly ProviderRecord[],
  ): AsyncGenerator<readonly ProviderRecord[]> {
    for await (const page of listing) {
      const ours = page.filter(within)
      const owners = await ownersOf(ours.map(({ id }) => id))
      yield ours.flatMap((one) => records(one, owners.get(one.id)))
    }
  }

  async function* tradesOf(signal: AbortSignal): AsyncGenerator<readonly Trade[]> {
    yield await client.trades(signal)
  }

  /** Pages of the window (epoch milliseconds, the end excluded). Throws as `Provider.records` does. */
  return async function* (
    { fromMs, toMs }: { fromMs: number; toMs: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly ProviderRecord[]> {
    const window = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    // The API includes the end.
    const within = ({ createDate }: Dated): boolean => {
      const at = instantOf(createDate)
      return at >= fromMs && at < toMs
    }
    const failed = new Set<string>()
    // A transfer from a chain is treasury's: nobody has asked for it.
    const outgoing = (transfer: Transfer) => transfer.source.type === 'wallet' && within(transfer)
    yield* pages(client.transfers(window, signal), outgoing, (transfer, owner) => {
      const record = ofTransfer(transfer, owner)
      if (record.state === 'refused') failed.add(record.key)
      return [record]
    })
    yield* pages(client.payouts(window, signal), within, (payout, owner) => [ofPayout(payout, owner)])
    if (exchange) yield* pages(tradesOf(signal), within, ofTrade)
    yield* pages(client.deposits(window, signal), within, (deposit, owner) =>
      ofDeposit(deposit, owner, failed),
    )
  }
}
