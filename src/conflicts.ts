import type { TSchema } from '@sinclair/typebox'
import type { Config } from './config.ts'
import { isLoopback } from './core/loopback.ts'
import { Environment } from './environment.ts'

/** What examples, images and tutorials call a password; whoever finds the port tries these first. */
const GUESSABLE =
  /^(postgres(ql)?|ratelock|pass(word)?|secret|admin|root|user|test|demo|example|default|change[-_ ]?(me|it)|your[-_ ].*|x+|\*+|todo|none|null|undefined|(0?123456789?0?|12345678|123456|12345|1234|123))$/i

const properties: Record<string, TSchema> = Environment.properties

const openAccess = (config: Config): string[] => {
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

const split = ({ ROLE, DATABASE_URL }: Config): string[] =>
  ROLE === 'all' || DATABASE_URL
    ? []
    : [`ROLE=${ROLE} is half of the program, and nobody else reaches the embedded database: set DATABASE_URL`]

const pooling = (config: Config): string[] => {
  const { DATABASE_URL: url, DATABASE_DIRECT_URL: direct, DATABASE_POOLER: pooler } = config
  return [
    ...(pooler === 'transaction' && !direct
      ? [
          'DATABASE_POOLER=transaction lends no connection for long enough to migrate: set DATABASE_DIRECT_URL too',
        ]
      : []),
    ...(direct && !url
      ? ['DATABASE_DIRECT_URL goes past the pooler of DATABASE_URL: set DATABASE_URL too']
      : []),
  ]
}

const guessable = (config: Config): string[] => {
  const database = (['DATABASE_URL', 'DATABASE_DIRECT_URL'] as const).flatMap((name) => {
    const url = config[name] ? URL.parse(config[name]) : null
    return url?.password && (GUESSABLE.test(url.password) || url.password === url.username)
      ? [`${name} has a password that everybody guesses: set one of your own`]
      : []
  })
  const names = Object.keys(properties).filter((name) => properties[name]?.secret === true)
  const filled = names.filter((name) => GUESSABLE.test(String(Reflect.get(config, name) ?? '')))
  return [...database, ...filled.map((name) => `${name} holds a placeholder: set the key, or leave it out`)]
}

/** Settings whose answers decide about money, or that carry a key, asked in clear over a network. */
const clear = (config: Config): string[] =>
  Object.keys(properties).flatMap((name) => {
    const value: unknown = Reflect.get(config, name)
    const url = typeof value === 'string' && value.startsWith('http://') ? URL.parse(value) : null
    return url && !isLoopback(url.hostname)
      ? [`${name} is asked without encryption, which production refuses: set an https:// URL`]
      : []
  })

const production = (config: Config): string[] => {
  if (config.NODE_ENV !== 'production') return []
  const refused = 'is refused in production'
  return [
    ...(config.DATABASE_URL ? [] : [`The embedded database ${refused}: set DATABASE_URL`]),
    ...guessable(config),
    ...clear(config),
    ...(['debug', 'trace'].includes(config.LOG_LEVEL)
      ? [`LOG_LEVEL=${config.LOG_LEVEL} tells too much and ${refused}: set info or less`]
      : []),
    ...(config.MARKET_DATA === 'sample'
      ? [`MARKET_DATA=sample quotes rates that nobody pays and ${refused}: set live`]
      : []),
    ...(config.SANDBOX_FAULTS ? [`SANDBOX_FAULTS makes payments fail and ${refused}: leave it out`] : []),
  ]
}

/** Settings that are fine by themselves and must not meet, one line for each, which says what to set instead. */
export const conflicts = (config: Config): string[] => [
  ...openAccess(config),
  ...split(config),
  ...pooling(config),
  ...production(config),
]
