import { afterAll, beforeAll, expect, test } from 'bun:test'
import { keccak256, toHex } from 'viem'
import {
  createTransactions,
  type Signed,
  type Transactions,
} from '../../../src/providers/cctp/transactions.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'

let database: TestDatabase
let transactions: Transactions
beforeAll(async () => {
  database = await testDatabase()
  transactions = createTransactions(database.sql)
})
afterAll(() => database.drop())

const FROM = '0x00000000000000000000000000000000000000a1'

/** Some transaction of a purpose of its own. */
const signedWith = (nonce: number, change: Partial<Signed> = {}): Signed => {
  const id = Bun.randomUUIDv7()
  const raw = toHex(id)
  const common = { id, raw, hashes: [keccak256(raw)], signedMs: 1_800_000_000_000, height: 7n }
  return { ...common, chain: 'base', from: FROM, nonce, status: 'begun', ...change }
}

test('the first transaction for a purpose stands, whoever signs another', async () => {
  const first = signedWith(1)
  expect(await transactions.add(first)).toEqual(first)
  expect(await transactions.add(signedWith(2, { id: first.id }))).toEqual(first)
  expect(await transactions.find(first.id)).toEqual(first)
})

test('a nonce is one purpose’s alone, on one chain and for one wallet', async () => {
  await transactions.add(signedWith(10))
  const other = signedWith(10)
  expect(await transactions.add(other)).toBeNull()
  expect(await transactions.find(other.id)).toBeNull()
  expect(await transactions.add(signedWith(10, { chain: 'polygon' }))).not.toBeNull()
  const elsewhere = signedWith(10, { from: '0x00000000000000000000000000000000000000b2' })
  expect(await transactions.add(elsewhere)).not.toBeNull()
})

test('of two replacements at once the first stands, and the second learns of it: no hash is lost', async () => {
  const old = signedWith(20)
  await transactions.add(old)
  const [one, two] = [
    { raw: toHex('one'), hash: keccak256(toHex('one')), signedMs: 1 },
    { raw: toHex('two'), hash: keccak256(toHex('two')), signedMs: 2 },
  ]
  const stands = await transactions.replace(old, one)
  expect(stands).toMatchObject({ raw: one.raw, hashes: [...old.hashes, one.hash] })
  expect(await transactions.replace(old, two)).toEqual(stands)
  expect(await transactions.replace(stands, two)).toMatchObject({
    raw: two.raw,
    hashes: [...old.hashes, one.hash, two.hash],
  })
})

test('nonces are ordered as numbers', async () => {
  const from = '0x00000000000000000000000000000000000000c3'
  expect(await transactions.highestNonce('base', from)).toBeNull()
  for (const nonce of [9, 100, 11]) await transactions.add(signedWith(nonce, { from }))
  expect(await transactions.highestNonce('base', from)).toBe(100)
  const between = await transactions.between('base', from, 9, 99)
  expect(between.map(({ nonce }) => nonce)).toEqual([9, 11])
})
