import type { Address } from 'viem'
import type { Chain } from '../port.ts'

/** A blockchain as CPN takes USDC from it. */
export interface Network {
  /** What CPN calls it. */
  blockchain: string
  chainId: bigint
  usdc: Address
  /** CPN's payment settlement contract: the only one that may ever be permitted to move our USDC. */
  settlement: Address
}

/** Uniswap's Permit2, at the same address on every chain. */
export const PERMIT2: Address = '0x000000000022D473030F116dDEE9F6B43aC78BA3'

const SETTLEMENT: Address = '0x355e0a2a4B7563e0E00C90deD9Aa914c119Ee868'

/** The chains that CPN documents and whose transactions are signed typed data; Solana's are signed in another way. */
export const CPN_CHAINS = ['ethereum', 'polygon'] as const satisfies readonly Chain[]
export type CpnChain = (typeof CPN_CHAINS)[number]

/** The same API serves both environments: the key decides, and each has names of its own for its chains. */
export const NETWORKS: Readonly<Record<'live' | 'test', Readonly<Record<CpnChain, Network>>>> = {
  live: {
    ethereum: {
      blockchain: 'ETH',
      chainId: 1n,
      usdc: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      settlement: SETTLEMENT,
    },
    polygon: {
      blockchain: 'MATIC',
      chainId: 137n,
      usdc: '0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359',
      settlement: SETTLEMENT,
    },
  },
  test: {
    ethereum: {
      blockchain: 'ETH-SEPOLIA',
      chainId: 11_155_111n,
      usdc: '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238',
      settlement: SETTLEMENT,
    },
    polygon: {
      blockchain: 'MATIC-AMOY',
      chainId: 80_002n,
      usdc: '0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582',
      settlement: SETTLEMENT,
    },
  },
}

/** Narrows a chain to one that CPN takes USDC from. */
export const isCpnChain = (chain: string): chain is CpnChain =>
  (CPN_CHAINS as readonly string[]).includes(chain)
