import type { EventType } from '../webhooks/model.ts'
import type { Exception, Status } from './transitions.ts'

const ON_ENTERING: Partial<Record<Status, EventType>> = {
  COMPLETED: 'payment.completed',
  FAILED: 'payment.failed',
  REFUNDED: 'payment.refunded',
}

/** The event that a change announces, or null when a receiver would learn nothing new. */
export const eventTypeOf = (
  before: { status: Status; exception: Exception },
  after: { to: Status; exception: Exception; returned: boolean },
): EventType | null => {
  if (after.returned) return 'payment.returned'
  if (after.to !== before.status) return ON_ENTERING[after.to] ?? 'payment.updated'
  if (after.exception === before.exception) return null
  return after.exception === 'needs_review' ? 'payment.needs_review' : 'payment.updated'
}
