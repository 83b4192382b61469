import { Counter, type Registry } from 'prom-client'
import { OF_PROCESS } from '../../telemetry/metrics.ts'
import { FALLBACK_REASONS } from './adviser.ts'
import type { AdviserStats } from './stats.ts'

const PICO = 1e12

/** Registers the use of the model, as `stats` tells whenever the metrics are read. */
export const registerAdviceMetrics = (registry: Registry, stats: () => AdviserStats): void => {
  const counter = (name: string, help: string, read: (stats: AdviserStats) => number) =>
    new Counter({
      name: `ratelock_claude_${name}_total`,
      help: `${help} ${OF_PROCESS}`,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read(stats()))
      },
    })
  const labelled = (
    name: string,
    label: string,
    help: string,
    read: (stats: AdviserStats) => Readonly<Record<string, number>>,
  ) =>
    new Counter({
      name: `ratelock_claude_${name}_total`,
      help: `${help} ${OF_PROCESS}`,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(read(stats()))) this.inc({ [label]: value }, count)
      },
    })

  labelled('calls', 'outcome', 'Calls of the model: choice, or none that could be used.', (now) => ({
    choice: now.choices,
    none: now.calls - now.choices,
  }))
  labelled('tokens', 'kind', 'Tokens of these calls, each counted once.', ({ tokens }) => ({
    input: tokens.input,
    output: tokens.output,
    cache_read: tokens.cacheRead,
    cache_write: tokens.cacheWrite,
  }))
  labelled('fallbacks', 'reason', 'Questions that the rules alone had to answer, by reason.', (now) =>
    Object.fromEntries(FALLBACK_REASONS.map((reason) => [reason, now.fallbacks[reason] ?? 0])),
  )
  counter('shared_answers', 'Questions answered by the call of another.', ({ shared }) => shared)
  counter('call_seconds', 'Seconds of all calls together.', ({ latencyMs }) => latencyMs / 1000)
  counter(
    'cost_usd',
    'US dollars that the calls have cost by list price.',
    (now) => Number(now.costPicoUsd) / PICO,
  )
  counter(
    'unpriced_calls',
    'Calls whose model has no known price, which the cost lacks.',
    (now) => now.unpriced,
  )
}
