import { shortestDecimal } from '../core/shortest.ts'
import type { QueueReading } from '../queue/reading.ts'
import type { ClaudeUse, QueueList } from './model.ts'
import type { CallsRow, ClaudeRow, DecisionsRow } from './store.ts'

const HOUR_MS = 3_600_000
/** Decimal places of a pico US dollar. */
const PICO = 12

/** One queue as an operator sees it. */
export const queueView = (reading: QueueReading): QueueList['data'][number] => ({
  name: reading.name,
  queued: reading.queued,
  ready: reading.ready,
  active: reading.active,
  failed: reading.failed,
  oldest_ready_seconds: reading.oldestReadySeconds,
  completed_last_minute: reading.completedLastMinute,
  failed_last_hour: reading.failedLastHour,
  dead_letter: reading.deadLetter,
  capped: reading.capped,
})

type Countable<Row> = { [Key in keyof Row]: Row[Key] extends number ? Key : never }[keyof Row]

const total = <Row>(rows: readonly Row[], of: Countable<Row>): number =>
  rows.reduce((sum, row) => sum + Number(row[of]), 0)

const costOf = (rows: readonly CallsRow[]): string =>
  shortestDecimal(
    rows.reduce((sum, { cost }) => sum + BigInt(cost), 0n),
    PICO,
  )

const decisionsOf = (rows: readonly DecisionsRow[]): ClaudeUse['recommendations'] => {
  const by = (who: DecisionsRow['source']) =>
    total(
      rows.filter(({ source }) => source === who),
      'count',
    )
  return { claude: by('claude'), cache: by('cache'), rules: by('rules') }
}

const fallbacksOf = (rows: readonly DecisionsRow[]): ClaudeUse['fallbacks'] =>
  [...Map.groupBy(rows, ({ reason }) => reason)]
    .flatMap(([reason, some]) => (reason === null ? [] : [{ reason, count: total(some, 'count') }]))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

/** The use of the model in `hours` hours as an operator sees it. */
export const claudeView = (hours: number, { since, calls, latency, decisions }: ClaudeRow): ClaudeUse => {
  const tokens = {
    input: total(calls, 'input'),
    output: total(calls, 'output'),
    cache_read: total(calls, 'cacheRead'),
    cache_write: total(calls, 'cacheWrite'),
  }
  const recommendations = decisionsOf(decisions)
  const { claude, cache } = recommendations
  return {
    hours,
    calls: total(calls, 'calls'),
    choices: total(calls, 'choices'),
    cost_usd: costOf(calls),
    unpriced_calls: total(calls, 'unpriced'),
    tokens,
    prompt_cache_hit_rate: share(tokens.cache_read, tokens.input + tokens.cache_read + tokens.cache_write),
    recommendations,
    answer_cache_hit_rate: share(cache, claude + cache),
    fallbacks: fallbacksOf(decisions),
    latency_ms: latency && { p50: latency[0], p95: latency[1] },
    by_hour: Array.from({ length: hours }, (_, index) => {
      const at = since + index * HOUR_MS
      const called = calls.filter(({ hour }) => hour === at)
      return {
        hour: new Date(at).toISOString(),
        calls: total(called, 'calls'),
        cost_usd: costOf(called),
        recommendations: decisionsOf(decisions.filter(({ hour }) => hour === at)),
      }
    }),
  }
}
