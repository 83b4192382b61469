import type { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Charge } from '../price.ts'
import { Book } from './book.ts'
import { readCertificate } from './certificate.ts'
import { cpnEnvironment } from './environment.ts'
import { type CpnChain, isCpnChain, NETWORKS, type Network } from './networks.ts'

const Parsed = Type.Object(cpnEnvironment)
type Parsed = Static<typeof Parsed>

/** What the adapter is made from. */
export interface CpnSettings {
  /** Without a slash at its end. */
  baseUrl: string
  apiKey: string
  /** Whether the key is one of the testnet. */
  sandbox: boolean
  networks: Readonly<Partial<Record<CpnChain, Network>>>
  /** Signs for the USDC; its key cannot be read from it. */
  wallet: PrivateKeyAccount
  book: Book
  /** Who may certify members of the network; nobody's signature is asked for when there are none. */
  authorities: readonly X509Certificate[]
  charge: Charge
  mostUsdCents: bigint
}

const ENVIRONMENTS = { TEST_API_KEY: 'test', LIVE_API_KEY: 'live' } as const

const environmentOf = (apiKey: string): 'test' | 'live' | null => {
  const [prefix = '', id, secret, ...more] = apiKey.split(':')
  if (!id || !secret || more.length > 0 || !Object.hasOwn(ENVIRONMENTS, prefix)) return null
  return ENVIRONMENTS[prefix as keyof typeof ENVIRONMENTS]
}

const walletOf = (key: string): PrivateKeyAccount | null => {
  try {
    return /^0x[0-9a-fA-F]{64}$/.test(key) ? privateKeyToAccount(key as `0x${string}`) : null
  } catch {
    return null
  }
}

const MOST_LINES = 10

const bookOf = (path: string): Book | string[] => {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return ['CPN_BOOK must name a JSON file that can be read']
  }
  if (Value.Check(Book, given)) return given
  const places = new Set([...Value.Errors(Book, given)].map((error) => error.path || '/'))
  return [...places].slice(0, MOST_LINES).map((place) => `CPN_BOOK is wrong at ${place}`)
}

const authoritiesOf = (path: string): X509Certificate[] | null => {
  try {
    const pems = readFileSync(path, 'utf8').match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    )
    return pems ? pems.map(readCertificate) : null
  } catch {
    return null
  }
}

/** What real money and the data of real people need beside. */
const liveOnly = ({ CPN_AUTHORITIES, CPN_BASE_URL }: Parsed): string[] => [
  ...(CPN_AUTHORITIES ? [] : ['CPN_AUTHORITIES must be set with a live CPN_API_KEY']),
  ...(CPN_BASE_URL.startsWith('https://') ? [] : ['CPN_BASE_URL must be https:// with a live CPN_API_KEY']),
]

/**
 * The adapter's settings, null while there is no key for it; and a line for each setting that is missing or wrong, none of
 * which repeats a value. Reads the files that the settings name.
 */
export const cpnSettings = (
  config: Parsed,
): { settings: CpnSettings | null; problems: readonly string[] } => {
  const { CPN_API_KEY: apiKey, CPN_WALLET_KEY, CPN_BOOK, CPN_AUTHORITIES, CPN_CHAINS } = config
  if (!apiKey) return { settings: null, problems: [] }
  const environment = environmentOf(apiKey)
  const chains = CPN_CHAINS.split(',').map((chain) => chain.trim())
  const wallet = CPN_WALLET_KEY ? walletOf(CPN_WALLET_KEY) : null
  const book = CPN_BOOK ? bookOf(CPN_BOOK) : ['CPN_BOOK must be set with CPN_API_KEY']
  const authorities = CPN_AUTHORITIES ? authoritiesOf(CPN_AUTHORITIES) : []
  const problems = [
    ...(environment ? [] : ['CPN_API_KEY must be TEST_API_KEY:id:secret or LIVE_API_KEY:id:secret']),
    ...(wallet ? [] : ['CPN_WALLET_KEY must be 0x and 64 hex digits, set with CPN_API_KEY']),
    ...(chains.every(isCpnChain) ? [] : ['CPN_CHAINS must be some of ethereum,polygon']),
    ...(Array.isArray(book) ? book : []),
    ...(authorities ? [] : ['CPN_AUTHORITIES must name a PEM file with certificates']),
    ...(environment === 'live' ? liveOnly(config) : []),
  ]
  if (!environment || !wallet || !authorities || Array.isArray(book) || problems.length > 0)
    return { settings: null, problems }
  const networks = Object.fromEntries(
    chains.filter(isCpnChain).map((chain) => [chain, NETWORKS[environment][chain]]),
  )
  return {
    problems,
    settings: {
      baseUrl: config.CPN_BASE_URL.replace(/\/+$/, ''),
      apiKey,
      sandbox: environment === 'test',
      networks,
      wallet,
      book,
      authorities,
      charge: { bps: BigInt(config.CPN_CHARGE_BPS), flatUsdCents: BigInt(config.CPN_CHARGE_CENTS) },
      mostUsdCents: BigInt(config.CPN_MOST_USD) * 100n,
    },
  }
}
