import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface Received {
  method: string
  /** Path without the query. */
  path: string
  query: URLSearchParams
  headers: Readonly<Record<string, string>>
  text: string
  /** The parsed body; undefined when there is none, or none that is JSON. */
  body: unknown
}

/** What a server answers; a body that is text is sent as it is, anything else as JSON. */
export interface Reply {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/**
 * What can go wrong with one request. With `_after` the server has acted before it does; without, it never sees the
 * request.
 */
export const WIRE_TROUBLES = [
  'denied',
  'rate_limited',
  'server_error',
  'hang',
  'reset',
  'html',
  'gate_html',
  'server_error_after',
  'hang_after',
  'reset_after',
  'html_after',
  'truncated_after',
] as const
export type WireTrouble = (typeof WIRE_TROUBLES)[number]

const HTML = '<!doctype html><title>502 Bad Gateway</title>'

const STANDINS: Partial<Record<WireTrouble, Reply>> = {
  denied: { status: 401, body: { code: 401, message: 'Malformed authorization.' } },
  rate_limited: { status: 429, body: { message: 'too many requests' }, headers: { 'retry-after': '1' } },
  server_error: { status: 503, body: { message: 'try again' } },
  html: { status: 200, body: HTML, headers: { 'content-type': 'text/html; charset=utf-8' } },
  gate_html: { status: 403, body: HTML, headers: { 'content-type': 'text/html' } },
  server_error_after: { status: 500, body: { errors: ['internal'] } },
  html_after: { status: 200, body: HTML, headers: { 'content-type': 'text/html' } },
}

const read = async (message: IncomingMessage): Promise<Received> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const url = new URL(message.url ?? '/', 'http://localhost')
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
  )
  let body: unknown
  try {
    body = text === '' ? undefined : JSON.parse(text)
  } catch {
    body = undefined
  }
  return { method: message.method ?? '', path: url.pathname, query: url.searchParams, headers, text, body }
}

const write = (response: ServerResponse, { status, body, headers = {} }: Reply, cut = false): void => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(cut ? text.slice(0, Math.floor(text.length / 2)) : text)
}

/**
 * A local server for an outside API: `handle` speaks its documented format and keeps its state, and this breaks
 * connections and answers on demand. Whatever `handle` throws is a violation of the API by its caller.
 */
export const startWireServer = async (handle: (request: Received) => Reply | Promise<Reply>) => {
  const received: Received[] = []
  const violations: string[] = []
  const armed: { trouble: WireTrouble; matches: (request: Received) => boolean; met: () => void }[] = []

  const answer = async (request: Received): Promise<Reply> => {
    try {
      return await handle(request)
    } catch (error) {
      violations.push(`${request.method} ${request.path}: ${(error as Error).message}`)
      return { status: 400, body: { message: (error as Error).message } }
    }
  }

  const server = createServer(async (message, response) => {
    const request = await read(message)
    received.push(request)
    const index = armed.findIndex(({ matches }) => matches(request))
    if (index < 0) return write(response, await answer(request))
    const [{ trouble, met } = { trouble: 'reset' as const, met: () => {} }] = armed.splice(index, 1)
    const acted = trouble.endsWith('_after') ? await answer(request) : null
    met()
    const standin = STANDINS[trouble]
    if (standin) return write(response, standin)
    if (trouble === 'truncated_after' && acted) return write(response, acted, true)
    if (trouble.startsWith('reset')) message.socket.destroy()
    // A hanging request is ended by its caller, or with the server.
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    /** Every request, the oldest first. */
    received,
    /** What a caller has done against the documentation; a test expects none. */
    violations,
    /** Spoils the next request that matches; resolves once it has, as far as it ever will. */
    arm: (trouble: WireTrouble, matches: (request: Received) => boolean): Promise<void> =>
      new Promise((met) => armed.push({ trouble, matches, met })),
    /** Listens again where it listened before. */
    restart: (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve)),
    stop: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type WireServer = Awaited<ReturnType<typeof startWireServer>>
