import { connect } from 'node:net'
import type { Answer } from './judge.ts'

/** What is sent in the end. */
export interface Wire {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Uint8Array<ArrayBuffer> | null
}

/** An event stream may have nothing to tell yet; then its client leaves. */
const STREAM_MS = 20

const isStream = (path: string) => /\/events\/?(\?|$)/.test(path) && path.startsWith('/payments/')

/** The first piece of a stream, or the whole of anything else. */
const textOf = async (response: Response): Promise<string> => {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text()
  const reader = response.body?.getReader()
  // Rejects when there was nothing to read before its client left.
  const first = await reader?.read().catch(() => undefined)
  await reader?.cancel().catch(() => undefined)
  return new Response(first?.value).text()
}

/** Sends a request through the application without a connection. */
export const throughApp = async (
  app: { handle(request: Request): Response | Promise<Response> },
  { method, path, headers, body }: Wire,
): Promise<Answer & { path: string }> => {
  const client = new AbortController()
  const request = new Request(`http://localhost${path}`, { method, headers, body, signal: client.signal })
  const leave = isStream(path) ? setTimeout(() => client.abort(), STREAM_MS) : undefined
  const response = await app.handle(request)
  const text = await textOf(response)
  clearTimeout(leave)
  const { status, headers: answered } = response
  return { status, headers: answered, text, path: new URL(request.url).pathname }
}

const chunksOf = (text: string): string => {
  let rest = text
  let whole = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest, 16)
    if (!size) return whole
    whole += rest.slice(end + 2, end + 2 + size)
    rest = rest.slice(end + 2 + size + 2)
  }
}

const parsed = (raw: string): Answer | null => {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1])
  if (!status) return null
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const text = rest.join('\r\n\r\n')
  return { status, headers, text: headers.get('transfer-encoding') === 'chunked' ? chunksOf(text) : text }
}

/** Sends a request as it stands over a connection of its own; null when the server only hung up. */
export const throughSocket = (port: number, { method, path, headers, body }: Wire): Promise<Answer | null> =>
  new Promise((resolve) => {
    const bytes = body === null ? Buffer.alloc(0) : Buffer.from(body)
    const lines = {
      host: `localhost:${port}`,
      connection: 'close',
      ...headers,
      'content-length': String(bytes.length),
    }
    const head = [
      `${method} ${path} HTTP/1.1`,
      ...Object.entries(lines).map(([name, value]) => `${name}: ${value}`),
    ]
    let received = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'utf8'), bytes]))
      if (isStream(path)) setTimeout(() => socket.destroy(), STREAM_MS)
    })
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(parsed(received)))
  })
