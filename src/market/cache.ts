import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Readings } from './readings.ts'
import type { Source, SourceError, SourceFailure, SourceName } from './source.ts'
import type { Stored } from './store.ts'
import { REFRESH_AFTER_MS, restMs } from './timing.ts'

/** What this process knows of one source, besides its last good value. */
export interface Entry {
  readonly source: Source
  /** Of the request, so that what another one answered is not taken for its answer; secrets are in headers alone. */
  readonly asked: string
  /** Epoch milliseconds from which it makes sense to ask again. */
  dueAt: number
  /** `stored_at` of the stored reading that was seen last; null before the first. */
  seen: number | null
  /** Whether that one was in the shape of this version of the program. */
  readable: boolean
  /** Failures since the last good answer, among all processes, and the reason of the last one. */
  failures: number
  failure: SourceFailure | null
  /** Epoch milliseconds at which the source will be switched off, once that has been logged. */
  endsAt: number | null
}

const Ending = Type.Object({ ends_at: Type.Integer() })
/** What is stored beside a value: the request that it answers. */
const Asked = Type.Object({ asked: Type.String() })

const askedOf = ({ request: { method, url, body = '' } }: Source): string =>
  new Bun.CryptoHasher('sha256').update(JSON.stringify([method, url, body])).digest('hex')

const entryOf = (source: Source): Entry => ({
  source,
  asked: askedOf(source),
  dueAt: 0,
  seen: null,
  readable: true,
  failures: 0,
  failure: null,
  endsAt: null,
})

/** The last good value of each of the sources and of no others, in memory. */
export const createCache = (sources: readonly Source[], clock: Clock, log: Logger) => {
  // Replaced with every new value and never changed, so that whoever holds it can tell whether it is still the last.
  let readings: Readings = {}

  const keep = (entry: Entry, value: unknown, fetchedAt: number): void => {
    const { name } = entry.source
    readings = { ...readings, [name]: { value, fetchedAt } }
    if (!Value.Check(Ending, value) || value.ends_at === entry.endsAt) return
    entry.endsAt = value.ends_at
    log.warn({ source: name, ends_at_ms: value.ends_at }, 'a market source will be switched off')
  }

  return {
    entries: new Map(sources.map((source): [SourceName, Entry] => [source.name, entryOf(source)])),

    /** The last good value of each source; another object as soon as there is another value. */
    readings: (): Readings => readings,

    /** Takes over what is stored, unless it is older than what is known, or another request's, or in another shape. */
    adopt: (entry: Entry, stored: Stored): void => {
      const { name, value: shape } = entry.source
      entry.failures = stored.failures
      entry.failure = stored.failure
      const { value: found } = stored
      if (found === null || stored.age_ms === null) return
      entry.seen = stored.stored_at
      entry.readable = false
      if (!Value.Check(Asked, found) || found.asked !== entry.asked || !Value.Check(shape, found)) {
        log.warn({ source: name }, 'a stored market reading is of another request or shape and is not used')
        return
      }
      entry.readable = true
      const { asked: _request, ...value } = found
      const fetchedAt = clock.now() - stored.age_ms
      if (fetchedAt > (readings[name]?.fetchedAt ?? Number.NEGATIVE_INFINITY)) keep(entry, value, fetchedAt)
    },

    /** Keeps a value that the source has just given. */
    succeed: (entry: Entry, value: unknown): void => {
      const now = clock.now()
      keep(entry, value, now)
      const { failures, source } = entry
      if (failures > 0) log.info({ source: source.name, failures }, 'a market source is back')
      entry.failures = 0
      entry.failure = null
      entry.dueAt = now + REFRESH_AFTER_MS
    },

    /** Notes that the source gave no usable value; answers for how many milliseconds it is left alone. */
    fail: (entry: Entry, { reason, message, retryAfterMs }: SourceError): number => {
      const failures = entry.failures + 1
      const rest_ms = restMs(failures, retryAfterMs)
      entry.failures = failures
      entry.failure = reason
      entry.dueAt = clock.now() + rest_ms
      const level = failures === 1 ? 'warn' : 'debug'
      log[level]({ source: entry.source.name, reason, failures, rest_ms }, `market source: ${message}`)
      return rest_ms
    },
  }
}

export type Cache = ReturnType<typeof createCache>
