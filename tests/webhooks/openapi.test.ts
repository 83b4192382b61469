import { describe, expect, test } from 'bun:test'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { createApp } from '../../src/app.ts'
import { randomIds } from '../../src/core/ids.ts'
import { openAccess } from '../../src/http/auth.ts'
import { webhookRoutes } from '../../src/webhooks/routes.ts'
import type { WebhookService } from '../../src/webhooks/service.ts'
import { memoryLog } from './support.ts'

interface Response {
  content?: Record<string, { examples?: Record<string, { value: unknown }> }>
}
interface Operation {
  operationId?: string
  summary?: string
  responses: Record<string, Response>
}

// The document is made from the declarations alone.
const service = {} as WebhookService
const app = createApp({
  ids: randomIds,
  log: memoryLog().log,
  authenticate: openAccess('demo'),
  version: '1.2.3',
  ready: async () => ({}),
  routes: [webhookRoutes(service)],
})
const document = await (await app.handle(new Request('http://localhost/openapi.json'))).json()
const operations = Object.entries<Record<string, Operation>>(document.paths)
  .filter(([path]) => path.startsWith('/webhooks'))
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [method, path, operation] as const),
  )

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addSchema(document, 'api')
const pointer = (path: string) => path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')

describe('the documentation of webhooks', () => {
  test('has every operation', () => {
    expect(operations.map(([method, path]) => `${method} ${path}`).sort()).toEqual([
      'delete /webhooks/endpoints/{id}',
      'get /webhooks/dead-letters',
      'get /webhooks/deliveries',
      'get /webhooks/deliveries/{id}',
      'get /webhooks/endpoints',
      'get /webhooks/endpoints/{id}',
      'get /webhooks/events',
      'get /webhooks/events/{id}',
      'patch /webhooks/endpoints/{id}',
      'post /webhooks/dead-letters/redrive',
      'post /webhooks/deliveries/{id}/redeliver',
      'post /webhooks/endpoints',
      'post /webhooks/endpoints/{id}/rotate-secret',
      'post /webhooks/endpoints/{id}/test',
    ])
  })

  test.each(operations)(
    '%s %s has an example of each answer that fits its schema',
    (method, path, operation) => {
      expect(operation.operationId).toMatch(/^[a-z][a-zA-Z]+$/)
      expect(operation.summary).toMatch(/^.{10,}$/)
      const successes = Object.entries(operation.responses).filter(([status]) => /^2/.test(status))
      expect(successes).toHaveLength(1)
      for (const [status, { content }] of successes) {
        if (status === '204') continue
        const examples = Object.values(content?.['application/json']?.examples ?? {})
        expect(examples.length).toBeGreaterThan(0)
        const at = `#/paths/${pointer(path)}/${method}/responses/${status}/content/application~1json/schema`
        const validate = ajv.compile({ $ref: `api${at}` })
        for (const { value } of examples) {
          validate(value)
          expect(validate.errors).toBeNull()
        }
      }
    },
  )
})
