import { FormatRegistry, Type } from '@sinclair/typebox'
import { oneOf, optionalText, secret } from './core/schema.ts'
import { parseRanges } from './http/address.ts'
import { parseOrigins } from './http/cors.ts'
import type { SourceName } from './market/source.ts'
import { DEFAULT_URLS } from './market/sources/index.ts'
import { bridgeEnvironment } from './providers/bridge/environment.ts'
import { cctpEnvironment } from './providers/cctp/environment.ts'
import { circleEnvironment } from './providers/circle/environment.ts'
import { coinbaseEnvironment } from './providers/coinbase/environment.ts'
import { cpnEnvironment } from './providers/cpn/environment.ts'

const integer = (min: number, max: number, value: number, description: string) =>
  Type.Integer({ minimum: min, maximum: max, default: value, description })

const choice = <const T extends string>(values: readonly T[], value: T, description: string) =>
  oneOf(values, { default: value, description })

const text = (value: string, description: string) =>
  Type.String({ minLength: 1, default: value, description })

const isHttpUrl = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text)
FormatRegistry.Set('http-url', isHttpUrl)
/** Where a market source is asked; `off` asks nobody. */
FormatRegistry.Set('source-url', (text) => text === 'off' || isHttpUrl(text))

const sourceUrl = (source: SourceName, description: string) =>
  Type.String({
    format: 'source-url',
    default: DEFAULT_URLS[source],
    description: `${description}: the full URL of the request, or off`,
  })

FormatRegistry.Set('address-ranges', (text) => parseRanges(text) !== null)
FormatRegistry.Set('origins', (text) => parseOrigins(text) !== null)

const perMinute = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000, description }))

/** Every environment variable that the program reads. */
export const Environment = Type.Object({
  PORT: integer(0, 65_535, 3000, 'Port of the HTTP server; 0 picks a free one'),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'Port at which a process with ROLE=worker shows /metrics, /healthz and /readyz; unset shows nothing',
    }),
  ),
  HOST: text('127.0.0.1', 'Address that the HTTP server binds'),
  ROLE: choice(['api', 'worker', 'all'], 'all', 'Which part of the program this process runs'),
  NODE_ENV: choice(
    ['development', 'production', 'test'],
    'development',
    'production refuses what is only for development',
  ),
  DATA_DIR: text('.data', 'Where the embedded PostgreSQL keeps its files'),
  DATABASE_URL: optionalText('PostgreSQL to use; unset starts the embedded one'),
  DATABASE_POOLER: Type.Optional(
    oneOf(['none', 'transaction'], {
      default: 'none',
      description:
        'transaction: DATABASE_URL leads through a pooler such as PgBouncer that lends a connection for a transaction',
    }),
  ),
  DATABASE_DIRECT_URL: optionalText(
    'The same database past the pooler, for migrations and commands; needed with DATABASE_POOLER=transaction',
  ),
  DATABASE_POOL: integer(1, 200, 10, 'Connections for the domain, beside four for the queue'),
  DATABASE_WAIT_SECONDS: integer(0, 3600, 60, 'How long a start waits for a database that is away'),
  AUTH_MODE: Type.Optional(
    oneOf(['open', 'required'], {
      description:
        'open lets everyone in as the demo account; required unless the database is the embedded one',
    }),
  ),
  LOG_LEVEL: choice(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Least severe log level',
  ),
  RATE_LIMIT_PER_ACCOUNT: perMinute(
    'Most requests of one account in any minute, the costly ones counted several times; 0 is no limit. 120000 unless AUTH_MODE is open',
  ),
  RATE_LIMIT_PER_KEY: perMinute(
    'Most requests with one API key in any minute, counted as those of its account; 0 is no limit. 60000 unless AUTH_MODE is open',
  ),
  RATE_LIMIT_PER_ADDRESS: perMinute(
    'Most requests from one address in any minute, keys that are wrong counted many times; 0 is no limit. 240000 unless AUTH_MODE is open',
  ),
  TRUSTED_PROXIES: Type.Optional(
    Type.String({
      format: 'address-ranges',
      description: 'Proxies whose X-Forwarded-For tells the address that a request is from',
    }),
  ),
  STREAMS_PER_ACCOUNT: integer(
    1,
    100_000,
    100,
    'Event streams that one account may have open at each process',
  ),
  STREAMS_PER_PROCESS: integer(1, 100_000, 2_000, 'Event streams that may be open at each process'),
  REQUEST_BODY_MS: integer(10, 30_000, 10_000, 'Longest wait for the body of a request'),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      format: 'origins',
      description: 'Web pages of which origins may call the API from a browser; unset is none',
    }),
  ),
  HSTS_SECONDS: integer(
    0,
    63_072_000,
    0,
    'How long browsers insist on TLS (Strict-Transport-Security); set it only where there is no plain HTTP',
  ),
  SANDBOX_TIME_SCALE: Type.Number({
    minimum: 0,
    maximum: 10,
    default: 1,
    description:
      'Factor on sandbox settlement and polling times: 0.01 is a hundred times faster, 0 immediate',
  }),
  SANDBOX_SEED: text('ratelock', 'Seed of the sandbox: the same seed gives the same drift and faults'),
  SANDBOX_FAULTS: optionalText(
    'Share of sandbox operations that go wrong, such as refuse:0.02,fail:0.05,drop:0.01',
  ),
  PROVIDERS: text(
    'sandbox',
    'Who carries out the legs, such as circle,bridge; ties go to the first. sandbox only plays',
  ),
  SETTLEMENT_WALLETS: optionalText(
    'Our address on each chain where on-ramps deliver USDC, such as base:0x…,solana:…',
  ),
  ...circleEnvironment,
  ...cpnEnvironment,
  ...bridgeEnvironment,
  ...coinbaseEnvironment,
  ...cctpEnvironment,
  POLL_FIRST_SECONDS: integer(
    1,
    3600,
    30,
    'First status poll after a provider accepted, unless it says when to ask',
  ),
  SETTLE_WITHIN_SECONDS: integer(60, 604_800, 7200, 'A payment not settled by then is marked overdue'),
  // A step may call twice, and must be done before its claim on the job expires after 30 s.
  PROVIDER_DEADLINE_MS: integer(10, 12_000, 10_000, 'Longest wait for one provider call'),
  MARKET_DATA: choice(
    ['live', 'sample'],
    'live',
    'sample asks no market source and quotes the built-in sample rates, labelled fallback',
  ),
  FX_URL: sourceUrl('exchangerate_api', 'Exchange rates'),
  FX_CHECK_URL: sourceUrl('frankfurter', 'Exchange rates that check the first'),
  BEACONCHAIN_URL: sourceUrl('beaconchain', 'Gas on Ethereum'),
  BLOCKSCOUT_URL_BASE: sourceUrl('blockscout_base', 'Gas on Base'),
  BLOCKSCOUT_URL_POLYGON: sourceUrl('blockscout_polygon', 'Gas on Polygon'),
  BLOCKSCOUT_URL_ARBITRUM: sourceUrl('blockscout_arbitrum', 'Gas on Arbitrum'),
  SOLANA_RPC_URL: sourceUrl('solana_rpc', 'Fees on Solana'),
  CIRCLE_STATUS_URL: sourceUrl('circle_status', 'State of USDC and of each chain at its issuer'),
  COINGECKO_URL: sourceUrl('coingecko', 'Prices of coins and of USDC'),
  FX_API_KEY: secret('Key for FX_URL, sent as a header'),
  BEACONCHAIN_API_KEY: secret('Key for BEACONCHAIN_URL, sent as a header'),
  BLOCKSCOUT_API_KEY: secret('Key for the three Blockscout URLs, sent as a header'),
  COINGECKO_API_KEY: secret('Key for COINGECKO_URL, sent as a header'),
  MARKET_DEADLINE_MS: integer(100, 60_000, 5_000, 'Longest wait for one market source'),
  FX_TOLERANCE_BPS: integer(
    1,
    10_000,
    100,
    'The two exchange rate sources may differ by this; beyond it they are doubted',
  ),
  USDC_TOLERANCE_BPS: integer(
    1,
    10_000,
    50,
    'USDC may be this far from one dollar; beyond it rates are doubted',
  ),
  FX_DOUBT: choice(
    ['buffer', 'refuse'],
    'buffer',
    'What a quote does with a doubted rate: lower it by FX_DOUBT_BUFFER_BPS and say so, or answer RATE_UNAVAILABLE',
  ),
  FX_DOUBT_BUFFER_BPS: integer(0, 2_000, 100, 'Hundredths of a percent taken off a doubted rate'),
  LOCK_BUFFER_DEFAULT_BPS: integer(
    0,
    2_000,
    0,
    'Hundredths of a percent taken off every locked rate while too little of the market has been recorded',
  ),
  LOCK_BUFFER_MIN_BPS: integer(0, 2_000, 0, 'Least that the measured price of a lock takes off a rate'),
  LOCK_BUFFER_MAX_BPS: integer(0, 2_000, 100, 'Most that the measured price of a lock takes off a rate'),
  ANTHROPIC_API_KEY: secret('Key of the model that advises on fees; unset leaves them to the rules'),
  ANTHROPIC_BASE_URL: Type.Optional(
    Type.String({ format: 'http-url', description: 'Where the model is asked, unless at Anthropic' }),
  ),
  ANTHROPIC_MODEL: text('claude-haiku-5-5', 'The model that advises on fees'),
  ANTHROPIC_DEADLINE_MS: integer(100, 60_000, 4_000, 'Longest wait for the model; then the rules decide'),
  ANTHROPIC_CALLS_PER_MINUTE: integer(
    0,
    10_000,
    30,
    'Most calls of the model in a minute by each process, at most half of them for one account; then the rules decide',
  ),
  SHUTDOWN_DRAIN_MS: integer(
    0,
    120_000,
    0,
    'How long requests are served as before after SIGTERM, while /readyz says 503, so that a load balancer can notice',
  ),
  SHUTDOWN_GRACE_MS: integer(0, 120_000, 10_000, 'How long requests, and then jobs, may finish after that'),
})
