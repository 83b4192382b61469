import fc from 'fast-check'
import { type OpenApi, type Operation, operationsOf, type Parameter } from '../support/openapi.ts'
import { hostileBody, hostileText } from './hostile.ts'
import { kindOf, pooled } from './pool.ts'
import { createValues, type Values } from './values.ts'

/** A request with marks for what the API has answered before. */
export interface Draft {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Uint8Array<ArrayBuffer> | null
}

/** Whose key is sent. */
export type Caller = 'own' | 'readOnly' | 'stranger' | 'nobody' | 'garbage'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** What everything else is about. */
const BUSY = new Set(['post /quotes', 'post /payments', 'post /fees/calculate'])
/** What needs the admin scope and takes no body: of all keys only the stranger’s has it. */
const FOR_ADMINS = new Set(['get /metrics', 'get /operations/queues', 'get /operations/claude'])
/** What seldom finds something left to act on. */
const RARE = new Set([
  'post /keys',
  'post /keys/{id}/rotate',
  'post /payments/{id}/cancel',
  'post /webhooks/deliveries/{id}/redeliver',
])
/** Paths that lead elsewhere, or nowhere. */
const STRAY = [
  '/',
  '//',
  '/nope',
  '/payments/',
  '/PAYMENTS',
  '/payments/x/y/z',
  '/swagger',
  '/openapi.json',
  '/quotes/%2e%2e',
  '/.env',
  '/quotes;x=1',
  '/quotes%20',
  '/payments/..%2f..%2fetc%2fpasswd',
  '/%00',
  '/%zz',
  '/%ed%a0%80',
  `/${'a'.repeat(8_400)}`,
]
const TYPES = [
  'application/json',
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  '',
  'a/b; charset=utf-16',
]

const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 6) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare })

/** Text as it may stand in a URL: encoded, or now and then as it is. */
const inUrl = fc
  .tuple(hostileText, fc.boolean())
  .map(([text, raw]) =>
    raw ? text.replaceAll(/[\s#?\ud800-\udfff]/g, '') : encodeURIComponent(text.toWellFormed()),
  )

const PROVIDERS = fc.constantFrom('sandbox-one', 'coinbase', 'circle', 'bridge')

const pathFor = (path: string): fc.Arbitrary<string> => {
  const [parameter] = /\{\w+\}/.exec(path) ?? []
  if (!parameter) return fc.constant(path)
  const usual =
    parameter === '{id}'
      ? mostly(pooled(kindOf(path)), fc.constantFrom('payments', 'quotes').chain(pooled))
      : PROVIDERS
  return mostly(usual, inUrl, 4).map((value) => path.replace(parameter, value))
}

const queryFor = (parameters: readonly Parameter[], values: Values): fc.Arbitrary<string> => {
  const fields = parameters.map(({ name, schema }) => {
    const usual =
      name === 'cursor'
        ? fc
            .constantFrom('payments', 'webhooks_endpoints', 'webhooks_events')
            .chain((kind) => pooled(`cursor_${kind}`))
        : values.text(schema, name).map(encodeURIComponent)
    // Marks are put in later, so they must not be encoded.
    const value = mostly(usual, inUrl).map((text) => text.replaceAll('%40', '@').replaceAll('%3A', ':'))
    return fc.option(
      value.map((text) => `${name}=${text}`),
      { nil: '', freq: 2 },
    )
  })
  const strange = fc.constantFrom(
    'x=1',
    '__proto__=1',
    'limit=5&limit=6',
    'limit[]=1',
    '&&',
    '=',
    '%00=1',
    '%zz',
    'a=%ed%a0%80',
    'limit=1e2',
    'limit=٣',
  )
  return mostly(fc.tuple(...fields), fc.tuple(...fields, strange), 8).map((parts) => {
    const query = parts.filter(Boolean).join('&')
    return query ? `?${query}` : ''
  })
}

const headerFor = ({ name, schema }: Parameter, values: Values): fc.Arbitrary<[string, string][]> => {
  const usual =
    name === 'Idempotency-Key' ? fc.nat({ max: 200 }).map((key) => `key-${key}`) : values.text(schema, name)
  return fc.option(
    mostly(usual, hostileText).map((text): [string, string][] => [[name, text]]),
    { nil: [] },
  )
}

const EXTRA: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(fc.constant('x-request-id'), hostileText),
  fc.tuple(fc.constant('content-type'), fc.constantFrom(...TYPES)),
  fc.tuple(fc.constant('x-forwarded-for'), fc.constantFrom('127.0.0.1', '::1, x', "'")),
  fc.tuple(fc.constant('origin'), fc.constantFrom('null', 'https://evil.example')),
  fc.tuple(fc.constant('content-encoding'), fc.constantFrom('gzip', 'identity', 'br')),
  fc.tuple(fc.constant('accept'), fc.constantFrom('text/html', 'application/xml', '*/*')),
  fc.tuple(fc.constant('cookie'), hostileText),
  fc.tuple(fc.constant('x-http-method-override'), fc.constant('DELETE')),
)

const bodyFor = ({ operationId, requestBody }: Operation, values: Values): fc.Arbitrary<Draft['body']> => {
  const schema = requestBody?.content['application/json']?.schema
  if (!schema) return mostly(fc.constant(null), hostileBody, 9)
  const good =
    operationId === 'createPayment' ? mostly(values.payment, values.json(schema), 2) : values.json(schema)
  return fc.oneof(
    { weight: 5, arbitrary: good },
    { weight: 4, arbitrary: values.spoilt(schema) },
    { weight: 1, arbitrary: hostileBody },
    { weight: 1, arbitrary: fc.constant(null) },
  )
}

const CALLERS = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Caller>('own') },
  { weight: 3, arbitrary: fc.constant<Caller>('stranger') },
  { weight: 1, arbitrary: fc.constantFrom<Caller>('readOnly', 'nobody', 'garbage') },
)

const draftFor = (
  name: string,
  operation: Operation,
  values: Values,
): fc.Arbitrary<Draft & { caller: Caller }> => {
  const [method = '', path = ''] = name.split(' ')
  const parameters = operation.parameters ?? []
  const of = (place: string) => parameters.filter((each) => each.in === place)
  return fc
    .record({
      method: mostly(fc.constant(method.toUpperCase()), fc.constantFrom(...METHODS), 20),
      path: mostly(pathFor(path), fc.constantFrom(...STRAY), 30),
      query: queryFor(of('query'), values),
      headers: fc.tuple(...of('header').map((each) => headerFor(each, values))),
      extra: mostly(fc.constant<[string, string][]>([]), fc.array(EXTRA, { maxLength: 3 }), 3),
      body: bodyFor(operation, values),
      caller: FOR_ADMINS.has(name) ? fc.constant<Caller>('stranger') : CALLERS,
    })
    .map(({ method, path, query, headers, extra, body, caller }) => ({
      method,
      path: path + query,
      headers: Object.fromEntries([...headers.flat(), ...extra]),
      body: method === 'GET' || method === 'HEAD' ? null : body,
      caller,
    }))
}

/** Requests for every operation of the document: as it wants them, nearly so, and not at all. */
export const requestsFor = (document: OpenApi) => {
  const values = createValues(document)
  return fc.oneof(
    ...operationsOf(document).map(([name, operation]) => ({
      arbitrary: draftFor(name, operation, values),
      weight: BUSY.has(name) || RARE.has(name) ? 4 : 1,
    })),
  )
}
