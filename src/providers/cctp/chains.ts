import type { Address } from 'viem'
import type { Chain } from '../port.ts'

/** Wei in a gwei. */
const GWEI = 10n ** 9n

/** Circle's numbers of the chains, which are not chain ids. Source: developers.circle.com, "CCTP supported blockchains". */
export const DOMAINS: Readonly<Record<Chain, number>> = {
  ethereum: 0,
  arbitrum: 3,
  solana: 5,
  base: 6,
  polygon: 7,
}

/**
 * The chains that the rail carries. Solana is not among them: USDC is minted to a token account there, which has to exist
 * before the burn names it, and its transactions have no nonce that would let only one of two land.
 */
export const RAIL_CHAINS = ['base', 'polygon', 'arbitrum', 'ethereum'] as const satisfies readonly Chain[]
export type RailChain = (typeof RAIL_CHAINS)[number]

/** Whether the rail carries USDC from and to the chain. */
export const isRailChain = (chain: Chain): chain is RailChain =>
  (RAIL_CHAINS as readonly Chain[]).includes(chain)

export const NETWORKS = ['mainnet', 'testnet'] as const
export type Network = (typeof NETWORKS)[number]

interface Deployment {
  irisUrl: string
  /** The same addresses on every EVM chain. */
  tokenMessenger: Address
  messageTransmitter: Address
  chains: Readonly<Record<RailChain, { chainId: number; usdc: Address }>>
}

/** Source: developers.circle.com, "CCTP EVM contracts and interfaces" (V2) and "USDC contract addresses". */
export const DEPLOYMENTS: Readonly<Record<Network, Deployment>> = {
  mainnet: {
    irisUrl: 'https://iris-api.circle.com',
    tokenMessenger: '0x28b5a0e9C621a5BadaA536219b3a228C8168cf5d',
    messageTransmitter: '0x81D40F21F12A8F0E3252Bccb954D722d4c464B64',
    chains: {
      base: { chainId: 8_453, usdc: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913' },
      polygon: { chainId: 137, usdc: '0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359' },
      arbitrum: { chainId: 42_161, usdc: '0xaf88d065e77c8cC2239327C5EDb3A432268e5831' },
      ethereum: { chainId: 1, usdc: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' },
    },
  },
  testnet: {
    irisUrl: 'https://iris-api-sandbox.circle.com',
    tokenMessenger: '0x8FE6B999Dc680CcFDD5Bf7EB0974218be2542DAA',
    messageTransmitter: '0xE737e5cEBEEBa77EFE34D4aa090756590b1CE275',
    chains: {
      base: { chainId: 84_532, usdc: '0x036CbD53842c5426634e7929541eC2318f3dCF7e' },
      polygon: { chainId: 80_002, usdc: '0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582' },
      arbitrum: { chainId: 421_614, usdc: '0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d' },
      ethereum: { chainId: 11_155_111, usdc: '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238' },
    },
  },
}

/** When an attestation is first worth asking for after its burn, and then how often, in milliseconds. */
export interface Wait {
  firstMs: number
  everyMs: number
}

interface Pace {
  blockMs: number
  /** Blocks, its own included, after which a mint counts: what Circle itself waits for in a fast transfer. */
  confirmations: bigint
  /** Null where fast transfers do not start, because the standard one is as quick. */
  fast: Wait | null
  standard: Wait
  /** Above this a price of gas, wei, is taken for a fault of the node. */
  mostFeePerGas: bigint
}

const SOON: Wait = { firstMs: 8_000, everyMs: 2_000 }
const L1_FINALITY: Wait = { firstMs: 13 * 60_000, everyMs: 30_000 }

/** Source: developers.circle.com, "CCTP finality and fees": the shortest time that it gives is when to ask first. */
export const PACES: Readonly<Record<RailChain, Pace>> = {
  base: {
    blockMs: 2_000,
    confirmations: 1n,
    fast: SOON,
    standard: L1_FINALITY,
    mostFeePerGas: 100n * GWEI,
  },
  polygon: {
    blockMs: 2_000,
    confirmations: 3n,
    fast: null,
    standard: SOON,
    mostFeePerGas: 10_000n * GWEI,
  },
  arbitrum: {
    blockMs: 1_000,
    confirmations: 1n,
    fast: SOON,
    standard: L1_FINALITY,
    mostFeePerGas: 100n * GWEI,
  },
  ethereum: {
    blockMs: 12_000,
    confirmations: 2n,
    fast: { firstMs: 20_000, everyMs: 4_000 },
    standard: L1_FINALITY,
    mostFeePerGas: 1_000n * GWEI,
  },
}

/** `minFinalityThreshold` of a burn, and the threshold that a fee belongs to. */
export const THRESHOLDS = { fast: 1_000, standard: 2_000 } as const

/** USDC minor units that one burn may have: 10,000,000 USDC. */
export const MOST_PER_BURN = 10_000_000_000_000n
