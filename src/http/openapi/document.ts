import { swagger } from '@elysiajs/swagger'
import { type Route, shownPath } from '../routing.ts'
import { ErrorBody } from '../schemas.ts'
import { mendOperation } from './operation.ts'
import { sharedHeaders, sharedResponses } from './responses.ts'
import { isJson, type Json, Schemas } from './schema.ts'

const SOURCE = '/source'

const DESCRIPTION =
  'Converts money across chains at a rate it guarantees. Amounts are integers in minor units. ' +
  'Send an `Idempotency-Key` with a payment to repeat it safely.'

/** What the plugin makes of the routes. It is asked directly, so its document is served nowhere. */
const readSource = async (routes: readonly Route[], models: Json): Promise<Json> => {
  const plugin = swagger({ path: SOURCE, excludeStaticFile: false })
  Object.assign(plugin, {
    getGlobalRoutes: () => routes,
    getGlobalDefinitions: () => ({ typebox: {}, type: models, error: {} }),
  })
  const response = await plugin.handle(new Request(`http://localhost${SOURCE}/json`))
  return (await response.json()) as Json
}

// As the plugin spells it.
const sourcePath = (path: string) => path.replace(/:([^/?]+)\??/g, '{$1}')

const mendPaths = (source: Json, routes: readonly Route[], models: Json, schemas: Schemas): Json => {
  const paths: Record<string, Json> = {}
  const listed = isJson(source.paths) ? source.paths : {}
  for (const route of routes) {
    const path = sourcePath(route.path)
    const method = route.method.toLowerCase()
    const operations = listed[path]
    const operation = isJson(operations) ? operations[method] : undefined
    if (!isJson(operation)) continue
    const shown = shownPath(path)
    paths[shown] = { ...paths[shown], [method]: mendOperation(route, operation, models, schemas) }
  }
  return paths
}

/** The OpenAPI 3.1 document of an application's routes, made from what @elysiajs/swagger sees of them. */
export const openapiDocument = async (
  version: string,
  routes: readonly Route[],
  models: Json,
): Promise<Json> => {
  const schemas = new Schemas()
  schemas.convert(JSON.parse(JSON.stringify(ErrorBody)))
  const paths = mendPaths(await readSource(routes, models), routes, models, schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ratelock',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: schemas.components,
      responses: sharedResponses,
      headers: sharedHeaders,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `rl_live_…` or `rl_test_…`' },
      },
    },
  }
}
