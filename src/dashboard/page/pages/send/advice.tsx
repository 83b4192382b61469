import type { FeeAnswer } from '../../../../fees/model.ts'
import { percent, usd, words } from '../../lib/format.ts'
import type { Loaded } from '../../lib/load.ts'
import { money } from '../../lib/money.ts'
import { Badge } from '../../parts/badge.tsx'
import { Panel } from '../../parts/panel.tsx'
import { LoadedView } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

const SOURCES: Record<FeeAnswer['source'], string> = {
  claude: 'Claude chose',
  cache: 'Claude chose, a moment ago for the same question',
  rules: 'The rules chose alone',
}

interface AdviceProps {
  advice: Loaded<FeeAnswer>
  /** Whether the quote that is shown was made of this advice. */
  locked: boolean
  busy: boolean
  onLock(recommendationId: string): void
}

const Chosen = ({ answer }: { answer: FeeAnswer }) => {
  const { recommended_provider: chosen } = answer
  return (
    <>
      <p class="choice">
        <strong>{words(chosen.chain)}</strong> by {chosen.onramp} and {chosen.offramp}, settled in{' '}
        {answer.estimated_settlement_time}
      </p>
      {/* A model's text: shown as text and never as anything else. */}
      <blockquote>{chosen.reasoning}</blockquote>
      <p>
        {SOURCES[answer.source]}
        {answer.fallback_reason !== null && ` (${words(answer.fallback_reason).toLowerCase()})`}. Confidence{' '}
        {percent(answer.confidence_score)}.
      </p>
      <meter min={0} max={1} value={answer.confidence_score} aria-label="Confidence">
        {percent(answer.confidence_score)}
      </meter>
      {answer.risk_factors.length > 0 && (
        <>
          <h3>What it minds</h3>
          <ul class="risks">
            {answer.risk_factors.map((factor) => (
              <li key={factor}>{factor}</li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

/** What the fee engine recommends for the same money, beside the quote. */
export const Advice = ({ advice, locked, busy, onLock }: AdviceProps) => (
  <Panel title="The fee engine’s advice">
    <LoadedView of={advice} what="the advice">
      {(answer) => (
        <>
          <Chosen answer={answer} />
          <Table
            label="Chains compared"
            rows={answer.candidates}
            keyOf={({ chain }) => chain}
            columns={[
              { title: 'Chain', cell: ({ chain }) => words(chain) },
              { title: 'Gas', right: true, cell: ({ gas_usd }) => usd(gas_usd) },
              { title: 'All fees', right: true, cell: ({ total_fee }) => money(total_fee, answer.currency) },
              { title: 'Settles in', cell: ({ settlement_time }) => settlement_time },
              { title: 'Score', right: true, cell: ({ score }) => score },
              {
                title: 'May be used',
                cell: ({ eligible, reason }) => (
                  <>
                    <Badge of={eligible ? 'eligible' : 'excluded'} text={eligible ? 'Yes' : 'No'} /> {reason}
                  </>
                ),
              },
            ]}
          />
          <p>
            Fees by this advice: <strong>{money(answer.total_fee, answer.currency)}</strong>
          </p>
          <button type="button" disabled={busy || locked} onClick={() => onLock(answer.recommendation_id)}>
            {locked ? 'The quote has this route and these fees' : 'Quote with this route and these fees'}
          </button>
        </>
      )}
    </LoadedView>
  </Panel>
)
