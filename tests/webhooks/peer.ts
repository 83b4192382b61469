import { createServer, type Socket } from 'node:net'
import { createServer as createSecureServer, type TLSSocket } from 'node:tls'
import type { Identity } from './certificates.ts'

export interface PeerOptions {
  host?: string
  port?: number
  identity?: Identity
  /** What it says before it was sent anything. */
  greeting?: string
  /** What it does once it was sent something. Answers 200 unless told otherwise. */
  answer?: (socket: Socket) => void
}

const answer200 = (socket: Socket) => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok')
}

/** A server below HTTP: it counts connections and keeps what they say, word for word. */
export const peer = async ({
  host = '127.0.0.1',
  port = 0,
  identity,
  greeting,
  answer = answer200,
}: PeerOptions = {}) => {
  const heard: string[] = []
  const names: unknown[] = []
  const open = new Set<Socket>()
  let connections = 0
  let emptied = () => {}

  // Counted before TLS, because a handshake that fails has reached the server all the same.
  const count = (socket: Socket) => {
    connections++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      if (open.size === 0) emptied()
    })
  }
  const listen = (socket: Socket | TLSSocket) => {
    if ('servername' in socket) names.push(socket.servername)
    socket.on('error', () => {})
    socket.on('data', (data) => void heard.push(String(data)))
    socket.once('data', () => answer(socket))
    if (greeting !== undefined) socket.write(greeting)
  }
  const server = identity ? createSecureServer(identity, listen) : createServer(listen)
  server.on('connection', count)
  server.on('tlsClientError', () => {})
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  return {
    port: address.port,
    heard,
    names,
    connections: () => connections,
    /** Waits until the other sides have closed all connections. */
    empty: (): Promise<void> => {
      const waiting = Promise.withResolvers<void>()
      emptied = waiting.resolve
      if (open.size === 0) emptied()
      return waiting.promise
    },
    stop: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
