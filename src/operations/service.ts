import type { Clock } from '../core/clock.ts'
import { sharedFor } from '../core/sharing.ts'
import type { QueueReading } from '../queue/reading.ts'
import { type ClaudeQuery, type ClaudeUse, DEFAULT_HOURS, type QueueList } from './model.ts'
import type { OperationsStore } from './store.ts'
import { claudeView, queueView } from './view.ts'

/** How long those who ask share one reading: short for what changes by the second, longer for sums over hours. */
const QUEUES_MS = 2_000
const CLAUDE_MS = 10_000

export interface OperationsDeps {
  readQueues(): Promise<QueueReading[]>
  store: OperationsStore
  clock: Clock
}

/** How the whole service is doing, whatever the account. However many ask, the database is asked once in a while. */
export const createOperationsService = ({ readQueues, store, clock }: OperationsDeps) => {
  const queues = sharedFor(QUEUES_MS, clock, async (): Promise<QueueList> => {
    const at = new Date(clock.now()).toISOString()
    return { at, data: (await readQueues()).map(queueView) }
  })
  const claude = sharedFor(CLAUDE_MS, clock, async (hours: number) =>
    claudeView(hours, await store.claude(hours)),
  )
  return {
    /** What every queue holds. */
    queues: (): Promise<QueueList> => queues('all'),

    /** Calls of the model, what they cost, and how often the rules had to decide, by all processes. */
    claude: ({ hours = DEFAULT_HOURS }: ClaudeQuery): Promise<ClaudeUse> => claude(hours),
  }
}

export type OperationsService = ReturnType<typeof createOperationsService>
