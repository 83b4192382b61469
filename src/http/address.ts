import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Proxies that may say for whom they speak: an address and the length of its prefix. */
export type AddressRange = readonly [Address, number]

/** Subscribers are given this much of an IPv6 address, and are one caller whichever of their addresses they use. */
const IPV6_PREFIX = 64

// Not what the library alone accepts: 10 and 0x7f.1 are addresses to it.
const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)

/** Ranges such as `10.0.0.0/8, ::1` from a setting, or null when one of them is none. */
export const parseRanges = (text: string): AddressRange[] | null => {
  const ranges: AddressRange[] = []
  for (const part of text.split(',').map((each) => each.trim())) {
    const [address = '', bits = address.includes(':') ? '128' : '32'] = part.split('/')
    if (!isAddress(address) || !ipaddr.isValidCIDR(`${address}/${bits}`)) return null
    ranges.push(ipaddr.parseCIDR(`${address}/${bits}`))
  }
  return ranges
}

// IPv4 within IPv6 is one address, and a port that some gateways add is none of it.
const parsed = (text: string): Address | null => {
  const bare = text.replace(/^\[([^\]]*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1$2')
  return isAddress(bare) ? ipaddr.process(bare) : null
}

const within = (address: Address, ranges: readonly AddressRange[]): boolean =>
  ranges.some(([range, bits]) => address.kind() === range.kind() && address.match([range, bits] as never))

const shown = (address: Address): string => {
  if (address.kind() === 'ipv4') return address.toString()
  const bytes = address.toByteArray().map((byte, index) => (index < IPV6_PREFIX / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/${IPV6_PREFIX}`
}

/**
 * Who a request is from: the peer of its connection, unless that is a trusted proxy; then the right-most address of
 * X-Forwarded-For that is none. What stands left of that was written by strangers. IPv6 is cut to its /64.
 */
export const clientAddress = (
  peer: string,
  forwardedFor: string | null,
  trusted: readonly AddressRange[],
): string => {
  let client = parsed(peer)
  if (!client) return peer
  const claimed = forwardedFor?.split(',') ?? []
  while (within(client, trusted)) {
    const next = claimed.pop()
    if (next === undefined) break
    const address = parsed(next.trim())
    // A proxy that is trusted passed on what is no address; it answers for it itself.
    if (!address) break
    client = address
  }
  return shown(client)
}
