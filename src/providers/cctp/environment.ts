import { Type } from '@sinclair/typebox'
import { oneOf, secret } from '../../core/schema.ts'
import { NETWORKS, RAIL_CHAINS } from './chains.ts'

const optionalUrl = (description: string) => Type.Optional(Type.String({ format: 'http-url', description }))

const rpcUrl = (chain: string) => optionalUrl(`A node of ${chain}; with it, CCTP carries USDC there`)

/** The environment variables of the rail. */
export const cctpEnvironment = {
  CCTP_PRIVATE_KEY: secret('Key of the settlement wallet that burns and mints; unset turns CCTP off'),
  CCTP_NETWORK: oneOf(NETWORKS, {
    default: 'testnet',
    description: 'mainnet moves real USDC, and only for providers with live keys',
  }),
  CCTP_HOME_CHAIN: oneOf(RAIL_CHAINS, {
    default: 'base',
    description: 'Where providers deliver USDC that CCTP then carries on',
  }),
  CCTP_IRIS_URL: optionalUrl('Where attestations are asked for, unless at Circle'),
  CCTP_RPC_URL_BASE: rpcUrl('Base'),
  CCTP_RPC_URL_POLYGON: rpcUrl('Polygon'),
  CCTP_RPC_URL_ARBITRUM: rpcUrl('Arbitrum'),
  CCTP_RPC_URL_ETHEREUM: rpcUrl('Ethereum'),
}
