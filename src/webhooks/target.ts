import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Every address of a host name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<string[]>

export interface TargetPolicy {
  resolve: Resolve
  /** Lets http and every address through, for development. */
  allowPrivate: boolean
}

/** Asks the operating system, hosts file included. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address)

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** Public by number, yet answered by the cloud's own host agent: Azure's WireServer. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16'])

/**
 * True for an address of the public internet. Private, loopback, link-local (cloud metadata), shared, multicast,
 * reserved and unspecified ones are not, and neither is any IPv6 form that carries an IPv4 address, nor a zone.
 */
export const isPublicAddress = (address: string): boolean => {
  // Octal, short and zoned notations have readers that disagree on what they mean.
  if (isIP(address) === 0 || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast' || METADATA.has(parsed.toString())) return false
  // Outside of this block the library calls unicast what was never given out, or is IPv4 in disguise (::127.0.0.1).
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6)
}

/** The host of a URL as a resolver or a socket takes it. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

interface Refused {
  problem: string
}

/** A target whose addresses have been checked. Connections go to one of these, and ask no resolver again. */
export interface PinnedTarget {
  url: URL
  addresses: readonly string[]
  problem: null
}

const parsedTarget = (text: string, allowPrivate: boolean): URL | string => {
  // The parser drops line ends and tabs silently, so what we show would not be what we call.
  const url = /\s/.test(text) ? null : URL.parse(text)
  if (!url) return 'must be an absolute URL'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https://'
  if (url.protocol === 'http:' && !allowPrivate) return 'must start with https://'
  if (url.username || url.password) return 'must not contain credentials'
  if (url.port === '0') return 'must not name port 0'
  return text.includes('#') ? 'must not contain a fragment' : url
}

const addressesOf = async (url: URL, resolve: Resolve): Promise<string[]> => {
  const host = hostOf(url)
  try {
    return isIP(host) ? [host] : [...new Set(await resolve(host))]
  } catch {
    return []
  }
}

/**
 * Looks a URL's host up, once, and checks every address of it: one that must not be called forbids them all. Answers
 * the addresses to connect to, or what forbids sending webhooks there, in words that follow its name. Never throws.
 */
export const pinTarget = async (text: string, policy: TargetPolicy): Promise<PinnedTarget | Refused> => {
  const url = parsedTarget(text, policy.allowPrivate)
  if (typeof url === 'string') return { problem: url }
  const addresses = await addressesOf(url, policy.resolve)
  if (addresses.length === 0) return { problem: 'has a host name that does not resolve' }
  // Development's too must be addresses: a socket would look anything else up by itself.
  const allowed = policy.allowPrivate ? (address: string) => isIP(address) !== 0 : isPublicAddress
  if (addresses.every(allowed)) return { url, addresses, problem: null }
  return { problem: 'must not lead to a private or reserved address' }
}

/**
 * What forbids registering a URL, in words that follow its name, or null. It says nothing about later: names move, so
 * each attempt pins anew. Development may register what does not resolve yet. Never throws.
 */
export const targetProblem = async (text: string, policy: TargetPolicy): Promise<string | null> => {
  const url = parsedTarget(text, policy.allowPrivate)
  if (typeof url === 'string') return url
  return policy.allowPrivate ? null : (await pinTarget(text, policy)).problem
}
