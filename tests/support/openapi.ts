import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

/** A schema of the document, as far as tests read it. */
export interface Schema {
  $ref?: string
  type?: string
  format?: string
  pattern?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
}

export interface Media {
  schema?: Schema & { examples?: unknown[] }
  examples?: object
}

export interface Parameter {
  in: string
  name: string
  required?: boolean
  schema: Schema
}

export interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: object[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { $ref?: string; content?: Record<string, Media> }>
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    responses: Record<string, { content?: Record<string, Media> }>
  }
}

/** Every operation of a document by its name, such as `get /quotes/{id}`. */
export const operationsOf = (document: OpenApi): [name: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method} ${path}`, operation] as [string, Operation],
    ),
  )

const escaped = (path: string) => path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')

/** The JSON Pointer of the operation with that name. */
export const pointerTo = (name: string): string => {
  const [method = '', path = ''] = name.split(' ')
  return `#/paths/${escaped(path)}/${method}`
}

/** Validators by JSON Pointer into a document, each compiled once; each answers the problems it finds. */
export const validatorsOf = (document: object) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addSchema(document, 'api')
  return (at: string) => {
    const validate = ajv.getSchema(`api${at}`) ?? ajv.compile({ $ref: `api${at}` })
    return (value: unknown): string[] => {
      validate(value)
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
    }
  }
}
