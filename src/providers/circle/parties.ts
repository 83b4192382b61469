import { type Links, partyOf } from '../links.ts'
import type { Chain, Operation, Outcome } from '../port.ts'
import type { CircleClient } from './client.ts'
import { NAME } from './sender.ts'
import { RECIPIENT_STATES, stateOf } from './states.ts'

/** What the API calls the chains that we use. */
export const CHAIN_NAMES: Readonly<Record<Chain, string>> = {
  base: 'BASE',
  polygon: 'POLY',
  arbitrum: 'ARB',
  solana: 'SOL',
  ethereum: 'ETH',
}

/** The bank account of the operation's payer or payee, by its id at Circle; the refusal when it has none there. */
export const bankOf = async (links: Links, operation: Operation): Promise<{ bank: string } | Outcome> => {
  const bank = await links.find(operation, NAME)
  if (bank !== null) return { bank }
  const message = `account ${partyOf(operation)} has no bank account at ${NAME}`
  return { kind: 'refused', reason: 'route', message }
}

/** Whether both are one address: on an EVM chain letters may be of either case. */
export const isSameAddress = (one: string, other: string): boolean =>
  one === other || (one.startsWith('0x') && one.toLowerCase() === other.toLowerCase())

/** The addresses on chains that Circle sends USDC to for us. */
export interface Recipients {
  /** The id of an address; null while Circle does not send to it. */
  find(chain: Chain, address: string, signal: AbortSignal): Promise<string | null>
}

/** Asks for an address until it has been found once, and remembers its id from then on. */
export const createRecipients = (client: CircleClient): Recipients => {
  const known = new Map<string, string>()
  return {
    find: async (chain, address, signal) => {
      const key = `${chain} ${address}`
      const id = known.get(key)
      if (id !== undefined) return id
      for await (const page of client.recipients(signal)) {
        const found = page.find(
          (each) =>
            each.chain === CHAIN_NAMES[chain] &&
            isSameAddress(each.address, address) &&
            // Only those that are verified are listed, as documented.
            stateOf(RECIPIENT_STATES, 'recipient', each.status ?? 'active') === 'ready',
        )
        if (!found) continue
        known.set(key, found.id)
        return found.id
      }
      return null
    },
  }
}
