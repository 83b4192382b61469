import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { hostOf, type PinnedTarget } from '../target.ts'

export interface ConnectOptions {
  signal: AbortSignal
  /** When the signal comes, on the clock of `performance.now()`. What is left until then is shared out. */
  deadlineAt: number
  /** The certificate authorities to trust in place of the usual ones, in PEM. */
  ca?: string | undefined
}

/** A name with hundreds of addresses must not turn one attempt into a scan of somebody's network. */
const MOST_ADDRESSES = 16

const startConnecting = (url: URL, address: string, ca: string | undefined): Socket => {
  const secure = url.protocol === 'https:'
  const to = { host: address, port: Number(url.port || (secure ? 443 : 80)) }
  if (!secure) return connectPlain(to)
  const name = hostOf(url)
  return connectSecurely({
    ...to,
    // The name that is asked for and that the certificate must be for. An address in the URL must be in it itself.
    ...(isIP(name) ? {} : { servername: name.replace(/\.$/, '') }),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ['http/1.1'],
    // Said outright, because an environment variable can turn the runtime's default off.
    rejectUnauthorized: true,
  })
}

const connected = async (socket: Socket, event: string, signal: AbortSignal): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const abort = () => reject(signal.reason)
  socket.once(event, () => resolve(socket))
  // Stays for good: an error of a socket that nobody listens to would end the process.
  socket.on('error', reject)
  socket.once('close', () => reject(new Error('closed')))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * Connects to one of a target's checked addresses, and to nothing else: the next is tried when one fails, or has used
 * up its share of the time. With https the certificate has been verified for the name when this answers. The socket is
 * the caller's to destroy: none is kept for another attempt, which must check the name anew.
 */
export const connectTo = async (target: PinnedTarget, options: ConnectOptions): Promise<Socket> => {
  const { url } = target
  const event = url.protocol === 'https:' ? 'secureConnect' : 'connect'
  const addresses = target.addresses.slice(0, MOST_ADDRESSES)
  let failure: unknown
  for (const [tried, address] of addresses.entries()) {
    const left = addresses.length - tried
    const share = new AbortController()
    const ms = (options.deadlineAt - performance.now()) / left
    // The last has all the time that there is, which the signal ends.
    const timer = left > 1 ? setTimeout(() => share.abort(new Error('no connection in time')), ms) : undefined
    try {
      const signal = AbortSignal.any([options.signal, share.signal])
      return await connected(startConnecting(url, address, options.ca), event, signal)
    } catch (error) {
      failure = error
    } finally {
      clearTimeout(timer)
    }
  }
  throw failure
}
