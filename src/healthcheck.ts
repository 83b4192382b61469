import { connect } from 'node:net'
import { bareHost } from './core/loopback.ts'

/**
 * Whether the service of this container answers /healthz, by the settings that it was started with. A plain socket,
 * because `fetch` would go through HTTP_PROXY; without a deadline, because whoever runs a health check sets one.
 */
export const isHealthy = (settings: Record<string, string | undefined>): Promise<boolean> =>
  new Promise((resolve) => {
    const read = (name: string, otherwise: string) => settings[name]?.trim() || otherwise
    // A worker serves nothing that could be asked; that it has not ended is all that can be told of it.
    if (read('ROLE', 'all') === 'worker') return resolve(true)
    // The address that stands for all of them leads to this machine when it is connected to.
    const socket = connect({ host: bareHost(read('HOST', '127.0.0.1')), port: Number(read('PORT', '3000')) })
    let answer = ''
    socket.on('connect', () =>
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    )
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(answer.startsWith('HTTP/1.1 200 ')))
  })
