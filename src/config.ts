import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { isLoopback } from './core/loopback.ts'
import { oneOf } from './core/schema.ts'
import { parseFaults } from './providers/sandbox/faults.ts'

const integer = (min: number, max: number, value: number, description: string) =>
  Type.Integer({ minimum: min, maximum: max, default: value, description })

const choice = <const T extends string>(values: readonly T[], value: T, description: string) =>
  oneOf(values, { default: value, description })

const text = (value: string, description: string) =>
  Type.String({ minLength: 1, default: value, description })

const optionalText = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** Every environment variable that the program reads. */
export const Environment = Type.Object({
  PORT: integer(0, 65_535, 3000, 'Port of the HTTP server; 0 picks a free one'),
  HOST: text('127.0.0.1', 'Address that the HTTP server binds'),
  ROLE: choice(['api', 'worker', 'all'], 'all', 'Which part of the program this process runs'),
  NODE_ENV: choice(['development', 'production', 'test'], 'development', 'production turns open access off'),
  DATA_DIR: text('.data', 'Where the embedded PostgreSQL keeps its files'),
  DATABASE_URL: optionalText('PostgreSQL to use; unset starts the embedded one'),
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
  POLL_FIRST_SECONDS: integer(
    1,
    3600,
    30,
    'First status poll after a provider accepted, unless it says when to ask',
  ),
  SETTLE_WITHIN_SECONDS: integer(60, 604_800, 7200, 'A payment not settled by then is marked overdue'),
  // A step may call twice, and must be done before its claim on the job expires after 30 s.
  PROVIDER_DEADLINE_MS: integer(10, 12_000, 10_000, 'Longest wait for one provider call'),
  SHUTDOWN_GRACE_MS: integer(0, 120_000, 10_000, 'How long requests and jobs may finish after SIGTERM'),
})

type Env = Static<typeof Environment>

export interface Config extends Omit<Env, 'DATABASE_URL' | 'AUTH_MODE' | 'SANDBOX_FAULTS'> {
  DATABASE_URL: string | undefined
  AUTH_MODE: 'open' | 'required'
  SANDBOX_FAULTS: string
}

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

const conflicts = (config: Config): string[] => {
  if (config.AUTH_MODE === 'required') return []
  const open = 'AUTH_MODE=open lets everyone in and is refused'
  return [
    ...(config.DATABASE_URL ? [`${open} with DATABASE_URL: set AUTH_MODE=required`] : []),
    ...(isLoopback(config.HOST)
      ? []
      : [`${open} on HOST=${config.HOST}: bind 127.0.0.1 or set AUTH_MODE=required`]),
    ...(config.NODE_ENV === 'production' ? [`${open} in production: set AUTH_MODE=required`] : []),
  ]
}

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
  const config: Config = {
    ...env,
    DATABASE_URL: given.DATABASE_URL,
    AUTH_MODE:
      given.AUTH_MODE === undefined
        ? given.DATABASE_URL
          ? 'required'
          : 'open'
        : (given.AUTH_MODE as 'open'),
    SANDBOX_FAULTS: given.SANDBOX_FAULTS ?? '',
  }
  const refused = conflicts(config)
  if (config.DATABASE_URL && !isPostgresUrl(config.DATABASE_URL))
    refused.push('DATABASE_URL must be a URL that starts with postgres:// or postgresql://')
  try {
    parseFaults(config.SANDBOX_FAULTS)
  } catch (error) {
    refused.push((error as Error).message)
  }
  if (refused.length > 0) throw new ConfigError(refused)
  return config
}
