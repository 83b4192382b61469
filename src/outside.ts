import type { Config } from './config.ts'
import { createAdviser } from './fees/advice/adviser.ts'
import { createClaude } from './fees/advice/claude.ts'
import { createAdviceStore } from './fees/advice/store.ts'
import type { Source } from './market/source.ts'
import { createSources } from './market/sources/index.ts'
import type { Foundation } from './services.ts'

/** The market sources that the configuration wants to be asked; none when it wants the sample. */
export const sourcesOf = (config: Config): Source[] =>
  config.MARKET_DATA === 'sample'
    ? []
    : createSources({
        urls: {
          exchangerate_api: config.FX_URL,
          frankfurter: config.FX_CHECK_URL,
          beaconchain: config.BEACONCHAIN_URL,
          blockscout_base: config.BLOCKSCOUT_URL_BASE,
          blockscout_polygon: config.BLOCKSCOUT_URL_POLYGON,
          blockscout_arbitrum: config.BLOCKSCOUT_URL_ARBITRUM,
          solana_rpc: config.SOLANA_RPC_URL,
          circle_status: config.CIRCLE_STATUS_URL,
          coingecko: config.COINGECKO_URL,
        },
        keys: {
          exchangerateApi: config.FX_API_KEY,
          beaconchain: config.BEACONCHAIN_API_KEY,
          blockscout: config.BLOCKSCOUT_API_KEY,
          coingecko: config.COINGECKO_API_KEY,
        },
      })

type AdviserFoundation = Pick<Foundation, 'database' | 'clock' | 'ids' | 'log'>

/** The model that the configuration wants to be asked about fees; without a key an adviser that leaves all to the rules. */
export const adviserOf = (config: Config, { database, clock, ids, log }: AdviserFoundation) => {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_MODEL: model } = config
  return createAdviser({
    claude: apiKey ? createClaude({ apiKey, baseUrl, model, clock }) : null,
    store: createAdviceStore(database),
    clock,
    ids,
    log,
    deadlineMs: config.ANTHROPIC_DEADLINE_MS,
    budgetPerMinute: config.ANTHROPIC_CALLS_PER_MINUTE,
  })
}
