import { isIP } from 'node:net'

/** A host without the brackets that an IPv6 address has in a URL. */
export const bareHost = (host: string): string => host.replace(/^\[(.*)\]$/, '$1')

/** Whether a host name or address (brackets allowed) can only mean this machine. */
export const isLoopback = (host: string): boolean => {
  const bare = bareHost(host)
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}
