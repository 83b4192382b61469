import { words } from '../lib/format.ts'

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'plain'

/** The mark stands beside the colour, for those who cannot tell colours apart. */
const MARKS: Record<Tone, string> = { good: '✓', bad: '✕', warn: '!', busy: '•', plain: '–' }

const TONES: Record<string, Tone> = {
  ...{ COMPLETED: 'good', FAILED: 'bad', CANCELLED: 'plain', REFUNDED: 'warn', REFUND_PENDING: 'warn' },
  ...{ PENDING: 'busy', ONRAMP_PENDING: 'busy', ONRAMP_COMPLETE: 'busy', OFFRAMP_PENDING: 'busy' },
  ...{ provider_unknown: 'warn', overdue: 'bad', needs_review: 'bad' },
  ...{ done: 'good', refused: 'bad', submitted: 'busy', accepted: 'busy' },
  ...{ delivered: 'good', dead: 'bad', pending: 'busy', dropped: 'plain' },
  ...{ live: 'good', cached: 'warn', fallback: 'bad' },
  ...{ operational: 'good', degraded: 'warn', outage: 'bad', unknown: 'plain' },
  ...{ closed: 'good', open: 'bad', half_open: 'warn' },
  ...{ enabled: 'good', disabled: 'bad', eligible: 'good', excluded: 'plain' },
}

/** A state as a word with a mark and a colour. */
export const Badge = ({ of, text }: { of: string; text?: string }) => {
  const tone = TONES[of] ?? 'plain'
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {text ?? words(of)}
    </span>
  )
}
