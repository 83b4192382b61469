import { Elysia } from 'elysia'
import { openapiDocument } from './openapi/document.ts'
import { pageFiles } from './openapi/page.ts'
import type { ResponseNotes } from './openapi/responses.ts'
import type { Json } from './openapi/schema.ts'
import { routesOf } from './routing.ts'

declare module 'elysia/types' {
  interface DocumentDecoration {
    /** Headers, examples and other content of the responses by status, for the OpenAPI document. */
    'x-responses'?: Record<number, ResponseNotes>
    /** Examples of the request body by name, for the OpenAPI document. */
    'x-examples'?: Record<string, { summary?: string; value: unknown }>
  }
}

const HIDDEN = { detail: { hide: true } }

const modelsOf = (plugin: object): Json =>
  (plugin as { getGlobalDefinitions(): { type: Json } }).getGlobalDefinitions().type

/** Serves /openapi.json, made once at the first request, and the Swagger UI page at /swagger with all its files. */
export const openapiPlugin = ({ version }: { version: string }) => {
  const plugin = new Elysia({ name: 'http.openapi' })
  let document: Promise<string> | undefined
  plugin.get(
    '/openapi.json',
    async () => {
      document ??= openapiDocument(version, routesOf(plugin), modelsOf(plugin)).then((made) =>
        JSON.stringify(made),
      )
      return new Response(await document, { headers: { 'content-type': 'application/json' } })
    },
    HIDDEN,
  )
  for (const [path, file] of Object.entries(pageFiles)) plugin.get(path, file, HIDDEN)
  return plugin
}
