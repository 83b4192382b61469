export type GasSource = 'beaconchain' | 'blockscout_base' | 'blockscout_polygon' | 'blockscout_arbitrum'

/** What the played market is like. Numbers are texts, so that tests can give them any number of digits. */
export interface MarketState {
  mids: Record<'exchangerate_api' | 'frankfurter', Record<string, string>>
  /** Unix seconds at which exchangerate-api says that it ends; 0 for never. */
  endsAt: number
  /** Wei for a unit of gas; null where a server knows none. */
  gas: Record<GasSource, string | null>
  /** Micro-lamports for a compute unit, one for each recent slot. */
  priorityFees: string[]
  prices: Record<'ETH' | 'SOL' | 'POL' | 'USDC', string>
  /** Status by component. The names are made up: Circle documents none. */
  circle: Record<string, string>
  indicator: string
}

const MIDS = {
  AUD: '1.5342',
  BRL: '5.3307',
  CAD: '1.4061',
  CHF: '0.8067',
  EUR: '0.8742',
  GBP: '0.7613',
  JPY: '156.4108',
  MXN: '18.3712',
  SGD: '1.3055',
}

export const calmMarket = (): MarketState => ({
  mids: {
    exchangerate_api: { ...MIDS, AED: '3.6725', ZWL: '26.3451' },
    frankfurter: { ...MIDS, EUR: '0.87398' },
  },
  endsAt: 0,
  gas: {
    beaconchain: '900000000',
    blockscout_base: '6012345',
    blockscout_polygon: '369900000000',
    blockscout_arbitrum: '20100000',
  },
  priorityFees: ['0', '0', '1000', '4000', '8000', '6000'],
  prices: { ETH: '2486.47', SOL: '131.2', POL: '0.100652', USDC: '0.99987' },
  circle: {
    'Circle Mint API': 'operational',
    Payouts: 'operational',
    'USDC on Base': 'operational',
    'USDC on Polygon PoS': 'operational',
    'USDC on Arbitrum': 'operational',
    'USDC on Solana': 'operational',
    'USDC on Ethereum': 'operational',
    'USDC on Avalanche': 'operational',
    'Sandbox API': 'operational',
  },
  indicator: 'none',
})
