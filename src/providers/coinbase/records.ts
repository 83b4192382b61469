import type { Currency } from '../../core/currency.ts'
import { scaled } from '../../core/decimal.ts'
import { parseAmount } from '../../core/money.ts'
import { untilAborted } from '../abort.ts'
import { answersOf } from '../answer.ts'
import { LEGS, type Leg, type ProviderRecord } from '../port.ts'
import type { CoinbaseClient } from './client.ts'
import { LEG_NAME, OPERATION_NAME } from './order.ts'
import type { Transfer, TransferPage } from './shapes.ts'
import { type State, stateOf } from './states.ts'

const CURRENCIES: Readonly<Record<string, Currency>> = { usd: 'USD', eur: 'EUR', usdc: 'USDC' }

/** Places of an asset that we never move: only people read such amounts. */
const OTHER_PLACES = 6

/** Minor units. Throws when the text is no such amount, because reconciliation must not go on with a guess. */
const minorUnits = (amount: string, asset: string): bigint => {
  const currency = CURRENCIES[asset]
  const units = currency ? parseAmount(amount, currency) : scaled(amount, OTHER_PLACES)
  if (units === null) throw new Error('coinbase lists an amount that cannot be read')
  return units
}

const RECORD_STATE = { pending: 'pending', settled: 'done', failed: 'refused' } as const

const legOf = ({ metadata, target }: Transfer): Leg =>
  LEGS.find((leg) => leg === metadata?.[LEG_NAME]) ?? (target.address === undefined ? 'offramp' : 'onramp')

const { instantOf } = answersOf('coinbase')

const recordOf = (transfer: Transfer, state: Exclude<State, 'unexecuted'>): ProviderRecord => {
  const { transferId, metadata, updatedAt, sourceAsset = '', sourceAmount = '0' } = transfer
  const { targetAsset = '', targetAmount = '0' } = transfer
  const leg = legOf(transfer)
  const given = { units: minorUnits(sourceAmount, sourceAsset), currency: sourceAsset.toUpperCase() }
  const received = { units: minorUnits(targetAmount, targetAsset), currency: targetAsset.toUpperCase() }
  const asked = leg === 'onramp' ? given : received
  // As in `Settled`: of a refund it is the fiat that counts, not the USDC that it cost.
  const other = leg === 'offramp' ? given : received
  return {
    key: metadata?.[OPERATION_NAME] ?? transferId,
    reference: transferId,
    leg,
    state: RECORD_STATE[state],
    changedMs: instantOf(updatedAt),
    amount: asked.units,
    currency: asked.currency,
    settledAmount: state === 'settled' ? other.units : null,
  }
}

/**
 * Transfers out of accounts that were executed. Deposits were asked of nobody, and a quote that nobody executed is no
 * operation. Throws for a status that is not documented.
 */
const recordsOf = (transfers: readonly Transfer[]): ProviderRecord[] =>
  transfers.flatMap((transfer) => {
    const state = stateOf(transfer.status)
    if (state === undefined) throw new Error('coinbase lists a transfer of an undocumented status')
    if (state === 'unexecuted' || transfer.source.accountId === undefined) return []
    return [recordOf(transfer, state)]
  })

/**
 * Pages of the transfers that were made within the window, each under the key of our operation, or under its own id
 * where it is none of ours. Throws as `Provider.records` does.
 */
export async function* listRecords(
  client: CoinbaseClient,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  signal: AbortSignal,
): AsyncIterable<readonly ProviderRecord[]> {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString()) as [string, string]
  let pageToken: string | null = null
  do {
    const token: string | null = pageToken
    const page: TransferPage = await untilAborted(signal, () => client.transfers(from, to, token, signal))
    // The API includes the end.
    yield recordsOf(page.transfers.filter(({ createdAt }) => instantOf(createdAt) < toMs))
    pageToken = page.nextPageToken || null
  } while (pageToken)
}
