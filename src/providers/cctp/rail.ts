import { getBlockNumber } from 'viem/actions'
import type { AdapterDeps } from '../adapter.ts'
import type { Operation, Outcome } from '../port.ts'
import { WireError } from '../wire.ts'
import { attest, attestedBefore } from './attest.ts'
import { burn } from './burn.ts'
import { DEPLOYMENTS, type RailChain } from './chains.ts'
import { createIris, IrisBusy } from './iris.ts'
import { mint } from './mint.ts'
import { ChainError } from './node.ts'
import { createPassages, type Delivered, type Passage, type Passages } from './passages.ts'
import { RAIL_STATES } from './states.ts'
import { createStations, type StationSettings } from './stations.ts'
import { createTariff, type Tariff } from './tariff.ts'
import type { Halt, Station, Trip } from './trip.ts'

export interface RailSettings extends StationSettings {
  /** Where Iris is asked, without a slash at its end; unset where the network has it. */
  irisUrl?: string | undefined
}

/** USDC minor units that have arrived, or what the on-ramp comes to until they have. */
export type Carried = { kind: 'arrived'; minted: bigint } | (Outcome & { kind: 'accepted' | 'unknown' })

/** CCTP between the chains of one network. */
export interface Rail {
  /** Whether it moves play money. */
  readonly sandbox: boolean
  readonly passages: Passages
  readonly tariff: Tariff
  /** The chains that it carries USDC to. */
  readonly reaches: readonly RailChain[]
  /** Whether USDC can start on the chain: what is delivered there must be in the wallet that signs. */
  startsOn(chain: RailChain): boolean
  /**
   * Carries what was delivered on a passage's home chain as far as it goes now. Trouble with Iris or a node is no error:
   * the passage is unknown until they answer again. Throws the signal's reason.
   */
  carry(operation: Operation, passage: Passage, delivered: Delivered, signal: AbortSignal): Promise<Carried>
}

/** The rail of the settings. All providers that use it share its nodes, its nonces and its limit at Iris. */
export const createRail = (
  { sql, clock, log, wallets }: Pick<AdapterDeps, 'sql' | 'clock' | 'log' | 'wallets'>,
  settings: RailSettings,
): Rail => {
  const { network, account } = settings
  const iris = createIris(settings.irisUrl ?? DEPLOYMENTS[network].irisUrl, clock)
  const passages = createPassages(sql)
  const stations = createStations({ sql, clock, wallets }, settings)

  const stationOf = (chain: RailChain): Station => {
    const station = stations.get(chain)
    if (!station) throw new ChainError('away', chain, 'it is not configured')
    return station
  }

  const move = async (trip: Trip, signal: AbortSignal): Promise<bigint | Halt> => {
    const before = attestedBefore(trip)
    if (before) return mint(trip, before, signal)
    const burnt = await burn(trip, signal)
    if (typeof burnt !== 'string') return burnt
    // The burn may have been signed a moment ago, and how fast it goes with it.
    const passage = (await passages.find(trip.operation)) ?? trip.passage
    const attested = await attest({ ...trip, passage }, burnt, signal)
    return 'state' in attested ? attested : mint(trip, attested, signal)
  }

  /** The passage with what was delivered; only once the other chain answers, so that nothing is burnt towards a wall. */
  const embark = async (
    operation: Operation,
    passage: Passage,
    delivered: Delivered,
    signal: AbortSignal,
  ): Promise<Trip> => {
    const [from, to] = [stationOf(passage.home), stationOf(passage.to)]
    const trip = { operation, passage, delivered, from, to, iris, passages, clock }
    if (passage.delivered) return { ...trip, delivered: passage.delivered }
    const height = await to.node.ask(signal, (client) => getBlockNumber(client, { cacheTime: 0 }))
    const begun = await passages.deliver(operation, delivered, { to_height: String(height) })
    return { ...trip, passage: begun, delivered: begun.delivered ?? delivered }
  }

  const waiting = async (operation: Operation, passage: Passage, halt: Halt, reference: string) => {
    const { state, checkAfterMs, message } = halt
    await passages.note(operation, state)
    if (state !== passage.state)
      log.info(
        { payment_id: operation.paymentId, key: operation.key, from: passage.state, to: state },
        'a passage over CCTP has moved',
      )
    if (RAIL_STATES[state].outcome === 'unknown')
      return { kind: 'unknown' as const, message: `CCTP: ${message ?? RAIL_STATES[state].meaning}` }
    return { kind: 'accepted' as const, reference, ...(checkAfterMs === undefined ? {} : { checkAfterMs }) }
  }

  return {
    sandbox: network === 'testnet',
    passages,
    tariff: createTariff(iris, clock),
    reaches: [...stations.keys()],
    startsOn: (chain) => stations.get(chain)?.owner === account.address,
    carry: async (operation, passage, delivered, signal) => {
      const { reference } = passage.delivered ?? delivered
      try {
        const arrived = await move(await embark(operation, passage, delivered, signal), signal)
        if (typeof arrived !== 'bigint') return await waiting(operation, passage, arrived, reference)
        await passages.finish(operation, arrived)
        return { kind: 'arrived', minted: arrived }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof IrisBusy) return { kind: 'accepted', reference, checkAfterMs: error.afterMs }
        // Not thrown: the provider would be taken for broken, and its other payments held back.
        if (error instanceof WireError || error instanceof ChainError)
          return { kind: 'unknown', message: `CCTP: ${error.message}` }
        throw error
      }
    },
  }
}
