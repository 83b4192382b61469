import { afterAll, describe, expect, test } from 'bun:test'
import { SCOPES, type Scope } from '../../src/core/principal.ts'
import { expectRefused, startApi } from '../api/support.ts'

const api = await startApi()
afterAll(() => api.stop())

/** What each route of the program needs. A new route has to say it here too. */
const NEEDED: Record<string, Scope | 'nothing'> = {
  'GET /healthz': 'nothing',
  'GET /readyz': 'nothing',
  'GET /openapi.json': 'nothing',
  'GET /swagger': 'nothing',
  'GET /swagger/start.js': 'nothing',
  'GET /swagger/swagger-ui-bundle.js': 'nothing',
  'GET /swagger/swagger-ui.css': 'nothing',
  // A provider's own signature lets its message in.
  'POST /providers/:provider/events': 'nothing',
  'GET /providers/:provider/events': 'nothing',
  'GET /metrics': 'admin',
  'POST /fees/calculate': 'write',
  'POST /quotes': 'write',
  'GET /quotes/:id': 'read',
  'POST /payments': 'write',
  'GET /payments': 'read',
  'GET /payments/events': 'read',
  'GET /payments/:id': 'read',
  'GET /payments/:id/events': 'read',
  'GET /payments/:id/ledger': 'read',
  'GET /payments/:id/audit': 'read',
  'POST /payments/:id/cancel': 'write',
  'POST /payments/:id/review': 'admin',
  'GET /treasury/exposure': 'read',
  'GET /treasury/lock-buffer': 'read',
  'GET /market': 'read',
  'GET /providers': 'read',
  'POST /webhooks/endpoints': 'write',
  'GET /webhooks/endpoints': 'read',
  'GET /webhooks/endpoints/:id': 'read',
  'PATCH /webhooks/endpoints/:id': 'write',
  'DELETE /webhooks/endpoints/:id': 'write',
  'POST /webhooks/endpoints/:id/rotate-secret': 'write',
  'POST /webhooks/endpoints/:id/test': 'write',
  'GET /webhooks/events': 'read',
  'GET /webhooks/events/:id': 'read',
  'GET /webhooks/deliveries': 'read',
  'GET /webhooks/deliveries/:id': 'read',
  'POST /webhooks/deliveries/:id/redeliver': 'write',
  'GET /webhooks/dead-letters': 'read',
  'POST /webhooks/dead-letters/redrive': 'write',
  'POST /keys': 'admin',
  'GET /keys': 'admin',
  'GET /keys/:id': 'admin',
  'DELETE /keys/:id': 'admin',
  'POST /keys/:id/rotate': 'admin',
  'GET /operations/queues': 'admin',
  'GET /operations/claude': 'admin',
}

const rows = Object.entries(NEEDED)
const withScope = rows.filter((row): row is [string, Scope] => row[1] !== 'nothing')

/** Asks for a route of nothing that exists, with a body that is empty. */
const ask = (route: string, key: string | null) => {
  const [method = '', path = ''] = route.split(' ')
  const body = ['POST', 'PATCH'].includes(method) ? {} : undefined
  return api.send(method, path.replace(':id', 'x'), { key, ...(body ? { body } : {}) })
}

test('every route says what it needs, here and to the program', () => {
  const routes = api.app.routes.map(({ method, path }) => `${method} ${path.replace(/(.)\/$/, '$1')}`)
  expect(routes.toSorted()).toEqual(rows.map(([route]) => route).toSorted())
})

test('the documentation says the same', async () => {
  const { paths } = (await api.send('GET', '/openapi.json')).body
  for (const [route, needed] of withScope) {
    const [method = '', path = ''] = route.split(' ')
    const { security } = paths[path.replace(':id', '{id}')][method.toLowerCase()]
    expect([route, security]).toEqual([route, [{ apiKey: [needed] }]])
  }
})

describe('no scope implies another', () => {
  test.each(withScope)('%s needs %s and nothing else', async (route, needed) => {
    const only = await ask(route, await api.keyOf('grid', needed))
    expect([401, 403]).not.toContain(only.status)
    const others = SCOPES.filter((scope) => scope !== needed)
    const without = await ask(route, await api.keyOf('grid', ...others))
    expectRefused(without, 'FORBIDDEN')
    expect(without.body.message).toBe(`this needs an API key with the ${needed} scope`)
    expectRefused(await ask(route, null), 'UNAUTHORIZED')
  })

  test.each(rows.filter(([, needed]) => needed === 'nothing'))('%s needs no key', async (route) => {
    expect(route.includes('/providers/') ? [404] : [200]).toContain((await ask(route, null)).status)
  })
})
