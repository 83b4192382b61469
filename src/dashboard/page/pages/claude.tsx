import { useMemo, useState } from 'preact/hooks'
import type { ClaudeUse } from '../../../operations/model.ts'
import { count, dayTime, duration, percent, usd, words } from '../lib/format.ts'
import { useLoad } from '../lib/load.ts'
import { Chart } from '../parts/chart.tsx'
import { Facts, Figures, Panel } from '../parts/panel.tsx'
import { Empty, LoadedView } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'

const EVERY_MS = 10_000
const SPANS = [1, 24, 168] as const

const share = (value: number | null): string => (value === null ? '–' : percent(value))

const ByHour = ({ hours }: { hours: ClaudeUse['by_hour'] }) => {
  const { at, series } = useMemo(
    () => ({
      at: hours.map(({ hour }) => Date.parse(hour) / 1000),
      series: [
        { label: 'Calls', colour: 'accent', kind: 'bars' as const, values: hours.map(({ calls }) => calls) },
        {
          label: 'Answered from cache',
          colour: 'blue',
          kind: 'line' as const,
          values: hours.map(({ recommendations }) => recommendations.cache),
        },
        {
          label: 'By the rules',
          colour: 'amber',
          kind: 'line' as const,
          values: hours.map(({ recommendations }) => recommendations.rules),
        },
      ],
    }),
    [hours],
  )
  return (
    <Chart
      label="Calls of Claude, cached answers and decisions of the rules by hour"
      at={at}
      series={series}
      format={(value) => count(value)}
      instant={(seconds) => dayTime(seconds * 1000)}
    />
  )
}

const Report = ({ report }: { report: ClaudeUse }) => {
  const { recommendations, tokens, latency_ms } = report
  return (
    <>
      <Panel title="In all">
        <Figures
          of={[
            ['Calls', count(report.calls)],
            ['Cost', usd(report.cost_usd)],
            ['Answers from cache', share(report.answer_cache_hit_rate)],
            ['Decided by the rules', count(recommendations.rules)],
          ]}
        />
        <Facts
          of={[
            ['Calls that gave a choice', count(report.choices)],
            ['Recommendations of a call', count(recommendations.claude)],
            ['Recommendations from cache', count(recommendations.cache)],
            ...(report.unpriced_calls === 0
              ? []
              : [['Calls without a known price, not in the cost', count(report.unpriced_calls)] as const]),
            ['Tokens in', count(tokens.input)],
            ['Tokens out', count(tokens.output)],
            [
              'Tokens from the prompt’s cache',
              `${count(tokens.cache_read)} (${share(report.prompt_cache_hit_rate)})`,
            ],
            [
              'Latency, median and 95th',
              latency_ms === null ? '–' : `${count(latency_ms.p50)} ms, ${count(latency_ms.p95)} ms`,
            ],
          ]}
        />
      </Panel>
      <Panel title="By hour">
        <ByHour hours={report.by_hour} />
      </Panel>
      <Panel title="Why the rules decided">
        {report.fallbacks.length === 0 ? (
          <Empty title="They never had to" />
        ) : (
          <Table
            label="Fallbacks by reason"
            rows={report.fallbacks}
            keyOf={({ reason }) => reason}
            columns={[
              { title: 'Reason', cell: ({ reason }) => words(reason) },
              { title: 'Times', right: true, cell: (row) => count(row.count) },
            ]}
          />
        )}
      </Panel>
    </>
  )
}

/** What the model was asked, what it cost, and how often it was not needed. */
export const ClaudePage = () => {
  const [hours, setHours] = useState<number>(24)
  const report = useLoad<ClaudeUse>(`/operations/claude?hours=${hours}`, { everyMs: EVERY_MS })
  return (
    <div class="stack">
      <label class="inline">
        Within
        <select value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
          {SPANS.map((span) => (
            <option key={span} value={span}>
              {duration(span * 3_600_000)}
            </option>
          ))}
        </select>
      </label>
      <LoadedView of={report} what="what Claude did">
        {(found) => <Report report={found} />}
      </LoadedView>
    </div>
  )
}
