import { minorUnitsPerMajor } from '../../core/currency.ts'
import { divFloor } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import { untilAborted } from '../abort.ts'
import type { Chain, Operation, Outcome, Provider, ProviderRecord } from '../port.ts'
import { isRailChain, MOST_PER_BURN, type RailChain } from './chains.ts'
import { lessFee } from './fees.ts'
import type { Delivered, Passage } from './passages.ts'
import type { Rail } from './rail.ts'

export interface OverCctpSettings {
  /** Where the provider delivers what the rail then carries on. */
  home: RailChain
}

/** Minor units of USDC in a US cent. */
const USDC_PER_CENT = 10_000n

/** USDC per unit of fiat after the rail's fee, rounded down. */
const rateOf = (minted: bigint, fiat: bigint, { currency }: Operation): Rate =>
  divFloor(minted * minorUnitsPerMajor(currency) * RATE_UNITS, fiat * minorUnitsPerMajor('USDC')) as Rate

const arrived = (operation: Operation, { reference, fiat }: Delivered, minted: bigint): Outcome => ({
  kind: 'done',
  reference,
  settled: { amount: minted, currency: 'USDC', fiat, rate: rateOf(minted, fiat, operation) },
})

/** The provider's record of an on-ramp as the payment sees it: done once its USDC has arrived. */
const carriedRecord = (record: ProviderRecord, passage: Passage | undefined): ProviderRecord => {
  if (!passage || record.leg !== 'onramp' || record.state !== 'done') return record
  const { minted, mintedMs } = passage
  if (minted === null || mintedMs === null) return { ...record, state: 'pending', settledAmount: null }
  return { ...record, settledAmount: minted, changedMs: Math.max(record.changedMs, mintedMs) }
}

/**
 * The provider, whose on-ramp now also serves the chains that the rail reaches from `home`: it delivers there, and the
 * on-ramp is done once the USDC has arrived on the payment's chain. Everything else passes through unchanged. Throws Error
 * when the two do not fit: play and real money, or a home chain that either of them cannot use.
 */
export const overCctp = (provider: Provider, rail: Rail, { home }: OverCctpSettings): Provider => {
  const { onramp } = provider.capabilities
  if (!onramp) return provider
  if (provider.sandbox !== rail.sandbox)
    throw new Error(`${provider.name} and CCTP must both be live, or both be for tests`)
  if (!onramp.chains.includes(home) || !rail.startsOn(home))
    throw new Error(`${provider.name} cannot deliver to CCTP on ${home}`)

  const reached = rail.reaches.filter((chain) => !onramp.chains.includes(chain))
  const isReached = (chain: Chain): chain is RailChain => isRailChain(chain) && reached.includes(chain)
  const atHome = (operation: Operation, chain: Chain = home): Operation => ({ ...operation, chain })

  const initiate = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    const { leg, chain } = operation
    if (leg !== 'onramp' || !isReached(chain)) return provider.initiate(operation, signal)
    // Written down first, so that what was sent is carried on even where the settings have changed since.
    await rail.passages.begin(operation, { home, to: chain })
    signal.throwIfAborted()
    const outcome = await provider.initiate(atHome(operation), signal)
    return outcome.kind === 'done'
      ? { kind: 'accepted', reference: outcome.reference, checkAfterMs: 0 }
      : outcome
  }

  const carry = async (
    operation: Operation,
    passage: Passage,
    delivered: Delivered,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const carried = await rail.carry(operation, passage, delivered, signal)
    return carried.kind === 'arrived' ? arrived(operation, delivered, carried.minted) : carried
  }

  const status = async (operation: Operation, signal: AbortSignal): Promise<Outcome> => {
    if (operation.leg !== 'onramp') return provider.status(operation, signal)
    const passage = await rail.passages.find(operation)
    if (!passage) return provider.status(isReached(operation.chain) ? atHome(operation) : operation, signal)
    // On its way it depends on the provider no more.
    if (passage.delivered && passage.minted === null)
      return carry(operation, passage, passage.delivered, signal)
    const outcome = await provider.status(atHome(operation, passage.home), signal)
    if (outcome.kind !== 'done') return outcome
    if (passage.delivered && passage.minted !== null)
      return arrived(operation, passage.delivered, passage.minted)
    return carry(operation, passage, { ...outcome.settled, reference: outcome.reference }, signal)
  }

  async function* records(window: { fromMs: number; toMs: number }, signal: AbortSignal) {
    for await (const page of provider.records(window, signal)) {
      const passages = await rail.passages.among(page.map(({ key }) => key))
      yield page.map((record) => carriedRecord(record, passages.get(record.key)))
    }
  }

  const refresh = async (signal: AbortSignal): Promise<void> => {
    const both = [provider.refresh(signal), rail.tariff.refresh(home, reached, signal)]
    for (const end of await Promise.allSettled(both)) if (end.status === 'rejected') throw end.reason
  }

  return {
    ...provider,
    capabilities: {
      ...provider.capabilities,
      onramp: { ...onramp, chains: [...onramp.chains, ...reached] },
    },
    quote: (ask) => {
      if (ask.leg !== 'onramp' || !isReached(ask.chain)) return provider.quote(ask)
      if (ask.usdCents * USDC_PER_CENT > MOST_PER_BURN) return null
      const rate = provider.quote({ ...ask, chain: home })
      const fee = rail.tariff.fee(home, ask.chain)
      return rate === null || fee === null ? null : lessFee(rate, fee)
    },
    refresh,
    initiate: (operation, signal) => untilAborted(signal, () => initiate(operation, signal)),
    status: (operation, signal) => untilAborted(signal, () => status(operation, signal)),
    records,
  }
}
