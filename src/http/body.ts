import type { Elysia } from 'elysia'
import { AppError } from '../core/errors.ts'
import { checkJson } from './json.ts'
import { routeLookup } from './routing.ts'

/** The largest request body that is read. */
export const MAX_BODY_BYTES = 64 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

const tooLarge = (): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `a request body may have at most ${MAX_BODY_BYTES} bytes`)

const tooSlow = (ms: number): AppError =>
  new AppError('REQUEST_TIMEOUT', `the request body did not arrive within ${ms} ms`)

const readStream = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const readBytes = async (request: Request): Promise<Uint8Array> => {
  const declared = request.headers.get('content-length')
  if (declared !== null) {
    if (Number(declared) > MAX_BODY_BYTES) throw tooLarge()
    const bytes = await request.bytes()
    if (bytes.byteLength > MAX_BODY_BYTES) throw tooLarge()
    return bytes
  }
  return request.body ? readStream(request.body) : new Uint8Array()
}

const unreadable = (cause: unknown): never => {
  if (cause instanceof AppError) throw cause
  throw new AppError('INVALID_JSON', 'the request body could not be read', undefined, { cause })
}

/** Reads within the deadline; what arrives later belongs to nobody. */
const readInTime = async (request: Request, deadlineMs: number): Promise<Uint8Array> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(tooSlow(deadlineMs)), deadlineMs)
  try {
    return await Promise.race([readBytes(request), late])
  } finally {
    clearTimeout(timer)
  }
}

const readText = async (request: Request, deadlineMs: number): Promise<string> => {
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  // Unpacked, a small body can have gigabytes in it.
  if (encoding !== 'identity') throw new AppError('INVALID_JSON', 'a request body must not be compressed')
  const bytes = await readInTime(request, deadlineMs).catch(unreadable)
  try {
    return utf8.decode(bytes)
  } catch {
    throw new AppError('INVALID_JSON', 'the request body is not valid UTF-8')
  }
}

const parseJson = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AppError('INVALID_JSON', 'the request body is not valid JSON')
  }
  return checkJson(value)
}

type Expected = 'nothing' | 'json' | 'text'

const expectedBy = (body: unknown): Expected => {
  if (body === undefined) return 'nothing'
  return typeof body === 'object' && body !== null && 'type' in body && body.type === 'string'
    ? 'text'
    : 'json'
}

/**
 * Reads the body of every route, bounded in size and time, and as JSON whatever its content type. A route whose body is `Type.String()`
 * gets the text as it was sent, for signatures. A route without a body schema may be sent nothing, or JSON.
 */
export const jsonBody = (deadlineMs: number) => (app: Elysia) => {
  const expected = routeLookup(app, ({ hooks }) => expectedBy(hooks.body))
  return app.onParse(async ({ request, route }) => {
    const text = await readText(request, deadlineMs)
    const wanted = expected(request.method, route)
    if (wanted === 'text') return text
    if (text !== '') return parseJson(text)
    if (wanted === 'json') throw new AppError('INVALID_JSON', 'a JSON body is required')
    // Anything but undefined keeps Elysia from reading the body again by its content type.
    return null
  })
}
