import type { Payment } from '../../../../payments/model.ts'
import { isTerminal, STATUSES, type Status } from '../../../../payments/transitions.ts'
import { clockTime, dateTime, duration, words } from '../../lib/format.ts'
import { useNow } from '../../lib/now.ts'

/** The way of a payment that goes well. */
const WAY = STATUSES.slice(0, STATUSES.indexOf('COMPLETED') + 1)

const ahead = (status: Status): readonly Status[] => {
  if (status === 'REFUND_PENDING') return ['REFUNDED']
  return isTerminal(status) ? [] : WAY.slice(WAY.indexOf(status) + 1)
}

const msBetween = (from: string, to: string | number) => new Date(to).getTime() - new Date(from).getTime()

/** The states that the payment has been in, with what each took, and those that lie ahead. */
export const Timeline = ({ payment }: { payment: Payment }) => {
  const { state_history: history, status } = payment
  const live = !isTerminal(status)
  const now = useNow(live ? 1_000 : null)
  return (
    <ol class="timeline">
      {history.map((entry, index) => {
        const next = history[index + 1]
        const isLast = next === undefined
        const took = isLast
          ? live
            ? msBetween(entry.timestamp, now)
            : null
          : msBetween(entry.timestamp, next.timestamp)
        return (
          <li
            key={entry.sequence}
            class={isLast ? `now ${entry.to_status}` : 'past'}
            aria-current={isLast ? 'step' : undefined}
          >
            <p>
              <strong>{words(entry.to_status)}</strong>{' '}
              <time dateTime={entry.timestamp} title={dateTime(entry.timestamp)}>
                {clockTime(entry.timestamp)}
              </time>
              {took !== null && (
                <span class="quiet"> · {isLast ? `for ${duration(took)}` : `took ${duration(took)}`}</span>
              )}
            </p>
            <p class="quiet">{entry.message}</p>
          </li>
        )
      })}
      {ahead(status).map((each) => (
        <li key={each} class="ahead">
          <p>{words(each)}</p>
        </li>
      ))}
    </ol>
  )
}
