import { createApp } from '../../src/app.ts'
import { AppError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import type { Authenticate, Scope } from '../../src/core/principal.ts'
import { webhookRoutes } from '../../src/webhooks/routes.ts'
import type { WebhookService } from '../../src/webhooks/service.ts'
import { memoryLog } from './support.ts'

/** Keys are `<account> <scopes>`, which lets a test say who is calling. */
export const authenticate: Authenticate = (request) => {
  const [accountId, scopes] = request.headers.get('authorization')?.split(' ') ?? []
  if (!accountId || !scopes) throw new AppError('UNAUTHORIZED', 'this needs an API key')
  return { accountId, scopes: new Set(scopes.split(',') as Scope[]) }
}

export const OWN = 'acc_a read,write'
export const STRANGER = 'acc_b read,write'

/** The webhooks' HTTP API over a service, and what it logged. */
export const apiOf = (service: WebhookService) => {
  const { log, lines } = memoryLog()
  const app = createApp({
    ids: randomIds,
    log,
    authenticate,
    version: '1.2.3',
    ready: async () => ({}),
    routes: [webhookRoutes(service)],
  })
  const call = async (method: string, path: string, body?: unknown, key = OWN) => {
    const response = await app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { authorization: key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : undefined }
  }
  return { app, call, lines }
}

export type Call = ReturnType<typeof apiOf>['call']
export type Answer = Awaited<ReturnType<Call>>

/** All entries of a list, page by page. */
export const walk = async (call: Call, path: string, limit: number, key = OWN) => {
  const seen: Record<string, unknown>[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const separator = path.includes('?') ? '&' : '?'
    const answer: Answer = await call(
      'GET',
      `${path}${separator}limit=${limit}${cursor && `&cursor=${cursor}`}`,
      undefined,
      key,
    )
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`)
    seen.push(...answer.body.data)
    cursor = answer.body.next_cursor
    if (seen.length > 1_000) throw new Error('the pages do not end')
  }
  return seen
}
