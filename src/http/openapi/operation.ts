import type { Route } from '../routing.ts'
import { impliedResponses, type ResponseNotes, responseObject } from './responses.ts'
import { isJson, type Json, type Schemas } from './schema.ts'

const EMPTY_TYPES: ReadonlySet<unknown> = new Set(['void', 'undefined', 'null'])

type Models = Readonly<Record<string, unknown>>

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))

const resolved = (schema: unknown, models: Models): Json | undefined => {
  const found = plain(typeof schema === 'string' ? models[schema] : schema)
  return isJson(found) ? found : undefined
}

const isStatusMap = (response: Json) => Object.keys(response).every((key) => /^\d{3}$/.test(key))

/** The response schemas of a route by status. The plugin's own rendering of them loses half of each. */
const responseSchemas = (response: unknown): Json => {
  if (response === undefined) return {}
  return isJson(response) && isStatusMap(response) ? response : { 200: response }
}

const responsesOf = (route: Route, operation: Json, models: Models, schemas: Schemas): Json => {
  const notes = (operation['x-responses'] ?? {}) as Record<string, ResponseNotes>
  const declared = responseSchemas(route.hooks.response)
  const responses = impliedResponses(operation, route.method !== 'GET')
  for (const status of new Set([...Object.keys(declared), ...Object.keys(notes)])) {
    const schema = resolved(declared[status], models)
    const described = schema && !EMPTY_TYPES.has(schema.type) ? schemas.convert(schema) : undefined
    const implied = schema || notes[status]?.content ? undefined : responses[status]
    responses[status] = implied ?? responseObject(status, described, notes[status] ?? {})
  }
  return responses
}

const parameterOf = (parameter: Json, schemas: Schemas): Json => {
  const { schema, examples, description, ...rest } = parameter
  const inner = { ...(isJson(schema) ? schema : {}), ...(Array.isArray(examples) && { examples }) }
  return { ...rest, ...(description !== undefined && { description }), schema: schemas.convert(inner) }
}

const requestBodyOf = (route: Route, operation: Json, models: Models, schemas: Schemas): Json | undefined => {
  const schema = resolved(route.hooks.body, models)
  if (!schema) return undefined
  const examples = operation['x-examples']
  return {
    required: true,
    content: {
      'application/json': { schema: schemas.convert(schema), ...(isJson(examples) && { examples }) },
    },
  }
}

/** Mends one operation of the plugin's document: content types, parameters, responses, references. */
export const mendOperation = (route: Route, source: Json, models: Models, schemas: Schemas): Json => {
  const { parameters, requestBody: _body, responses: _responses, ...rest } = source
  const list = Array.isArray(parameters) ? parameters.filter(isJson) : []
  const requestBody = requestBodyOf(route, source, models, schemas)
  const operation: Json = {
    ...rest,
    ...(list.length > 0 && { parameters: list.map((each) => parameterOf(each, schemas)) }),
    ...(requestBody && { requestBody }),
  }
  operation.responses = responsesOf(route, operation, models, schemas)
  delete operation['x-responses']
  delete operation['x-examples']
  return operation
}
