import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'

/** Every address of a host name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<string[]>

export interface TargetPolicy {
  resolve: Resolve
  /** Lets http and every address through, for development. */
  allowPrivate: boolean
}

/** Asks the resolver that connections use too, hosts file included. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address)

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** Public by number, yet answered by the cloud's own host agent: Azure's WireServer. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16'])

/**
 * True for an address of the public internet. Private, loopback, link-local (cloud metadata), shared, multicast,
 * reserved and unspecified ones are not, and neither is any IPv6 form that carries an IPv4 address.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast' || METADATA.has(parsed.toString())) return false
  // Outside of this block the library calls unicast what was never given out, or is IPv4 in disguise (::127.0.0.1).
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6)
}

const shapeProblem = (text: string, allowPrivate: boolean): string | null => {
  // The parser drops line ends and tabs silently, so what we show would not be what we call.
  const url = /\s/.test(text) ? null : URL.parse(text)
  if (!url) return 'must be an absolute URL'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https://'
  if (url.protocol === 'http:' && !allowPrivate) return 'must start with https://'
  if (url.username || url.password) return 'must not contain credentials'
  return text.includes('#') ? 'must not contain a fragment' : null
}

const addressesOf = async (text: string, resolve: Resolve): Promise<string[]> => {
  const host = new URL(text).hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(host) ? [host] : await resolve(host)
}

/**
 * What forbids sending webhooks to a URL, in words that follow its name, or null. Every address of the host must be
 * public, because the connection may take any. Never throws. The connection itself resolves the name once more.
 */
export const targetProblem = async (text: string, policy: TargetPolicy): Promise<string | null> => {
  const problem = shapeProblem(text, policy.allowPrivate)
  if (problem || policy.allowPrivate) return problem
  try {
    const addresses = await addressesOf(text, policy.resolve)
    if (addresses.length === 0) return 'has a host name that does not resolve'
    return addresses.every(isPublicAddress) ? null : 'must not lead to a private or reserved address'
  } catch {
    return 'has a host name that does not resolve'
  }
}
