import { describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { sampleApp, TRANSFER } from './sample.ts'

const read = async () => (await sampleApp().send('GET', '/openapi.json')).body

describe('the document tells the truth about the API', () => {
  test('it is valid OpenAPI 3.1', async () => {
    const document = await read()
    const validator = new Validator()
    expect(await validator.validate(document)).toEqual({ valid: true })
    expect([validator.version, document.info.version]).toEqual(['3.1', '1.2.3'])
  })

  test('it lists the public routes and nothing internal', async () => {
    expect(Object.keys((await read()).paths)).toEqual([
      '/healthz',
      '/readyz',
      '/transfers',
      '/transfers/{id}',
      '/transfers/{id}/cancel',
      '/transfers/signed',
    ])
    for (const path of ['/source', '/source/json', '/swagger/json'])
      expect((await sampleApp().send('GET', path)).status).toBe(404)
  })

  test('an operation keeps its id, tag, security, examples and response headers', async () => {
    const operation = (await read()).paths['/transfers'].post
    expect(operation).toMatchObject({
      operationId: 'createTransfer',
      tags: ['Transfers'],
      security: [{ apiKey: ['write'] }],
      requestBody: { required: true },
    })
    expect(Object.keys(operation).filter((key) => key.startsWith('x-'))).toEqual(['x-rate-limit-weight'])
    expect(operation['x-rate-limit-weight']).toBe(3)
    expect(operation.requestBody.content).toEqual({
      'application/json': {
        schema: { $ref: '#/components/schemas/Transfer' },
        examples: { euros: { value: TRANSFER } },
      },
    })
    expect(operation.responses[202]).toEqual({
      description: 'Accepted and never lost',
      headers: {
        'x-request-id': { $ref: '#/components/headers/RequestId' },
        'x-replayed': { schema: { type: 'boolean' } },
      },
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Receipt' },
          examples: { euros: { value: { id: 'transfer_1', account: 'acc_demo', amount: 100 } } },
        },
      },
    })
  })

  test('errors that follow from the kind of operation need no declaration', async () => {
    const { paths } = await read()
    const statuses = (path: string, method: string) => Object.keys(paths[path][method].responses)
    const secured = ['401', '403', '429', '500', '503']
    expect(statuses('/transfers', 'post')).toEqual([
      '202',
      '400',
      '401',
      '403',
      '408',
      '409',
      '413',
      '429',
      '500',
      '503',
    ])
    expect(statuses('/transfers', 'get')).toEqual(['200', '400', ...secured])
    expect(statuses('/healthz', 'get')).toEqual(['200', '400', '500'])
    expect(paths['/transfers/{id}'].delete.responses[204].content).toBeUndefined()
  })

  test('schemas are plain JSON Schema without the marks of the libraries', async () => {
    const { components, paths } = await read()
    expect(components.schemas.Transfer).toMatchObject({ additionalProperties: false })
    expect(components.schemas.Transfer.properties.currency).toEqual({ type: 'string', enum: ['USD', 'EUR'] })
    expect(paths['/transfers'].get.parameters[0]).toEqual({
      in: 'query',
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100 },
    })
    expect(paths['/transfers/{id}'].get.parameters[0].schema).toEqual({
      type: 'string',
      pattern: '^transfer_',
    })
  })
})

describe('the page works without another host', () => {
  test('it loads only its own files, under a policy that allows no other', async () => {
    const { send } = sampleApp()
    const page = await send('GET', '/swagger')
    expect(page.headers.get('content-type')).toStartWith('text/html')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    expect(page.text).not.toMatch(/https?:|<script>/)
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '')
    expect(files).toHaveLength(3)
    for (const file of files) {
      const answer = await send('GET', file)
      expect([answer.status, answer.headers.get('x-content-type-options')]).toEqual([200, 'nosniff'])
      expect(answer.headers.get('content-type')).toMatch(/^text\/(javascript|css)/)
      expect(answer.text.length).toBeGreaterThan(50)
    }
  })
})
