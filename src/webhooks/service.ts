import type { Ids } from '../core/ids.ts'
import { createDeadLetterService } from './dead-letters/service.ts'
import { createDeliveryService } from './deliveries/service.ts'
import { createEndpointService } from './endpoints/service.ts'
import { createEventService } from './events/service.ts'
import { createDeliver, type DeliveryDeps } from './sending/batch.ts'
import { enqueueOrphans } from './sending/sql/orphans.ts'

export interface WebhookDeps extends Omit<DeliveryDeps, 'deadlineMs' | 'patienceMs'> {
  ids: Ids
  /** Called when deliveries can be attempted at once; without it the workers find them by polling. */
  wake?(): void
  /** Milliseconds for one attempt; 10 s unless told otherwise. */
  deadlineMs?: number
  patienceMs?: number
  /** Most dead letters that one call takes up. */
  redrivenAtOnce?: number
}

const DEADLINE_MS = 10_000
const PATIENCE_MS = 25

/** Manages endpoints, delivers events to them, and shows what became of that. */
export const createWebhookService = (given: WebhookDeps) => {
  const deps = { deadlineMs: DEADLINE_MS, patienceMs: PATIENCE_MS, wake: () => {}, ...given }

  return {
    ...createEndpointService(deps),
    ...createEventService(deps),
    ...createDeliveryService(deps),
    ...createDeadLetterService(deps),

    /** Attempts the deliveries of a batch of jobs and settles those jobs. Throws when that could not be recorded. */
    deliver: createDeliver(deps),

    /** Enqueues at most `limit` pending deliveries that lost their job; answers how many. */
    enqueueOrphans: (limit: number): Promise<number> => enqueueOrphans(deps.database.sql, limit),
  }
}

export type WebhookService = ReturnType<typeof createWebhookService>
