import { FIAT_CURRENCIES } from '../../core/currency.ts'
import { SOURCE_NAMES, type Source, type SourceName } from '../source.ts'
import { beaconchain, type EthereumGas } from './beaconchain.ts'
import { blockscout, type ChainGas } from './blockscout.ts'
import { type CircleStatus, circleStatus } from './circle-status.ts'
import { type CoinPrices, coingecko } from './coingecko.ts'
import { exchangerateApi } from './exchangerate-api.ts'
import { frankfurter } from './frankfurter.ts'
import type { FiatMids } from './mids.ts'
import { type SolanaFee, solana } from './solana.ts'

/** What each source answers with. */
export interface SourceValues {
  exchangerate_api: FiatMids
  frankfurter: FiatMids
  beaconchain: EthereumGas
  blockscout_base: ChainGas
  blockscout_polygon: ChainGas
  blockscout_arbitrum: ChainGas
  solana_rpc: SolanaFee
  circle_status: CircleStatus
  coingecko: CoinPrices
}

const symbols = FIAT_CURRENCIES.filter((code) => code !== 'USD').join(',')

/** The full URL that each source is asked at unless another is set; all work without a key. */
export const DEFAULT_URLS: Readonly<Record<SourceName, string>> = {
  exchangerate_api: 'https://open.er-api.com/v6/latest/USD',
  frankfurter: `https://api.frankfurter.dev/v1/latest?base=USD&symbols=${symbols}`,
  beaconchain: 'https://beaconcha.in/api/v1/execution/gasnow',
  blockscout_base: 'https://base.blockscout.com/api/v2/stats',
  blockscout_polygon: 'https://polygon.blockscout.com/api/v2/stats',
  blockscout_arbitrum: 'https://arbitrum.blockscout.com/api/v2/stats',
  solana_rpc: 'https://api.mainnet-beta.solana.com',
  circle_status: 'https://status.circle.com/api/v2/summary.json',
  coingecko:
    'https://api.coingecko.com/api/v3/simple/price?ids=ethereum,solana,polygon-ecosystem-token,usd-coin' +
    '&vs_currencies=usd&include_last_updated_at=true&precision=full',
}

export interface SourceSettings {
  /** The full URL of each request; the text `off` leaves the source out. */
  urls: Readonly<Record<SourceName, string>>
  /** Keys of those that take one. They are sent in headers. */
  keys?: {
    exchangerateApi?: string | undefined
    beaconchain?: string | undefined
    blockscout?: string | undefined
    coingecko?: string | undefined
  }
}

/** Every source that is not `off`, in the order of SOURCE_NAMES. */
export const createSources = ({ urls, keys = {} }: SourceSettings): Source[] => {
  const create: { [N in SourceName]: (url: string) => Source<SourceValues[N]> } = {
    exchangerate_api: (url) => exchangerateApi(url, keys.exchangerateApi),
    frankfurter,
    beaconchain: (url) => beaconchain(url, keys.beaconchain),
    blockscout_base: (url) => blockscout('base', url, keys.blockscout),
    blockscout_polygon: (url) => blockscout('polygon', url, keys.blockscout),
    blockscout_arbitrum: (url) => blockscout('arbitrum', url, keys.blockscout),
    solana_rpc: solana,
    circle_status: circleStatus,
    coingecko: (url) => coingecko(url, keys.coingecko),
  }
  return SOURCE_NAMES.filter((name) => urls[name] !== 'off').map((name) => create[name](urls[name]))
}
