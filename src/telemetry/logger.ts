import pino from 'pino'
import pretty from 'pino-pretty'

export type Logger = pino.Logger

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'authorization',
  'idempotencykey',
  'secret',
  'secrets',
  'password',
  'apikey',
  'url',
  'databaseurl',
])
const MAX_DEPTH = 5

const isSecret = (key: string) =>
  SECRET_KEYS.has(key) || SECRET_KEYS.has(key.toLowerCase().replace(/[_-]/g, ''))

/**
 * A copy without the values of secret keys, or the same object when there are none. pino's own wildcard paths took
 * 40 us a line for this list, this takes 2.
 */
const redacted = <T extends object>(fields: T, depth = 0): T => {
  let copy: object | undefined
  for (const [key, value] of Object.entries(fields)) {
    const shown = isSecret(key) ? '[redacted]' : isNested(value, depth) ? redacted(value, depth + 1) : value
    if (shown === value) continue
    copy ??= Array.isArray(fields) ? [...fields] : { ...fields }
    Reflect.set(copy, key, shown)
  }
  return (copy ?? fields) as T
}

const isNested = (value: unknown, depth: number): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && depth < MAX_DEPTH

const FLUSH_MS = 1000
const PARAMETERS = /\nparams:[\s\S]*?(?=\n\s+at |$)/g

/** What is known to hold no value of anybody's; PostgreSQL's own `detail` repeats the whole row that it refuses. */
const ERROR_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'name',
  'message',
  'stack',
  'code',
  'severity',
  'schema_name',
  'table_name',
  'column_name',
  'constraint_name',
  'routine',
])

/** Drizzle writes a query's parameters into the error's message; they may be secrets. */
const withoutParameters = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(PARAMETERS, '') : value

const errorSerializer = (error: Error) => {
  const plain = pino.stdSerializers.err(error)
  if (typeof plain !== 'object' || plain === null) return plain
  return Object.fromEntries(
    Object.entries(plain)
      .filter(([field]) => ERROR_FIELDS.has(field))
      .map(([field, value]) => [field, withoutParameters(value)]),
  )
}

const options = (level: string): pino.LoggerOptions => ({
  level,
  base: { service: 'ratelock' },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: {
    level: (label) => ({ level: label }),
    log: (fields) => redacted(fields),
  },
  // The formatter above does not see a child's bindings.
  redact: { paths: [...SECRET_KEYS], censor: '[redacted]' },
  serializers: { err: errorSerializer },
})

/**
 * The process's logger on standard output. JSON lines are buffered up to 4 KiB or a second, so call `flushLogger`
 * before the process ends.
 */
export const createLogger = ({ level, pretty: forPeople }: { level: string; pretty: boolean }): Logger => {
  // A worker transport would not survive `bun build --compile`, so the pretty printer is a plain stream.
  if (forPeople)
    return pino(options(level), pretty({ sync: true, colorize: true, ignore: 'pid,hostname,service' }))
  const destination = pino.destination({ fd: 1, sync: false, minLength: 4096 })
  setInterval(() => destination.flush(), FLUSH_MS).unref()
  return pino(options(level), destination)
}

/** Resolves once everything logged so far is written, or after a second when the output does not take it. */
export const flushLogger = (log: Logger): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_MS)
    log.flush(() => {
      clearTimeout(timer)
      resolve()
    })
  })
