import { describe, expect, test } from 'bun:test'
import { clientAddress, parseRanges } from '../../src/http/address.ts'

const PROXIES = parseRanges('10.0.0.0/8, 192.0.2.7, 2001:db8:1::/48') ?? []

describe('the address that counts', () => {
  test.each([
    ['the peer, without proxies to trust', '198.51.100.9', null, '198.51.100.9'],
    ['the peer, who is no proxy, whatever it claims', '198.51.100.9', '203.0.113.1', '198.51.100.9'],
    ['what the proxy saw', '10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['what the outer of two proxies saw', '10.1.2.3', '203.0.113.1, 192.0.2.7', '203.0.113.1'],
    ['not what a caller wrote before the proxy did', '10.1.2.3', '1.1.1.1, 203.0.113.1', '203.0.113.1'],
    ['not a proxy’s address that a caller wrote', '10.1.2.3', '10.9.9.9, 203.0.113.1', '203.0.113.1'],
    ['the left-most when all of them are ours', '10.1.2.3', '10.0.0.1,10.0.0.2', '10.0.0.1'],
    ['the proxy’s own when it tells nobody', '10.1.2.3', null, '10.1.2.3'],
    ['the proxy’s own when it tells an empty list', '10.1.2.3', '', '10.1.2.3'],
    ['the proxy’s own when it tells no address', '10.1.2.3', '1.1.1.1, unknown', '10.1.2.3'],
    ['IPv4 within IPv6, as a socket of both kinds tells it', '::ffff:10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['an address with the port of a gateway', '10.1.2.3', '203.0.113.1:4711', '203.0.113.1'],
    ['an IPv6 address with a port', '10.1.2.3', '[2001:db8:9::1]:443', '2001:db8:9::/64'],
    ['an IPv6 proxy’s client', '2001:db8:1::5', '203.0.113.1', '203.0.113.1'],
    ['no octal or short spelling of another address', '10.1.2.3', '0313.0.113.1', '10.1.2.3'],
  ])('is %s', (_what, peer, forwarded, client) => {
    expect(clientAddress(peer, forwarded, PROXIES)).toBe(client)
  })

  test('is one for all addresses that a subscriber of IPv6 has', () => {
    const [one, two] = ['2001:db8:7:8::1', '2001:db8:7:8:ffff:ffff:ffff:ffff'].map((peer) =>
      clientAddress(peer, null, []),
    )
    expect(one).toBe(two as string)
    expect(clientAddress('2001:db8:7:9::1', null, [])).not.toBe(one as string)
  })
})

test.each(['10.0.0.0/33', 'proxy.internal', '10.0.0.0/8,', '300.1.1.1', '10/8', '::/129', ''])(
  '%j is no list of ranges',
  (text) => {
    expect(parseRanges(text)).toBeNull()
  },
)
