import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig } from '../../config.ts'

type Env = Record<string, string | undefined>

const USAGE = 'usage: bun run dashboard:seed [--payments <30 to 5000>] [--seed <letters, digits and dashes>]'
const LEAST_PAYMENTS = 30
const MOST_PAYMENTS = 5_000

/** What is wished for on the command line. */
export interface Wanted {
  payments: number
  seed: string
}

/** Reads the command line. Throws ConfigError with the usage. */
export const readArguments = (args: readonly string[]): Wanted => {
  try {
    const options = {
      payments: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
    } as const
    const { values } = parseArgs({ args: [...args], options })
    const payments = /^\d{1,4}$/.test(values.payments) ? Number(values.payments) : 0
    if (payments >= LEAST_PAYMENTS && payments <= MOST_PAYMENTS && /^[\w-]{1,40}$/.test(values.seed))
      return { payments, seed: values.seed }
  } catch {
    // An option that does not exist; the usage says which do.
  }
  throw new ConfigError([USAGE])
}

/** Where this must not run, a line for each reason. */
const refusals = (env: Env): string[] => [
  ...(env.NODE_ENV?.trim() === 'production' ? ['NODE_ENV is production: a sample has no place there'] : []),
  ...(env.DATABASE_URL?.trim()
    ? ['DATABASE_URL is set: the sample goes into the embedded database alone; leave DATABASE_URL out']
    : []),
  ...(/^(sandbox)?$/.test(env.PROVIDERS?.trim() ?? '')
    ? []
    : ['PROVIDERS names providers that the sample’s payments are not made with: leave it out']),
]

/** Where the embedded database is. Throws ConfigError where the sample must not go. */
export const dataDirOf = (env: Env): string => {
  const lines = refusals(env)
  if (lines.length > 0) throw new ConfigError(lines)
  return loadConfig({ DATA_DIR: env.DATA_DIR }).DATA_DIR
}

/**
 * How the service is set that lives the days: as a new one is, whatever the environment says, but for a market and a
 * model that are played, and for a few faults.
 */
export const livedConfig = (model: { url: string; key: string }): Config =>
  loadConfig({
    MARKET_DATA: 'sample',
    SANDBOX_FAULTS: 'refuse:0.02,fail:0.006,drop:0.006,slow:0.008,busy:0.006',
    ANTHROPIC_API_KEY: model.key,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_DEADLINE_MS: '10000',
    LOG_LEVEL: 'silent',
  })
