import type { Static, TObject } from '@sinclair/typebox'
import { getAddress, isAddress, isHex, size } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { AdapterDeps } from '../adapter.ts'
import { RAIL_CHAINS, type RailChain } from './chains.ts'
import type { cctpEnvironment } from './environment.ts'
import type { RailSettings } from './rail.ts'

type CctpConfig = Static<TObject<typeof cctpEnvironment>>

/** What the rail is made with, and where providers deliver to it. */
export interface CctpSettings {
  rail: RailSettings
  home: RailChain
}

const accountOf = (key: string) => {
  try {
    return isHex(key) && size(key) === 32 ? privateKeyToAccount(key) : null
  } catch {
    // Not every 32 bytes are a key.
    return null
  }
}

const isOurs = (wallet: string | undefined, address: string): boolean =>
  wallet !== undefined && isAddress(wallet, { strict: false }) && getAddress(wallet) === address

/**
 * The settings of the rail, null where it is turned off. `problems` has a line for each that is missing or bad; none
 * repeats the key.
 */
export const cctpSettings = (
  config: CctpConfig,
  wallets: AdapterDeps['wallets'],
): { settings: CctpSettings | null; problems: readonly string[] } => {
  const { CCTP_PRIVATE_KEY: key, CCTP_HOME_CHAIN: home = 'base', CCTP_NETWORK: network = 'testnet' } = config
  if (!key) return { settings: null, problems: [] }
  const account = accountOf(key)
  const given = {
    base: config.CCTP_RPC_URL_BASE,
    polygon: config.CCTP_RPC_URL_POLYGON,
    arbitrum: config.CCTP_RPC_URL_ARBITRUM,
    ethereum: config.CCTP_RPC_URL_ETHEREUM,
  }
  const reached = RAIL_CHAINS.filter((chain) => given[chain])
  const problems = [
    ...(account ? [] : ['CCTP_PRIVATE_KEY must be a private key: 0x and 64 hexadecimal digits']),
    ...(given[home]
      ? []
      : [`CCTP_RPC_URL_${home.toUpperCase()} must be set, because CCTP starts on ${home}`]),
    ...(reached.some((chain) => chain !== home)
      ? []
      : ['CCTP_RPC_URL_ of another chain than the home chain must be set for CCTP']),
    ...reached
      .filter((chain) => chain !== home && !isAddress(wallets[chain] ?? '', { strict: false }))
      .map(
        (chain) => `the settlement wallet on ${chain} must be an address, because CCTP carries USDC there`,
      ),
    ...(account && !isOurs(wallets[home], account.address)
      ? [`the settlement wallet on ${home} must be that of CCTP_PRIVATE_KEY`]
      : []),
  ]
  if (!account || problems.length > 0) return { settings: null, problems }
  const rpcUrls = Object.fromEntries(
    reached.flatMap((chain) => (given[chain] ? [[chain, given[chain]]] : [])),
  )
  return { settings: { rail: { network, irisUrl: config.CCTP_IRIS_URL, account, rpcUrls }, home }, problems }
}
