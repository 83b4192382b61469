import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'

/** A request that goes over a connection that already stands. */
export interface Post {
  url: URL
  headers: Record<string, string>
  body: string
}

/** The head of an answer, and as much of its body as came, up to a bound. */
export interface Answer {
  status: number
  retryAfter: string | null
  contentEncoding: string | null
  /** When the head was complete, on the clock of `performance.now()`. */
  headAt: number
  start: Uint8Array
}

const MAX_HEAD_BYTES = 16_384
const MAX_BODY_BYTES = 1024
/** Interim answers (100 Continue) that are put up with: each costs as much as a real one, and the parser counts none. */
const MAX_INTERIM = 4
/** More than comes before we have read enough, unless it is what the parser swallows without end: padding. */
const MAX_WIRE_BYTES = 2 ** 20

const headOf = async (socket: Socket, { url, headers, body }: Post): Promise<IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const posted = request({
    // Without an agent no pool and no proxy setting comes into play, and this socket is the only one.
    createConnection: () => socket,
    method: 'POST',
    path: url.pathname + url.search,
    headers: {
      ...headers,
      host: url.host,
      'content-length': String(Buffer.byteLength(body)),
    },
    maxHeaderSize: MAX_HEAD_BYTES,
  })
  let bytes = 0
  // Not before the parser listens: what one listener alone was told, no later one hears.
  posted.once('socket', () =>
    socket.on('data', (chunk: Uint8Array) => {
      bytes += chunk.byteLength
      if (bytes > MAX_WIRE_BYTES) socket.destroy(new Error('too long an answer'))
    }),
  )
  let interim = 0
  posted.on('information', () => {
    // The caller destroys the socket. What the parser has at hand it reads to the end in any case.
    if (++interim > MAX_INTERIM) reject(new Error('too many interim answers'))
  })
  posted.once('response', resolve)
  posted.on('error', reject)
  posted.once('close', () => reject(new Error('closed without an answer')))
  posted.end(body)
  return await promise
}

const startOf = async (message: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of message) {
      const kept = Uint8Array.from(chunk.subarray(0, MAX_BODY_BYTES - bytes))
      chunks.push(kept)
      bytes += kept.byteLength
      if (bytes === MAX_BODY_BYTES) break
    }
  } catch {
    // The status was the answer. A body that breaks off, or comes too late, is as long as it got.
  }
  return Buffer.concat(chunks)
}

/** Posts over a connection and destroys it. Aborting ends it at once: before the head it rejects, in the body not. */
export const post = async (socket: Socket, what: Post, signal: AbortSignal): Promise<Answer> => {
  const abort = () => socket.destroy(new Error('aborted'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    const message = await headOf(socket, what)
    const headAt = performance.now()
    return {
      status: message.statusCode ?? 0,
      retryAfter: message.headers['retry-after'] ?? null,
      contentEncoding: message.headers['content-encoding'] ?? null,
      headAt,
      start: await startOf(message),
    }
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}
