import { getAddress } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import type { AdapterDeps } from '../adapter.ts'
import { DEPLOYMENTS, DOMAINS, type Network, RAIL_CHAINS, type RailChain } from './chains.ts'
import { createNode } from './node.ts'
import { createTransactions } from './transactions.ts'
import type { Station } from './trip.ts'
import { createWallet } from './wallet.ts'

export interface StationSettings {
  network: Network
  /** Signs burns and mints; only it knows the key. */
  account: PrivateKeyAccount
  /** A node of each chain that the rail reaches. */
  rpcUrls: Readonly<Partial<Record<RailChain, string>>>
}

/** The ends of the rail: every chain that has a node and a wallet of ours. */
export const createStations = (
  { sql, clock, wallets }: Pick<AdapterDeps, 'sql' | 'clock' | 'wallets'>,
  { network, account, rpcUrls }: StationSettings,
): ReadonlyMap<RailChain, Station> => {
  const { tokenMessenger, messageTransmitter, chains } = DEPLOYMENTS[network]
  const transactions = createTransactions(sql)
  return new Map(
    RAIL_CHAINS.flatMap((chain): [RailChain, Station][] => {
      const [url, owner] = [rpcUrls[chain], wallets[chain]]
      if (!url || !owner) return []
      const { chainId, usdc } = chains[chain]
      const node = createNode(chain, url)
      const wallet = createWallet({ node, chainId, account, transactions, clock })
      const domain = DOMAINS[chain]
      const common = { chain, domain, node, wallet, usdc, tokenMessenger, messageTransmitter }
      return [[chain, { ...common, owner: getAddress(owner) }]]
    }),
  )
}
