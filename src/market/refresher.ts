import type { Clock } from '../core/clock.ts'
import type { Sql } from '../db/client.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Cache, Entry } from './cache.ts'
import { createShare } from './sharing.ts'
import { type Source, SourceError, type SourceName } from './source.ts'
import { type Claim, claimReadings, failReading, keepReading, loadReadings } from './store.ts'
import { CLAIM_SLACK_MS, DATABASE_REST_MS, LOOK_AGAIN_MS, REFRESH_AFTER_MS } from './timing.ts'

/** Asks a source within the deadline, or rejects with SourceError. `nowMs` judges whether the answer is stale. */
export type FetchSource = (source: Source, options: { deadlineMs: number; nowMs: number }) => Promise<unknown>

export interface RefresherDeps {
  fetch: FetchSource
  sql: Sql
  clock: Clock
  log: Logger
  /** Longest wait for one source, in milliseconds. */
  deadlineMs: number
}

type Claims = ReadonlyMap<SourceName, Claim>

// Without the error's own words, which may repeat the URL.
const brokenBy = ({ name }: Source, error: unknown): SourceError =>
  new SourceError(
    'unexpected_shape',
    `asking ${name} broke with ${error instanceof Error ? error.name : typeof error}`,
  )

/** Keeps a cache fresh, with one request to a source at a time among all processes of a database. */
export const createRefresher = (cache: Cache, { fetch, sql, clock, log, deadlineMs }: RefresherDeps) => {
  const entries = [...cache.entries.values()]
  const running = new Map<SourceName, Promise<void>>()
  const share = createShare(log)

  const claim = async (due: readonly Entry[]): Promise<Claims> => {
    const wanted = due.map(({ source, seen, readable }) => ({ source: source.name, seen, readable }))
    const holdMs = deadlineMs + CLAIM_SLACK_MS
    const claims = await share(() => claimReadings(sql, wanted, holdMs, REFRESH_AFTER_MS))
    return new Map(claims?.map((each) => [each.source, each]))
  }

  const ask = async (entry: Entry): Promise<void> => {
    const { source } = entry
    let value: unknown
    try {
      value = await fetch(source, { deadlineMs, nowMs: clock.now() })
    } catch (error) {
      const failure = error instanceof SourceError ? error : brokenBy(source, error)
      const restMs = cache.fail(entry, failure)
      await share(() => failReading(sql, source.name, failure.reason, restMs))
      return
    }
    cache.succeed(entry, value)
    const storedAt = await share(() => keepReading(sql, source.name, entry.asked, value))
    if (storedAt === null) return
    entry.seen = storedAt
    entry.readable = true
  }

  const refresh = async (entry: Entry, claims: Promise<Claims>): Promise<void> => {
    const found = (await claims).get(entry.source.name)
    if (!found) {
      entry.dueAt = clock.now() + DATABASE_REST_MS
      return
    }
    cache.adopt(entry, found)
    if (found.claimed) return ask(entry)
    // Only now is it known that the stored reading is of no use here, and that its age is no reason to wait.
    const useless = found.value !== null && !entry.readable
    entry.dueAt = clock.now() + Math.max(useless ? 0 : found.wait_ms, LOOK_AGAIN_MS)
  }

  /** Ends when nothing is under way any more. */
  const idle = async (): Promise<void> => {
    await Promise.all(running.values())
  }

  return {
    idle,

    /** Takes over what is stored, so that a restart begins with it. Never throws. */
    warm: async (): Promise<void> => {
      if (entries.length === 0) return
      const stored = await share(() => loadReadings(sql, [...cache.entries.keys()]))
      for (const each of stored ?? []) {
        const entry = cache.entries.get(each.source)
        if (entry) cache.adopt(entry, each)
      }
    },

    /** Asks the sources that are due; each settles by itself, and its value can be read as soon as it is there. */
    refreshDue: async (): Promise<void> => {
      const now = clock.now()
      const due = entries.filter(({ source, dueAt }) => dueAt <= now && !running.has(source.name))
      if (due.length > 0) {
        const claims = claim(due)
        for (const entry of due) {
          const { name } = entry.source
          const work = refresh(entry, claims).finally(() => running.delete(name))
          running.set(name, work)
        }
      }
      await idle()
    },

    /** Milliseconds until something is due, at least a second; infinite without sources. */
    waitMs: (): number => {
      const now = clock.now()
      const waits = entries.map(({ source, dueAt }) => (running.has(source.name) ? 0 : dueAt - now))
      return Math.max(LOOK_AGAIN_MS, Math.min(...waits))
    },
  }
}
