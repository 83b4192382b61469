import { afterAll, describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { drive } from '../payments/support.ts'
import { startHarness } from '../support/harness.ts'
import { type Media, type Operation, operationsOf, pointerTo, validatorsOf } from '../support/openapi.ts'
import { type Answer, startApi } from './support.ts'

const api = await startApi()
const harness = await startHarness()
afterAll(async () => {
  await api.stop()
  await harness.stop()
})
const { send, payable, pay } = api

/** The document of all routes of the program, as a client would fetch it. */
const document = (await harness.call('GET', '/openapi.json')).body
const operations = operationsOf(document)

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('names every route of the program but the documentation’s own', () => {
    const shown: string[] = operations.map(([name]) => name).toSorted()
    const routes = harness.app.routes
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .filter((name) => !/ \/(openapi\.json|swagger)/.test(name))
    expect(shown).toEqual([...new Set(routes)].toSorted())
    expect(shown).toContain('post /quotes')
  })

  test('gives every operation an id of its own', () => {
    const ids = operations.map(([, { operationId }]) => operationId)
    expect(ids.every((id) => /^[a-z][a-zA-Z]+$/.test(id ?? ''))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test.each(operations)('describes %s', (name, operation) => {
    expect(operation.summary).toMatch(/^.{10,}$/)
    expect(operation.tags).toHaveLength(1)
    const statuses = Object.keys(operation.responses)
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true)
    const implied = [
      '500',
      ...(operation.security ? ['401', '403', '429', '503'] : []),
      ...(operation.parameters || operation.requestBody ? ['400'] : []),
      ...(operation.requestBody ? ['413'] : []),
      ...(name.includes('{id}') ? ['404'] : []),
    ]
    expect(statuses).toEqual(expect.arrayContaining(implied))
  })

  test('requires no query parameter but those that nobody can guess: others have a default or are not needed', () => {
    const required = operations.flatMap(([name, { parameters = [] }]) =>
      parameters
        .filter((each) => each.in === 'query' && each.required)
        .map((parameter) => `${name} ${parameter.name}`),
    )
    expect(required).toEqual([
      'get /treasury/lock-buffer from_currency',
      'get /treasury/lock-buffer to_currency',
    ])
  })

  test('docs/api.md lists every operation and no other', async () => {
    const page = await Bun.file(new URL('../../docs/api.md', import.meta.url)).text()
    const listed = [...page.matchAll(/^\| `([A-Z]+) ([^`]+)` \|/gm)].map(
      ([, method = '', path = '']) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    )
    expect(listed.toSorted()).toEqual(operations.map(([name]) => name).toSorted())
  })

  test('has an example that fits for every request body', () => {
    const ajv = validatorsOf(document)
    for (const [name, { requestBody }] of operations) {
      if (!requestBody) continue
      const media = requestBody.content['application/json']
      const named = Object.values<{ value: unknown }>({ ...media?.examples }).map(({ value }) => value)
      const examples = [...(media?.schema?.examples ?? []), ...named]
      expect([name, examples.length > 0]).toEqual([name, true])
      const validate = ajv(`${pointerTo(name)}/requestBody/content/application~1json/schema`)
      for (const example of examples) expect([name, validate(example)]).toEqual([name, []])
    }
  })
})

describe('live answers are what the document says', () => {
  const schemas = validatorsOf(document)
  const byName = new Map<string, Operation>(operations)
  const resolved = (schema: Media['schema']): Media['schema'] =>
    schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema

  const problems = (name: string, answer: Answer): string[] => {
    const response = byName.get(name)?.responses[String(answer.status)]
    if (!response) return [`${name} does not document ${answer.status}`]
    const at = response.$ref ?? `${pointerTo(name)}/responses/${answer.status}`
    return schemas(`${at}/content/application~1json/schema`)(answer.body)
  }

  const check = (name: string, answer: Answer, status: number) =>
    expect([name, answer.status, problems(name, answer)]).toEqual([name, status, []])

  test('the validator notices what does not fit', async () => {
    const answer = await send('POST', '/quotes', { body: {} })
    expect(
      problems('post /quotes', { ...answer, body: { error: 'NOPE', message: 5, extra: 1 } }),
    ).not.toEqual([])
    expect(problems('post /quotes', { ...answer, status: 418 })).not.toEqual([])
  })

  test('quotes', async () => {
    const body = { from_currency: 'USD', to_currency: 'JPY', amount: 100_000 }
    const quote = await send('POST', '/quotes', { body })
    check('post /quotes', quote, 200)
    check('post /quotes', await send('POST', '/quotes', { body: { ...body, amount: 1 } }), 400)
    check('post /quotes', await send('POST', '/quotes', { body: 'x'.repeat(100_000) }), 413)
    check('post /quotes', await send('POST', '/quotes', { body, key: null }), 401)
    check('post /quotes', await send('POST', '/quotes', { body, key: api.keys.readOnly }), 403)
    check('get /quotes/{id}', await send('GET', `/quotes/${quote.body.quote_id}`), 200)
    check('get /quotes/{id}', await send('GET', '/quotes/x'), 404)
    check('get /quotes/{id}', await send('GET', '/quotes/x?y=1'), 400)
  })

  test('payments', async () => {
    const body = await payable()
    check('post /payments', await send('POST', '/payments', { body }), 202)
    check('post /payments', await send('POST', '/payments', { body }), 409)
    check('post /payments', await send('POST', '/payments', { body: { ...body, quote_id: 'x' } }), 404)
    check('post /payments', await send('POST', '/payments', { body: { ...body, amount: 0 } }), 400)
    const id = await pay()
    check('get /payments/{id}', await send('GET', `/payments/${id}`), 200)
    check('get /payments/{id}', await send('GET', '/payments/x'), 404)
    check('get /payments', await send('GET', '/payments?limit=1'), 200)
    check('get /payments', await send('GET', '/payments?limit=0'), 400)
    check('post /payments/{id}/cancel', await send('POST', `/payments/${id}/cancel`), 200)
    check('post /payments/{id}/cancel', await send('POST', `/payments/${id}/cancel`), 409)
    check('post /payments/{id}/cancel', await send('POST', '/payments/x/cancel'), 404)
    check('post /payments/{id}/cancel', await send('POST', `/payments/${id}/cancel`, { body: '{' }), 400)
  })

  test('the ledger', async () => {
    const id = await pay()
    const path = `/payments/${id}/ledger`
    check('get /payments/{id}/ledger', await send('GET', path), 200)
    await drive(api.harness, [id])
    check('get /payments/{id}/ledger', await send('GET', path), 200)
    check('get /payments/{id}/ledger', await send('GET', '/payments/x/ledger'), 404)
    check('get /payments/{id}/ledger', await send('GET', `${path}?y=1`), 400)
    check('get /payments/{id}/ledger', await send('GET', path, { key: null }), 401)
    check('get /payments/{id}/ledger', await send('GET', path, { key: api.keys.writeOnly }), 403)
  })

  test('the audit trail', async () => {
    const id = await pay()
    const path = `/payments/${id}/audit`
    check('get /payments/{id}/audit', await send('GET', path), 200)
    await drive(api.harness, [id])
    await api.harness.services.sealAudit()
    check('get /payments/{id}/audit', await send('GET', path), 200)
    check('get /payments/{id}/audit', await send('GET', '/payments/x/audit'), 404)
    check('get /payments/{id}/audit', await send('GET', `${path}?y=1`), 400)
    check('get /payments/{id}/audit', await send('GET', path, { key: null }), 401)
    check('get /payments/{id}/audit', await send('GET', path, { key: api.keys.writeOnly }), 403)
  })

  test('the market, the providers and the treasury', async () => {
    check('get /market', await send('GET', '/market'), 200)
    check('get /market', await send('GET', '/market', { key: null }), 401)
    check('get /providers', await send('GET', '/providers'), 200)
    check('get /providers', await send('GET', '/providers?x=1'), 400)
    const pair = '/treasury/lock-buffer?from_currency=USD&to_currency='
    check('get /treasury/lock-buffer', await send('GET', `${pair}EUR`), 200)
    check('get /treasury/lock-buffer', await send('GET', `${pair}USD`), 400)
    check('get /treasury/exposure', await send('GET', '/treasury/exposure'), 200)
  })

  test('operations, which are for admins', async () => {
    const { admin: key, own } = api.keys
    for (const name of ['queues', 'claude']) {
      const path = `/operations/${name}`
      check(`get ${path}`, await send('GET', path, { key }), 200)
      check(`get ${path}`, await send('GET', `${path}?x=1`, { key }), 400)
      check(`get ${path}`, await send('GET', path, { key: own }), 403)
    }
  })

  test('examples are answers that the document allows', () => {
    const examples = operations.flatMap(([name, { responses }]) =>
      Object.entries(responses).map(([status, { content }]) => ({
        at: `${pointerTo(name)}/responses/${status}/content/application~1json/schema`,
        schema: content?.['application/json']?.schema,
      })),
    )
    let seen = 0
    for (const { at, schema } of examples)
      for (const example of resolved(schema)?.examples ?? []) {
        seen++
        expect([at, schemas(at)(example)]).toEqual([at, []])
      }
    expect(seen).toBeGreaterThan(5)
  })

  test('events of providers', async () => {
    const path = '/providers/nobody/events'
    check('get /providers/{provider}/events', await send('GET', path), 404)
    check('post /providers/{provider}/events', await send('POST', path, { body: '{}', key: null }), 404)
    const large = { body: 'x'.repeat(100_000), key: null }
    check('post /providers/{provider}/events', await send('POST', path, large), 413)
  })

  test('API keys', async () => {
    const { admin: key, own } = api.keys
    const body = { name: 'Shop', scopes: ['read'], expires_in: 3_600 }
    const made = await send('POST', '/keys', { key, body })
    const path = `/keys/${made.body.id}`
    check('post /keys', made, 201)
    check('post /keys', await send('POST', '/keys', { key, body: { ...body, scopes: [] } }), 400)
    check('post /keys', await send('POST', '/keys', { key: own, body }), 403)
    check('get /keys', await send('GET', '/keys?limit=1', { key }), 200)
    check('get /keys', await send('GET', '/keys', { key: null }), 401)
    check('get /keys/{id}', await send('GET', path, { key }), 200)
    check('get /keys/{id}', await send('GET', '/keys/x', { key }), 404)
    check('post /keys/{id}/rotate', await send('POST', `${path}/rotate`, { key, body: {} }), 201)
    check('post /keys/{id}/rotate', await send('POST', `${path}/rotate`, { key, body: {} }), 409)
    check('delete /keys/{id}', await send('DELETE', '/keys/x', { key }), 404)
    expect((await send('DELETE', path, { key })).status).toBe(204)
  })

  test('health', async () => {
    check('get /healthz', await send('GET', '/healthz'), 200)
    check('get /readyz', await send('GET', '/readyz'), 200)
    api.health.database = false
    check('get /readyz', await send('GET', '/readyz'), 503)
    api.health.database = true
  })
})
