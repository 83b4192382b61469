import { checksum, validate } from 'ox/Address'
import { CHAINS, type Chain } from './port.ts'

/** Everything that PROVIDERS can name. `sandbox` stands for three that only play. */
export const PROVIDER_NAMES = ['sandbox', 'circle', 'cpn', 'bridge', 'coinbase'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

const isName = (text: string): text is ProviderName => (PROVIDER_NAMES as readonly string[]).includes(text)

const partsOf = (text: string): string[] => text.split(',').map((part) => part.trim())

/** Reads the text of PROVIDERS, such as "circle,bridge". Throws Error with one line for people. */
export const parseProviders = (text: string): ProviderName[] => {
  const names = partsOf(text)
  if (names.every(isName) && new Set(names).size === names.length) return names
  throw new Error(
    `PROVIDERS must name one or more of ${PROVIDER_NAMES.join(', ')}, each once, such as circle,bridge`,
  )
}

export type Wallets = Readonly<Partial<Record<Chain, string>>>

const SOLANA_ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/

const isChain = (text: string): text is Chain => (CHAINS as readonly string[]).includes(text)

/** An address as it is written with its checksum; null for one that is none, or that was mistyped. */
const addressOn = (chain: Chain, text: string): string | null => {
  if (chain === 'solana') return SOLANA_ADDRESS.test(text) ? text : null
  // One in small letters alone has no checksum to be wrong.
  const valid = validate(text, { strict: text !== text.toLowerCase() })
  return valid ? checksum(text) : null
}

/**
 * Reads the text of SETTLEMENT_WALLETS, such as "base:0x…,solana:…"; an empty one means none. Throws Error with one line
 * for people, also for an EVM address whose checksum is wrong: money that is sent there is gone.
 */
export const parseWallets = (text: string): Wallets => {
  const parts = text.trim() === '' ? [] : partsOf(text)
  const read = parts.map((part) => {
    const [, chain = '', address = ''] = /^(\w+):(\w+)$/.exec(part) ?? []
    const found = isChain(chain) ? addressOn(chain, address) : null
    return found === null ? null : ([chain, found] as const)
  })
  const wallets = read.filter((entry) => entry !== null)
  if (wallets.length === parts.length && new Set(wallets.map(([chain]) => chain)).size === parts.length)
    return Object.fromEntries(wallets)
  throw new Error(
    `SETTLEMENT_WALLETS must give for one or more of ${CHAINS.join(', ')} our address there, each once and with its checksum, such as base:0x…,solana:…`,
  )
}
