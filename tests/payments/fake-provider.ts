import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import {
  CHAINS,
  type Operation,
  type Outcome,
  type Provider,
  type ProviderRecord,
} from '../../src/providers/port.ts'

export const EVERYTHING = {
  currencies: FIAT_CURRENCIES,
  chains: CHAINS,
  leastUsdCents: 0n,
  mostUsdCents: 10n ** 12n,
}

export interface Call {
  kind: 'initiate' | 'status'
  provider: string
  operation: Operation
}

/** Answers a call, or leaves it to the fake's own books by returning undefined from no branch of its own. */
export type Answer = (call: Call, books: () => Outcome) => unknown

/** A provider in memory: it accepts what it is sent and has done it by the next question, unless `answer` differs. */
export const fakeProvider = (name: string, answer: Answer = (_call, books) => books()) => {
  const calls: Call[] = []
  const known = new Map<string, ProviderRecord>()
  const books = ({ kind, operation }: Call): Outcome => {
    const reference = `ref_${operation.key}`
    if (kind === 'status' && !known.has(operation.key)) return { kind: 'not_found' }
    const { key, leg, amount, currency } = operation
    const record = { key, reference, leg, amount, currency, changedMs: Date.now() }
    known.set(key, { ...record, state: 'pending', settledAmount: null })
    if (kind === 'initiate') return { kind: 'accepted', reference, checkAfterMs: 0 }
    known.set(key, { ...record, state: 'done', settledAmount: 1_000_000n })
    return {
      kind: 'done',
      reference,
      settled: { amount: 1_000_000n, currency: 'USDC', fiat: amount, rate: RATE_UNITS as Rate },
    }
  }
  const act = (kind: Call['kind']) => async (operation: Operation) => {
    const call = { kind, provider: name, operation }
    calls.push(call)
    // What a fake returns need not be an outcome: providers are the world outside.
    return answer(call, () => books(call)) as Outcome
  }
  const provider: Provider = {
    name,
    sandbox: true,
    capabilities: { onramp: EVERYTHING, offramp: EVERYTHING },
    quote: () => RATE_UNITS as Rate,
    health: () => 'operational',
    refresh: async () => {},
    initiate: act('initiate'),
    status: act('status'),
    records: async function* () {
      yield [...known.values()]
    },
  }
  return { provider, calls }
}
