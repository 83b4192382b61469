import type { SourceName } from '../../src/market/source.ts'
import type { ClaudeServer } from '../support/claude-server.ts'
import type { MarketServer } from '../support/market-server.ts'

const VARIABLES: Record<SourceName, string> = {
  exchangerate_api: 'FX_URL',
  frankfurter: 'FX_CHECK_URL',
  beaconchain: 'BEACONCHAIN_URL',
  blockscout_base: 'BLOCKSCOUT_URL_BASE',
  blockscout_polygon: 'BLOCKSCOUT_URL_POLYGON',
  blockscout_arbitrum: 'BLOCKSCOUT_URL_ARBITRUM',
  solana_rpc: 'SOLANA_RPC_URL',
  circle_status: 'CIRCLE_STATUS_URL',
  coingecko: 'COINGECKO_URL',
}

/** Settings of a program that asks a played market. */
export const onMarket = (server: MarketServer): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(VARIABLES).map(([name, to]) => [to, server.urls[name as SourceName]])),
  MARKET_DATA: 'live',
})

/** Settings of a program that asks a played model, as often as it likes. */
export const onClaude = (server: ClaudeServer): Record<string, string> => ({
  ANTHROPIC_API_KEY: server.key,
  ANTHROPIC_BASE_URL: server.url,
  ANTHROPIC_CALLS_PER_MINUTE: '1000',
})
