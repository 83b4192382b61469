import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { conflicts } from './conflicts.ts'
import { Environment } from './environment.ts'
import { parseFaults } from './providers/sandbox/faults.ts'
import { parseProviders, parseWallets } from './providers/settings.ts'

type Env = Static<typeof Environment>

/** Beyond what a busy program does: 100 requests a second with one key, all of them costly, are half of it. */
const DEFAULT_LIMITS = {
  RATE_LIMIT_PER_ACCOUNT: 120_000,
  RATE_LIMIT_PER_KEY: 60_000,
  RATE_LIMIT_PER_ADDRESS: 240_000,
}
type LimitName = keyof typeof DEFAULT_LIMITS
const NO_LIMITS: Record<LimitName, number> = {
  RATE_LIMIT_PER_ACCOUNT: 0,
  RATE_LIMIT_PER_KEY: 0,
  RATE_LIMIT_PER_ADDRESS: 0,
}

export type Config = Omit<
  Env,
  'DATABASE_URL' | 'AUTH_MODE' | 'SANDBOX_FAULTS' | 'SETTLEMENT_WALLETS' | LimitName
> & {
  DATABASE_URL: string | undefined
  AUTH_MODE: 'open' | 'required'
  SANDBOX_FAULTS: string
  SETTLEMENT_WALLETS: string
} & Record<LimitName, number>

/** What keeps the program from starting: one readable line for each bad setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'))
  }
}

/** What a setting may be, in words. */
export const allowedBy = (schema: TSchema): string => {
  if (Array.isArray(schema.anyOf))
    return `one of ${schema.anyOf.map((each: TSchema) => each.const).join(', ')}`
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'number') return `a number from ${schema.minimum} to ${schema.maximum}`
  if (schema.format === 'http-url') return 'an http:// or https:// URL'
  if (schema.format === 'address-ranges') return 'a list of address ranges such as 10.0.0.0/8, ::1'
  if (schema.format === 'origins') return 'a list of origins such as https://shop.example'
  if (schema.format === 'source-url') return 'an http:// or https:// URL, or off'
  return 'a non-empty text'
}

const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/

// Not Value.Convert: it reads 3000.5 as 3000, 1e3 as 1 and true as 1, and the program would run with that.
const numbersRead = (given: Record<string, string | undefined>): Record<string, unknown> => {
  const properties: Record<string, TSchema> = Environment.properties
  const isNumeric = (name: string) => ['integer', 'number'].includes(properties[name]?.type)
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      value && isNumeric(name) && PLAIN_NUMBER.test(value) ? Number(value) : value,
    ]),
  )
}

const isPostgresUrl = (url: string): boolean => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url)

/**
 * Parses the environment once. An empty variable counts as unset.
 * Throws ConfigError with a line for each bad variable; no line repeats the value of a URL.
 */
export const loadConfig = (source: Record<string, string | undefined>): Config => {
  const given = Object.fromEntries(
    Object.keys(Environment.properties)
      .map((name) => [name, source[name]?.trim()] as const)
      .filter(([, value]) => value),
  )
  const env = Value.Default(Environment, numbersRead(given)) as Env
  const bad = new Set([...Value.Errors(Environment, env)].map((error) => error.path.slice(1)))
  if (bad.size > 0) {
    const properties: Record<string, TSchema> = Environment.properties
    throw new ConfigError(
      [...bad].map((name) => `${name} must be ${allowedBy(properties[name] ?? Type.Any())}`),
    )
  }
  const authMode = given.AUTH_MODE ?? (given.DATABASE_URL ? 'required' : 'open')
  const config: Config = {
    ...(authMode === 'open' ? NO_LIMITS : DEFAULT_LIMITS),
    ...env,
    DATABASE_URL: given.DATABASE_URL,
    AUTH_MODE: authMode as 'open',
    SANDBOX_FAULTS: given.SANDBOX_FAULTS ?? '',
    SETTLEMENT_WALLETS: given.SETTLEMENT_WALLETS ?? '',
  }
  const refused: string[] = []
  if (config.LOCK_BUFFER_MIN_BPS > config.LOCK_BUFFER_MAX_BPS)
    refused.push('LOCK_BUFFER_MIN_BPS must not be above LOCK_BUFFER_MAX_BPS')
  const unfit = (['DATABASE_URL', 'DATABASE_DIRECT_URL'] as const).filter(
    (name) => config[name] && !isPostgresUrl(config[name]),
  )
  for (const name of unfit)
    refused.push(`${name} must be a URL that starts with postgres:// or postgresql://`)
  if (unfit.length === 0) refused.push(...conflicts(config))
  if (config.NODE_ENV === 'production' && given.PROVIDERS === undefined)
    refused.push('PROVIDERS must be set in production: without it sandboxes play, and no money moves')
  for (const check of [
    () => parseFaults(config.SANDBOX_FAULTS),
    () => parseProviders(config.PROVIDERS),
    () => parseWallets(config.SETTLEMENT_WALLETS),
  ])
    try {
      check()
    } catch (error) {
      refused.push((error as Error).message)
    }
  if (refused.length > 0) throw new ConfigError(refused)
  return config
}
