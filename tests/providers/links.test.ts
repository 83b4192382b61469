import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createLinks, type Link } from '../../src/providers/links.ts'
import { LEGS, type Leg } from '../../src/providers/port.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { operationWith } from './sandbox-fixtures.ts'

let database: TestDatabase
let links: ReturnType<typeof createLinks>
beforeAll(async () => {
  database = await testDatabase()
  links = createLinks(database)
})
afterAll(() => database.drop())

const link = (change: Partial<Link> = {}): Link => ({
  accountId: 'one',
  provider: 'circle',
  name: 'alice',
  reference: 'bank-1',
  shared: false,
  ...change,
})

/** What the adapters are told for the payer of an on-ramp or a refund, or for the payee of an off-ramp. */
const found = (leg: Leg, accountId: string, name: string, provider = 'circle') =>
  links.find(
    operationWith({
      leg,
      accountId,
      ...(leg === 'offramp' ? { destinationAccount: name } : { sourceAccount: name }),
    }),
    provider,
  )

describe('what a payer or payee is called at a provider', () => {
  test.each([...LEGS])(
    'is found for an %s by account, provider and name, and by nothing less',
    async (leg) => {
      await links.link(link())
      expect(await found(leg, 'one', 'alice')).toBe('bank-1')
      expect(await found(leg, 'two', 'alice')).toBeNull()
      expect(await found(leg, 'one', 'alice', 'bridge')).toBeNull()
      expect(await found(leg, 'one', 'alicia')).toBeNull()
    },
  )

  test('is replaced by what is said last, and forgotten on request', async () => {
    await links.link(link({ name: 'bob', reference: 'bank-2' }))
    await links.link(link({ name: 'bob', reference: 'bank-3' }))
    expect(await links.list('one')).toContainEqual(link({ name: 'bob', reference: 'bank-3' }))
    expect(await links.unlink('one', 'circle', 'bob')).toBe(true)
    expect(await links.unlink('one', 'circle', 'bob')).toBe(false)
    expect(await found('offramp', 'one', 'bob')).toBeNull()
  })

  test('belongs to one account, so that nobody can claim another’s deposits', async () => {
    await expect(links.link(link({ accountId: 'two' }))).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(await found('onramp', 'two', 'alice')).toBeNull()
    await links.link(link({ accountId: 'two', provider: 'bridge' }))
  })

  test('may be shared for a payee, who is then nobody’s payer', async () => {
    const shop = { name: 'shop', reference: 'bank-9', shared: true }
    await links.link(link(shop))
    await links.link(link({ ...shop, accountId: 'two' }))
    for (const leg of ['offramp', 'refund'] as const) expect(await found(leg, 'two', 'shop')).toBe('bank-9')
    expect(await found('onramp', 'two', 'shop')).toBeNull()
  })
})
