import { type Static, Type } from '@sinclair/typebox'
import { t } from 'elysia'
import { Nullable, strict, Timestamp } from '../core/schema.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Share = (description: string) => Nullable(Type.Number({ minimum: 0, maximum: 1, description }))

const QueueState = strict({
  name: Type.String(),
  queued: Count('Jobs that wait to be fetched, due or not'),
  ready: Count('Of them those that are due now'),
  active: Count('Jobs that a worker has fetched and not yet settled'),
  failed: Count('Jobs that failed for good and are still kept'),
  oldest_ready_seconds: Nullable(
    Type.Number({ minimum: 0, description: 'How long the oldest job that is due has been so' }),
  ),
  completed_last_minute: Count('Jobs that were completed'),
  failed_last_hour: Count(
    'Jobs that failed for good: where there is a dead letter queue those that went there, else those that are still kept',
  ),
  dead_letter: Nullable(Type.String({ description: 'The queue that takes what failed for good' })),
  capped: Type.Boolean({ description: 'Whether a count has stopped at 100000, and there may be more' }),
})

export const QueueList = strict(
  { at: Timestamp, data: Type.Array(QueueState) },
  {
    title: 'QueueList',
    examples: [
      {
        at: '2026-11-23T12:00:00.000Z',
        data: [
          {
            name: 'payment',
            queued: 412,
            ready: 3,
            active: 17,
            failed: 0,
            oldest_ready_seconds: 0.214,
            completed_last_minute: 1_204,
            failed_last_hour: 0,
            dead_letter: 'payment_dead',
            capped: false,
          },
        ],
      },
    ],
  },
)

/** How many hours back the use of the model is told, unless the caller says. */
export const DEFAULT_HOURS = 24

export const ClaudeQuery = strict({
  hours: t.Optional(
    t.Numeric({
      minimum: 1,
      maximum: 168,
      multipleOf: 1,
      default: DEFAULT_HOURS,
      description: 'Hours of the clock back, this one included',
    }),
  ),
})

const Decisions = strict(
  {
    claude: Count('The model was asked for it'),
    cache: Count('The model had answered the same question a moment before'),
    rules: Count('The rules alone decided'),
  },
  { description: 'Recommendations by who decided' },
)

const Usd = Type.String({ description: 'US dollars, an exact decimal' })

export const ClaudeUse = strict(
  {
    hours: Type.Integer({ minimum: 1 }),
    calls: Count('Calls of the model'),
    choices: Count('Calls whose answer could be used'),
    cost_usd: Usd,
    unpriced_calls: Count('Calls of a model whose price is not known, which cost_usd lacks'),
    tokens: strict({
      input: Count('Read anew'),
      output: Count('Written'),
      cache_read: Count('Read from the prompt cache'),
      cache_write: Count('Written to the prompt cache'),
    }),
    prompt_cache_hit_rate: Share(
      'cache_read of all tokens that were read or written to the prompt cache; null without any',
    ),
    recommendations: Decisions,
    answer_cache_hit_rate: Share('cache of claude and cache; null without any'),
    fallbacks: Type.Array(
      strict({
        reason: Type.String({ description: 'As in fallback_reason' }),
        count: Count('Recommendations'),
      }),
      {
        description: 'Why the rules decided, the most frequent first',
      },
    ),
    latency_ms: Nullable(
      strict(
        { p50: Count('Half of the calls were as fast'), p95: Count('95 of 100 were') },
        { description: 'Of all calls, failed ones too; null without one' },
      ),
    ),
    by_hour: Type.Array(
      strict({
        hour: Type.String({ format: 'date-time', description: 'Its beginning' }),
        calls: Count('Calls of the model'),
        cost_usd: Usd,
        recommendations: Decisions,
      }),
      { description: 'Oldest first, hours without anything included; they sum up to the totals' },
    ),
  },
  {
    title: 'ClaudeUse',
    examples: [
      {
        hours: 2,
        calls: 15,
        choices: 14,
        cost_usd: '0.00371225',
        unpriced_calls: 0,
        tokens: { input: 9_480, output: 2_715, cache_read: 38_400, cache_write: 2_560 },
        prompt_cache_hit_rate: 0.7613,
        recommendations: { claude: 14, cache: 985, rules: 1 },
        answer_cache_hit_rate: 0.986,
        fallbacks: [{ reason: 'deadline', count: 1 }],
        latency_ms: { p50: 812, p95: 1_940 },
        by_hour: [
          {
            hour: '2026-11-23T11:00:00.000Z',
            calls: 15,
            cost_usd: '0.00371225',
            recommendations: { claude: 14, cache: 985, rules: 1 },
          },
          {
            hour: '2026-11-23T12:00:00.000Z',
            calls: 0,
            cost_usd: '0',
            recommendations: { claude: 0, cache: 0, rules: 0 },
          },
        ],
      },
    ],
  },
)

export type QueueList = Static<typeof QueueList>
export type ClaudeQuery = Static<typeof ClaudeQuery>
export type ClaudeUse = Static<typeof ClaudeUse>
