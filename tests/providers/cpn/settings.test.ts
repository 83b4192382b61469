import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { privateKeyToAccount } from 'viem/accounts'
import { cpnEnvironment } from '../../../src/providers/cpn/environment.ts'
import { cpnSettings } from '../../../src/providers/cpn/settings.ts'
import { AUTHORITY_PEM } from './certificates.ts'
import { BOOK, WALLET_KEY } from './fixtures.ts'
import { API_KEY } from './server.ts'

let folder = ''
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cpn-'))
  await Bun.write(path('book.json'), JSON.stringify(BOOK))
  await Bun.write(path('ca.pem'), `# authorities\n${AUTHORITY_PEM}\n${AUTHORITY_PEM}`)
  await Bun.write(path('bad.pem'), AUTHORITY_PEM.replaceAll('A', '!'))
  await Bun.write(path('torn.json'), '{"institution":')
  const { bob } = BOOK.beneficiaries
  const wrong = {
    ...BOOK,
    beneficiaries: { bob: { ...bob, currency: 'EURO', account: { iban: 'DE89370400440532' } } },
  }
  await Bun.write(path('wrong.json'), JSON.stringify(wrong))
})
afterAll(() => rm(folder, { recursive: true }))

const parsed = (given: Record<string, string>) => {
  const files = { CPN_BOOK: path(given.CPN_BOOK ?? 'book.json') }
  const authorities = given.CPN_AUTHORITIES ? { CPN_AUTHORITIES: path(given.CPN_AUTHORITIES) } : {}
  const config = { CPN_API_KEY: API_KEY, CPN_WALLET_KEY: WALLET_KEY, ...given, ...files, ...authorities }
  return cpnSettings(Value.Default(Type.Object(cpnEnvironment), config) as Parameters<typeof cpnSettings>[0])
}

test('without a key there is no adapter and nothing is wrong', () => {
  const config = Value.Default(Type.Object(cpnEnvironment), {}) as Parameters<typeof cpnSettings>[0]
  expect(cpnSettings(config)).toEqual({ settings: null, problems: [] })
})

test('a test key means the testnet, and a live one real money', () => {
  const test = parsed({ CPN_CHAINS: 'polygon', CPN_CHARGE_BPS: '0' }).settings
  expect(test).toMatchObject({ sandbox: true, baseUrl: 'https://api.circle.com', book: BOOK })
  expect(test?.networks).toMatchObject({ polygon: { blockchain: 'MATIC-AMOY', chainId: 80_002n } })
  expect(test?.networks.ethereum).toBeUndefined()
  const live = parsed({ CPN_API_KEY: 'LIVE_API_KEY:1:2', CPN_AUTHORITIES: 'ca.pem' }).settings
  expect(live?.sandbox).toBe(false)
  expect(live?.authorities).toHaveLength(2)
  expect(live?.networks.ethereum?.chainId).toBe(1n)
})

test('the wallet is known by its address, and its key cannot be read from the settings', () => {
  const { settings } = parsed({})
  expect(settings?.wallet.address).toBe(privateKeyToAccount(WALLET_KEY).address)
  expect(Bun.inspect(settings, { depth: 10 })).not.toContain(WALLET_KEY.slice(2, 20))
})

describe('a line for what is wrong, without the value,', () => {
  test.each([
    [{ CPN_API_KEY: 'sk_live_abc' }, 'CPN_API_KEY must be TEST_API_KEY:id:secret or LIVE_API_KEY:id:secret'],
    [
      { CPN_API_KEY: 'TEST_API_KEY:1' },
      'CPN_API_KEY must be TEST_API_KEY:id:secret or LIVE_API_KEY:id:secret',
    ],
    [{ CPN_WALLET_KEY: '0x12' }, 'CPN_WALLET_KEY must be 0x and 64 hex digits, set with CPN_API_KEY'],
    [
      { CPN_WALLET_KEY: `0x${'0'.repeat(64)}` },
      'CPN_WALLET_KEY must be 0x and 64 hex digits, set with CPN_API_KEY',
    ],
    [{ CPN_CHAINS: 'base' }, 'CPN_CHAINS must be some of ethereum,polygon'],
    [{ CPN_BOOK: 'torn.json' }, 'CPN_BOOK must name a JSON file that can be read'],
    [{ CPN_BOOK: 'none.json' }, 'CPN_BOOK must name a JSON file that can be read'],
    [{ CPN_BOOK: 'wrong.json' }, 'CPN_BOOK is wrong at /beneficiaries/bob/account/iban'],
    [{ CPN_AUTHORITIES: 'none.pem' }, 'CPN_AUTHORITIES must name a PEM file with certificates'],
    [{ CPN_AUTHORITIES: 'bad.pem' }, 'CPN_AUTHORITIES must name a PEM file with certificates'],
    [{ CPN_API_KEY: 'LIVE_API_KEY:1:2' }, 'CPN_AUTHORITIES must be set with a live CPN_API_KEY'],
    [
      { CPN_API_KEY: 'LIVE_API_KEY:1:2', CPN_AUTHORITIES: 'ca.pem', CPN_BASE_URL: 'http://api.circle.com' },
      'CPN_BASE_URL must be https:// with a live CPN_API_KEY',
    ],
  ] as [Record<string, string>, string][])('%j', (given, line) => {
    const { settings, problems } = parsed(given)
    expect(settings).toBeNull()
    expect(problems).toContain(line)
    expect(problems.join()).not.toContain('DE8937')
  })
})

test('the book that its page shows is one that is taken', async () => {
  const page = await Bun.file(join(import.meta.dir, '../../../docs/providers/cpn.md')).text()
  await Bun.write(path('shown.json'), /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
  expect(parsed({ CPN_BOOK: 'shown.json' }).settings?.book.beneficiaries.bob?.currency).toBe('EUR')
})
