import { ERROR_STATUS, type ErrorCode } from '../../src/core/errors.ts'
import { type OpenApi, operationsOf, pointerTo, validatorsOf } from '../support/openapi.ts'

/** An answer as it came. */
export interface Answer {
  status: number
  headers: Headers
  /** Of an event stream the first event. */
  text: string
}

const JSON_TYPE = /^application\/json\b/
/** Pages and the document itself, which the document does not describe. */
const UNDOCUMENTED = /^\/(swagger(\/.*)?|openapi\.json)\/?$/

const patternOf = (path: string) =>
  new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`)

const parametersIn = (name: string) => name.split('{').length

/** Says what is wrong with an answer, by the document that the API publishes of itself. */
export const createJudge = (document: OpenApi) => {
  const validator = validatorsOf(document)
  const isError = validator('#/components/schemas/Error')
  // As a router does: a path without a parameter goes first.
  const named = operationsOf(document).toSorted(([one], [other]) => parametersIn(one) - parametersIn(other))
  const operations = named.map(([name, operation]) => {
    const [method = '', path = ''] = name.split(' ')
    return { name, method: method.toUpperCase(), pattern: patternOf(path), operation }
  })

  const errorProblems = (status: number, body: unknown): string[] => {
    const problems = isError(body)
    const { error } = (body ?? {}) as { error?: ErrorCode }
    return problems.length === 0 && error && ERROR_STATUS[error] !== status
      ? [`${error} came with status ${status}`]
      : problems
  }

  const contentProblems = (name: string | null, { status, headers, text }: Answer): string[] => {
    const operation = operations.find((each) => each.name === name)?.operation
    const response = operation?.responses[String(status)]
    const content = response?.$ref
      ? document.components.responses[response.$ref.split('/').at(-1) ?? '']?.content
      : response?.content
    const type = headers.get('content-type') ?? ''
    if (text === '') return content && status !== 200 ? ['the body is empty'] : []
    if (!JSON_TYPE.test(type)) return content?.[type.split(';')[0] ?? ''] ? [] : [`${type} is not documented`]
    const body = JSON.parse(text)
    if (status >= 400 && name !== 'get /readyz') return errorProblems(status, body)
    if (!response) return []
    const at = response.$ref ?? `${pointerTo(name ?? '')}/responses/${status}`
    return validator(`${at}/content/application~1json/schema`)(body)
  }

  /** The operation that a request means; null for none. */
  const operationOf = (method: string, path: string): string | null =>
    operations.find((each) => each.method === (method === 'HEAD' ? 'GET' : method) && each.pattern.test(path))
      ?.name ?? null

  const statusProblems = (name: string | null, method: string, { status }: Answer): string[] => {
    if (status >= 500) return [`status ${status}`]
    const documented =
      name === null
        ? ['400', '404']
        : Object.keys(operations.find((each) => each.name === name)?.operation.responses ?? {})
    if (method === 'OPTIONS') documented.push('204')
    return documented.includes(String(status)) ? [] : [`status ${status} is not documented`]
  }

  return {
    operationOf,
    /** What is wrong with the answer to a request; nothing for a good one. */
    problems: (method: string, path: string, answer: Answer): string[] => {
      const { headers } = answer
      const found: string[] = []
      if (!headers.get('x-request-id')) found.push('there is no x-request-id')
      if (headers.get('x-content-type-options') !== 'nosniff') found.push('there are no security headers')
      if (headers.has('x-injected')) found.push('a header was injected')
      if (UNDOCUMENTED.test(path) && answer.status === 200) return found
      const name = operationOf(method, path)
      found.push(...statusProblems(name, method, answer))
      // The server leaves the body out, so that only connections show it.
      if (method === 'HEAD') return found
      try {
        found.push(...contentProblems(name, answer))
      } catch (error) {
        found.push(`the body cannot be read: ${error}`)
      }
      return found
    },
  }
}
