import { words } from '../lib/format.ts'

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'plain'

/** The mark stands beside the colour, for those who cannot tell colours apart. */
const MARKS: Record<Tone, string> = { good: '✓', bad: '✕', warn: '!', busy: '•', plain: '–' }

const STATES: Record<Tone, readonly string[]> = {
  good: ['COMPLETED', 'done', 'delivered', 'live', 'operational', 'closed', 'enabled', 'eligible'],
  bad: [
    'FAILED',
    'returned',
    'overdue',
    'needs_review',
    'refused',
    'dead',
    'fallback',
    'outage',
    'open',
    'disabled',
  ],
  warn: ['REFUNDED', 'REFUND_PENDING', 'provider_unknown', 'cached', 'degraded', 'half_open'],
  busy: [
    'PENDING',
    'ONRAMP_PENDING',
    'ONRAMP_COMPLETE',
    'OFFRAMP_PENDING',
    'submitted',
    'accepted',
    'pending',
  ],
  plain: ['CANCELLED', 'dropped', 'unknown', 'excluded'],
}

const toneOf = (state: string): Tone =>
  (Object.keys(STATES) as Tone[]).find((tone) => STATES[tone].includes(state)) ?? 'plain'

/** A state as a word with a mark and a colour. */
export const Badge = ({ of, text }: { of: string; text?: string }) => {
  const tone = toneOf(of)
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {text ?? words(of)}
    </span>
  )
}
