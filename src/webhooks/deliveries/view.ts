import { deliveryIds, endpointIds, eventIds } from '../ids.ts'
import type { Delivery, DeliveryWithAttempts } from './model.ts'
import type { AttemptRow, DeliveryRow } from './store.ts'

const timeOrNull = (time: Date | null): string | null => time?.toISOString() ?? null

/** A delivery as a list shows it. */
export const deliveryView = (row: DeliveryRow): Delivery => ({
  id: deliveryIds.show(row.id),
  event_id: eventIds.show(row.eventId),
  event_type: row.type as Delivery['event_type'],
  endpoint_id: endpointIds.show(row.endpointId),
  redelivery_of: row.redeliveryOf === null ? null : deliveryIds.show(row.redeliveryOf),
  status: row.status as Delivery['status'],
  attempts: row.attempts,
  last_http_status: row.lastStatus,
  last_error: row.lastError,
  created_at: row.createdAt.toISOString(),
  last_attempt_at: timeOrNull(row.lastAttemptAt),
  next_attempt_at: timeOrNull(row.nextAttemptAt),
  delivered_at: timeOrNull(row.deliveredAt),
})

const attemptView = (row: AttemptRow): DeliveryWithAttempts['attempt_log'][number] => ({
  attempt: row.attempt,
  at: row.at.toISOString(),
  http_status: row.httpStatus,
  latency_ms: row.latencyMs,
  error: row.error,
  response_excerpt: row.excerpt,
  next_attempt_at: timeOrNull(row.nextAttemptAt),
})

/** A delivery with every attempt. */
export const deliveryDetail = (row: DeliveryRow & { log: readonly AttemptRow[] }): DeliveryWithAttempts => ({
  ...deliveryView(row),
  attempt_log: row.log.map(attemptView),
})
