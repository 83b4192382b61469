import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { strict } from '../core/schema.ts'

const Health = strict({ status: Type.Literal('ok') }, { title: 'Health' })
const Readiness = strict(
  {
    status: Type.Union([Type.Literal('ready'), Type.Literal('unavailable')]),
    checks: Type.Record(Type.String(), Type.Boolean()),
  },
  { title: 'Readiness' },
)

/** Liveness, which is only about this process, and readiness, which is about what it needs. */
export const healthRoutes = (checks: { ready(): Promise<Record<string, boolean>> }) =>
  new Elysia({ name: 'http.health', tags: ['Health'] })
    .get('/healthz', () => ({ status: 'ok' as const }), {
      response: { 200: Health },
      detail: { operationId: 'getHealth', summary: 'Is the process alive?' },
    })
    .get(
      '/readyz',
      async ({ set }) => {
        const results = await checks.ready().catch(() => undefined)
        const ready = results !== undefined && Object.values(results).every(Boolean)
        if (!ready) set.status = 503
        return { status: ready ? ('ready' as const) : ('unavailable' as const), checks: results ?? {} }
      },
      {
        response: { 200: Readiness, 503: Readiness },
        detail: { operationId: 'getReadiness', summary: 'Can the process serve requests?' },
      },
    )
