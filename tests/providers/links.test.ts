import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createLinks, type Link } from '../../src/providers/links.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

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

describe('what a payer or payee is called at a provider', () => {
  test('is found by account, provider and name, and by nothing less', async () => {
    await links.link(link())
    expect(await links.find('one', 'circle', 'alice')).toBe('bank-1')
    expect(await links.find('two', 'circle', 'alice')).toBeNull()
    expect(await links.find('one', 'bridge', 'alice')).toBeNull()
    expect(await links.find('one', 'circle', 'alicia')).toBeNull()
  })

  test('is replaced by what is said last, and forgotten on request', async () => {
    await links.link(link({ name: 'bob', reference: 'bank-2' }))
    await links.link(link({ name: 'bob', reference: 'bank-3' }))
    expect(await links.list('one')).toContainEqual(link({ name: 'bob', reference: 'bank-3' }))
    expect(await links.unlink('one', 'circle', 'bob')).toBe(true)
    expect(await links.unlink('one', 'circle', 'bob')).toBe(false)
    expect(await links.find('one', 'circle', 'bob')).toBeNull()
  })

  test('belongs to one account, so that nobody can claim another’s deposits', async () => {
    await expect(links.link(link({ accountId: 'two' }))).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(await links.find('two', 'circle', 'alice')).toBeNull()
    await links.link(link({ accountId: 'two', provider: 'bridge' }))
  })

  test('may be shared for a payee, who is then nobody’s payer', async () => {
    const shop = { name: 'shop', reference: 'bank-9', shared: true }
    await links.link(link(shop))
    await links.link(link({ ...shop, accountId: 'two' }))
    expect(await links.find('two', 'circle', 'shop')).toBe('bank-9')
    expect(await links.findPayer('two', 'circle', 'shop')).toBeNull()
    expect(await links.findPayer('one', 'circle', 'alice')).toBe('bank-1')
  })
})
