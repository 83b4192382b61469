import { describe, expect, test } from 'bun:test'
import { isPublicAddress, pinTarget, targetProblem } from '../../src/webhooks/target.ts'

const PUBLIC = [
  '93.184.216.34',
  '8.8.8.8',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '2606:4700::1',
]

const REFUSED: Record<string, string[]> = {
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'link-local': ['169.254.1.1', 'fe80::1', 'fec0::1'],
  metadata: ['169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::254'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  reserved: [
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.9',
    '240.0.0.1',
    '255.255.255.255',
    '2001:db8::1',
  ],
  'IPv4-mapped': ['::ffff:127.0.0.1', '::ffff:8.8.8.8'],
  'IPv4-compatible': ['::127.0.0.1', '::7f00:1'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b:1::a00:1'],
  'IPv4 tunnels': ['2002:7f00:1::', '2001:0:7f00:1::'],
  'unallocated IPv6': ['4000::1', '100::1', '5f00::1'],
  'other notations': ['0x7f.0.0.1', '010.0.0.1', '127.1', '2130706433', '8.8.8.8.', '[2606:4700::1]'],
  zoned: ['fe80::1%eth0', '2606:4700::1%eth0'],
  'not an address': ['', 'localhost', '10.0.0', '127.1.1.1.1'],
}

describe('addresses', () => {
  test.each(PUBLIC)('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  for (const [kind, addresses] of Object.entries(REFUSED))
    test.each(addresses)(`${kind}: "%s" is refused`, (address) => {
      expect(isPublicAddress(address)).toBe(false)
    })
})

const resolve = (host: string): Promise<string[]> => {
  const known: Record<string, string[]> = {
    'example.com': ['93.184.216.34', '2606:4700::1'],
    'inside.example.com': ['10.1.2.3'],
    'both.example.com': ['93.184.216.34', '127.0.0.1'],
    'empty.example.com': [],
    localhost: ['127.0.0.1'],
    'localhost.': ['127.0.0.1'],
    'xn--bcher-kva.example': ['10.0.0.1'],
  }
  const addresses = known[host]
  return addresses ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND'))
}
const strictly = { resolve, allowPrivate: false }
const development = { resolve, allowPrivate: true }

describe('targets', () => {
  test.each([
    'https://example.com',
    'https://example.com:8443/hook?token=1',
    'https://93.184.216.34/hook',
    'https://[2606:4700::1]/hook',
    'HTTPS://EXAMPLE.com/x',
  ])('%s is allowed', async (url) => {
    expect(await targetProblem(url, strictly)).toBeNull()
  })

  test.each([
    ['not a url', 'must be an absolute URL'],
    ['/hook', 'must be an absolute URL'],
    ['https://exam\nple.com/', 'must be an absolute URL'],
    ['http://example.com/', 'must start with https://'],
    ['ftp://example.com/', 'must start with https://'],
    ['file:///etc/passwd', 'must start with https://'],
    ['https://user:pass@example.com/', 'must not contain credentials'],
    ['https://user@example.com/', 'must not contain credentials'],
    ['https://example.com/#top', 'must not contain a fragment'],
    ['https://example.com/#', 'must not contain a fragment'],
    ['https://inside.example.com/', 'must not lead to a private or reserved address'],
    ['https://both.example.com/', 'must not lead to a private or reserved address'],
    ['https://127.0.0.1/', 'must not lead to a private or reserved address'],
    ['https://2130706433/', 'must not lead to a private or reserved address'],
    ['https://0x7f.1/', 'must not lead to a private or reserved address'],
    ['https://0177.0.0.1/', 'must not lead to a private or reserved address'],
    ['https://127.1/', 'must not lead to a private or reserved address'],
    ['https://127.0.0.1./', 'must not lead to a private or reserved address'],
    ['https://%31%32%37.0.0.1/', 'must not lead to a private or reserved address'],
    ['https://１２７.０.０.１/', 'must not lead to a private or reserved address'],
    ['https:\\\\127.0.0.1\\', 'must not lead to a private or reserved address'],
    ['https://0/', 'must not lead to a private or reserved address'],
    ['https://[::]/', 'must not lead to a private or reserved address'],
    ['https://[64:ff9b::7f00:1]/', 'must not lead to a private or reserved address'],
    ['https://[2002:7f00:1::]/', 'must not lead to a private or reserved address'],
    ['https://127.0.0.1:8443/', 'must not lead to a private or reserved address'],
    ['https://localhost./', 'must not lead to a private or reserved address'],
    ['https://LOCALHOST/', 'must not lead to a private or reserved address'],
    ['https://bücher.example/', 'must not lead to a private or reserved address'],
    ['https://[fe80::1%25eth0]/', 'must be an absolute URL'],
    ['https://1.2.3.4.5/', 'must be an absolute URL'],
    ['https://example.com:65536/', 'must be an absolute URL'],
    ['https://example.com:0/', 'must not name port 0'],
    ['https://example.com:@127.0.0.1/', 'must not contain credentials'],
    ['https://[::1]/', 'must not lead to a private or reserved address'],
    ['https://[::ffff:10.0.0.1]/', 'must not lead to a private or reserved address'],
    ['https://169.254.169.254/latest/meta-data', 'must not lead to a private or reserved address'],
    ['https://nowhere.example.com/', 'has a host name that does not resolve'],
    ['https://empty.example.com/', 'has a host name that does not resolve'],
  ])('%j is refused: it %s', async (url, problem) => {
    expect(await targetProblem(url, strictly)).toBe(problem)
  })

  test('development lets http and private addresses through, but nothing odd', async () => {
    expect(await targetProblem('http://127.0.0.1:3000/hook', development)).toBeNull()
    expect(await targetProblem('http://localhost:3000/hook', development)).toBeNull()
    expect(await targetProblem('file:///etc/passwd', development)).toBe('must start with https://')
    expect(await targetProblem('http://a:b@localhost/', development)).toBe('must not contain credentials')
  })
})

describe('pinning', () => {
  test('answers each address once, and asks once', async () => {
    let asked = 0
    const twice = () => {
      asked++
      return Promise.resolve(['93.184.216.34', '2606:4700::1', '93.184.216.34'])
    }
    const pinned = await pinTarget('https://example.com/a?b', { resolve: twice, allowPrivate: false })
    expect(pinned).toMatchObject({ problem: null, addresses: ['93.184.216.34', '2606:4700::1'] })
    expect(asked).toBe(1)
  })

  test('asks nobody about an address', async () => {
    const never = () => Promise.reject(new Error('asked'))
    const pinned = await pinTarget('https://[2606:4700::1]/', { resolve: never, allowPrivate: false })
    expect(pinned).toMatchObject({ addresses: ['2606:4700::1'] })
  })

  test('a resolver that throws is one that knows nothing', async () => {
    const broken = () => {
      throw new Error('at once')
    }
    const pinned = await pinTarget('https://example.com/', { resolve: broken, allowPrivate: true })
    expect(pinned).toEqual({ problem: 'has a host name that does not resolve' })
  })
})
