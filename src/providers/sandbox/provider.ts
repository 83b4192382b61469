import type { Clock } from '../../core/clock.ts'
import { FIAT_CURRENCIES, type Fiat } from '../../core/currency.ts'
import type { Rate } from '../../core/rate.ts'
import type { Sql } from '../../db/client.ts'
import { hang, untilAborted } from '../abort.ts'
import {
  CHAINS,
  type LegCapability,
  type Operation,
  type Outcome,
  type Provider,
  type ProviderRecord,
  type RefusalClass,
} from '../port.ts'
import { type Fault, type FaultShares, faultOf } from './faults.ts'
import { type Booked, book, type Ending, type Entry, FIRST, find, list, type Plan } from './store.ts'
import { EARLIEST_MS, executedRate, priceOf, returnedAfterMs, settledAt, settlementMs } from './terms.ts'

/** More than any quote may be worth. */
const MOST_USD_CENTS = 10n ** 12n

export interface SandboxOptions {
  sql: Sql
  clock: Clock
  name: string
  spreadBps: bigint
  /** The same seed gives the same drift, settlement times and faults for the same keys. */
  seed: string
  /** Factor on settlement times; 0 settles at once. */
  timeScale: number
  faults: FaultShares
  /** The mid in fiat per USD right now. May throw; nothing is done then. */
  mid(currency: Fiat): Rate
}

const EVERYTHING: LegCapability = {
  currencies: FIAT_CURRENCIES,
  chains: CHAINS,
  leastUsdCents: 0n,
  mostUsdCents: MOST_USD_CENTS,
}

const endingOf = (operation: Operation, fault: Fault | null): Pick<Plan, 'ending' | 'reason'> => {
  if (operation.leg === 'refund' && operation.undoes === null)
    return { ending: 'refused', reason: 'a refund must name the on-ramp that it undoes' }
  if (fault === 'refuse') return { ending: 'refused', reason: 'refused by a sandbox fault' }
  if (fault === 'busy') return { ending: 'busy', reason: 'not available right now, by a sandbox fault' }
  if (fault === 'return') return { ending: 'returns', reason: 'returned by the bank, by a sandbox fault' }
  if (fault === 'fail') return { ending: 'fails', reason: 'failed at settlement by a sandbox fault' }
  return { ending: 'settles', reason: null }
}

const REFUSAL = {
  refused: 'route',
  busy: 'temporary',
  fails: 'route',
  returns: 'route',
} as const satisfies Partial<Record<Ending, RefusalClass>>

/** How it stands at a moment. */
const stateAt = (nowMs: number, { ending, endsAtMs }: Entry, timeScale: number) => {
  if (ending === 'refused' || ending === 'busy') return 'refused'
  if (nowMs < endsAtMs) return 'pending'
  if (ending === 'returns') return nowMs < endsAtMs + returnedAfterMs(timeScale) ? 'done' : 'refused'
  return ending === 'fails' ? 'refused' : 'done'
}

const refusalOf = ({ reference, reason }: Entry, ending: keyof typeof REFUSAL): Outcome => ({
  kind: 'refused',
  reason: REFUSAL[ending],
  message: reason ?? ending,
  reference,
})

const outcomeAt = (nowMs: number, operation: Operation, entry: Entry, timeScale: number): Outcome => {
  const { reference, ending, endsAtMs } = entry
  const state = stateAt(nowMs, entry, timeScale)
  // It knows its own settlement time, as providers with an estimate do: so a leg is noticed when it settles.
  if (state === 'pending') return { kind: 'accepted', reference, checkAfterMs: endsAtMs - nowMs }
  if (state === 'refused' && ending !== 'settles') return refusalOf(entry, ending)
  const currency = operation.leg === 'refund' ? operation.currency : 'USDC'
  return { kind: 'done', reference, settled: { ...entry.settled, currency } }
}

const recordAt = (nowMs: number, entry: Booked, timeScale: number): ProviderRecord => {
  const { key, reference, leg, currency, ending, endsAtMs, bookedMs, settled } = entry
  const state = stateAt(nowMs, entry, timeScale)
  const atOnce = state === 'pending' || ending === 'refused' || ending === 'busy'
  const changedMs = atOnce ? bookedMs : endsAtMs
  const settledAmount = state === 'done' ? settled.amount : null
  return { key, reference, leg, amount: settled.fiat, currency, state, changedMs, settledAmount }
}

/**
 * A provider that is played: its books are a table, so every process sees the same one, across restarts too.
 * Calls throw when the signal is set, when the database does, and where a fault says that the connection broke.
 */
export const createSandbox = (options: SandboxOptions): Provider => {
  const { sql, clock, name, spreadBps, seed, timeScale } = options

  const planOf = (operation: Operation, fault: Fault | null): Plan => {
    const { key, leg } = operation
    return {
      // The end of a key is random in every version of UUID; the start of some is only the time.
      reference: `sbx_${leg}_${key.slice(-12)}`,
      settled: settledAt(operation, executedRate(operation, options.mid, seed, spreadBps)),
      ...endingOf(operation, fault),
      endsAtMs: clock.now() + settlementMs(seed, key, timeScale, fault === 'slow'),
      arrives: fault !== 'timeout',
    }
  }

  const act = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const fault = faultOf(operation, options.faults, seed)
    const entry = await book(sql, name, operation, planOf(operation, fault))
    if (entry.calls === 0) return hang(signal)
    if (fault === 'drop' && entry.calls === 1) throw new Error(`the connection to ${name} broke`)
    if (entry.ending === 'refused' || entry.ending === 'busy') return refusalOf(entry, entry.ending)
    const checkAfterMs = Math.ceil(EARLIEST_MS * timeScale)
    return { kind: 'accepted', reference: entry.reference, checkAfterMs }
  }

  const look = async (operation: Operation): Promise<Outcome> => {
    const entry = await find(sql, name, operation.key)
    return entry && entry.calls > 0
      ? outcomeAt(clock.now(), operation, entry, timeScale)
      : { kind: 'not_found' }
  }

  async function* records(window: { fromMs: number; toMs: number }, signal: AbortSignal) {
    for (let after = FIRST; ; ) {
      const entries = await untilAborted(signal, () => list(sql, name, window, after))
      const last = entries.at(-1)
      if (!last) return
      yield entries.map((entry) => recordAt(clock.now(), entry, timeScale))
      after = last.key
    }
  }

  return {
    name,
    sandbox: true,
    capabilities: { onramp: EVERYTHING, offramp: EVERYTHING },
    quote: ({ leg, currency, fiatPerUsd }) => priceOf(leg, currency, fiatPerUsd, spreadBps),
    health: () => 'operational',
    refresh: async () => {},
    initiate: (operation, signal) => untilAborted(signal, () => act(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => look(operation)),
    records,
  }
}
