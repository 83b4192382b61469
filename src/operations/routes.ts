import { Elysia } from 'elysia'
import { authPlugin } from '../http/auth.ts'
import { weightPlugin } from '../http/rate-limits.ts'
import { ErrorBody } from '../http/schemas.ts'
import { ClaudeQuery, ClaudeUse, QueueList } from './model.ts'
import type { OperationsService } from './service.ts'

/** GET /operations/queues and /operations/claude. They tell of all accounts, so they need the admin scope. */
export const operationsRoutes = (service: OperationsService) =>
  new Elysia({ name: 'operations', prefix: '/operations', tags: ['Operations'] })
    .use(authPlugin())
    .use(weightPlugin)
    .get('/queues', () => service.queues(), {
      auth: 'admin',
      weight: 5,
      response: { 200: QueueList },
      detail: {
        operationId: 'getQueues',
        summary: 'What waits, runs and has failed in each queue, of all accounts',
        description:
          'Read from the database, at most once in two seconds for all who ask a process. Completed and failed jobs of payment and webhook are kept for five minutes. Counts stop at 100000, and capped says so.',
      },
    })
    .get('/claude', ({ query }) => service.claude(query), {
      auth: 'admin',
      weight: 10,
      query: ClaudeQuery,
      response: { 200: ClaudeUse, 400: ErrorBody },
      detail: {
        operationId: 'getClaudeUse',
        summary: 'Calls of the model, their cost, and who decided the recommendations, of all accounts',
        description:
          'Read from the database, so it tells of all processes and survives their restarts, at most once in ten seconds for all who ask a process for the same hours. Calls are those that were stored. A recommendation that became no quote is deleted a day after it expired, so that of hours before the last 24 only those are counted that a quote has locked.',
      },
    })
