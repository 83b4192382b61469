import { Type } from '@sinclair/typebox'
import { Elysia, sse } from 'elysia'
import { AppError } from '../../core/errors.ts'
import { strict } from '../../core/schema.ts'
import { authPlugin, isStillAdmitted } from '../../http/auth.ts'
import { ErrorBody } from '../../http/schemas.ts'
import type { PaymentService } from '../service.ts'
import type { AuditEntry } from '../sql/audit.ts'
import { ACCOUNT_STREAM, PAYMENT_STREAM } from './examples.ts'
import type { PaymentFeed } from './feed.ts'
import { MOST_PAYMENTS } from './reader.ts'

/** Digits of the longest id: a version is an integer, and the number of a seal is exact in JSON. */
const VERSION_DIGITS = 9
const SEAL_DIGITS = 15

/** The id of the event that a client has seen last, null without one. */
const lastEventId = (request: Request, digits: number): number | null => {
  const header = request.headers.get('last-event-id')
  if (header === null) return null
  if (/^\d+$/.test(header) && header.length <= digits) return Number(header)
  const message = `must be the id of an event, 1 to ${digits} digits`
  throw new AppError('VALIDATION_ERROR', `the Last-Event-ID header ${message}`, [
    { path: 'last-event-id', message },
  ])
}

/** What the documentation says of a stream, with events as an example. */
const streamed = (lastSeen: string, digits: number, example: string) => ({
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header' as const,
      required: false,
      description: lastSeen,
      schema: { type: 'string' as const, pattern: `^[0-9]{1,${digits}}$` },
    },
  ],
  'x-responses': { 200: { content: { 'text/event-stream': { schema: { type: 'string' }, example } } } },
})

const transitionEvent = ({ version, account_id: _own, ...data }: AuditEntry) => ({
  id: version,
  event: 'transition',
  data: { ...data, sequence: version },
})

/** The streams of payments' changes, as server-sent events. */
export const paymentEventRoutes = (service: Pick<PaymentService, 'get'>, feed: PaymentFeed) =>
  new Elysia({ name: 'payments.events', prefix: '/payments', tags: ['Payments'] })
    .use(authPlugin())
    .get(
      '/events',
      async function* ({ principal, request, server }) {
        const since = lastEventId(request, SEAL_DIGITS)
        // A stream may be silent for longer than the server lets a connection idle.
        server?.timeout(request, 0)
        for await (const events of feed.followAccount(principal.accountId, since, request.signal)) {
          // A key that was revoked meanwhile sees nothing more.
          if (!(await isStillAdmitted(request))) return
          for (const event of events) yield sse(event)
        }
      },
      {
        auth: 'read',
        response: { 400: ErrorBody },
        detail: {
          operationId: 'followPayments',
          summary: 'The changes of all payments as server-sent events, without an end',
          description: `Begins with \`ready\`: whoever then loads the list and follows on misses nothing. Each \`payment\` is the newest state of one that has changed; an older \`sequence\` than one knows is to be left out. \`reload\` says that more than ${MOST_PAYMENTS} have changed, or that nobody can tell any more what has: load the list anew, the stream goes on from there. \`heartbeat\` only says that the stream is alive. With Last-Event-ID it goes on where it was interrupted.`,
          ...streamed(
            'The last id that was seen; what has changed since is sent',
            SEAL_DIGITS,
            ACCOUNT_STREAM,
          ),
        },
      },
    )
    .get(
      '/:id/events',
      async function* ({ principal, params, request, server }) {
        const { accountId } = principal
        const after = lastEventId(request, VERSION_DIGITS) ?? 0
        // Before the first event, because the answer to a payment that is not theirs must be a 404.
        await service.get(accountId, params.id)
        server?.timeout(request, 0)
        for await (const entry of feed.follow(accountId, params.id, after, request.signal)) {
          if (!(await isStillAdmitted(request))) return
          yield entry ? sse(transitionEvent(entry)) : sse({ event: 'heartbeat', data: {} })
        }
      },
      {
        auth: 'read',
        params: strict({ id: Type.String({ description: 'The payment’s UUID' }) }),
        response: { 400: ErrorBody, 404: ErrorBody },
        detail: {
          operationId: 'followPayment',
          summary: 'Its changes as server-sent events, until it ends',
          description: 'Starts with the first change, or after Last-Event-ID.',
          ...streamed(
            'The id of the last event that was seen; only later ones are sent',
            VERSION_DIGITS,
            PAYMENT_STREAM,
          ),
        },
      },
    )
