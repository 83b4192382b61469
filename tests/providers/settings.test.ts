import { describe, expect, test } from 'bun:test'
import { parseProviders, parseWallets } from '../../src/providers/settings.ts'

const USDC_ON_BASE = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'
const USDC_ON_SOLANA = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v'

describe('PROVIDERS', () => {
  test('names providers in the order in which ties are decided', () => {
    expect(parseProviders('bridge, circle')).toEqual(['bridge', 'circle'])
  })

  test.each(['', 'acme', 'circle,', 'circle,circle', 'Circle', 'circle bridge', 'sandbox_a'])(
    '%p is refused in one line that says what is allowed',
    (text) =>
      expect(() => parseProviders(text)).toThrow(/^PROVIDERS must name one or more of sandbox, circle, .+$/),
  )
})

describe('SETTLEMENT_WALLETS', () => {
  test('gives an address on each chain, written with its checksum', () => {
    expect(parseWallets(`base:${USDC_ON_BASE.toLowerCase()}, solana:${USDC_ON_SOLANA}`)).toEqual({
      base: USDC_ON_BASE,
      solana: USDC_ON_SOLANA,
    })
    expect(parseWallets(' ')).toEqual({})
  })

  const mistyped = USDC_ON_BASE.replace('9fCD', '9fCd')
  test.each([
    'base',
    'base:',
    `base:${USDC_ON_BASE.slice(0, -1)}`,
    `base:${mistyped}`,
    `base:${USDC_ON_SOLANA}`,
    `solana:${USDC_ON_BASE}`,
    `tron:${USDC_ON_BASE}`,
    `base:${USDC_ON_BASE},`,
    `base:${USDC_ON_BASE},base:${USDC_ON_BASE}`,
    `base:${USDC_ON_BASE};solana:${USDC_ON_SOLANA}`,
  ])('%p is refused in one line that says what is allowed, and repeats no address', (text) => {
    expect(() => parseWallets(text)).toThrow(/^SETTLEMENT_WALLETS must give [^\n]+$/)
    expect(() => parseWallets(text)).not.toThrow(/833589|EPjF/)
  })
})
