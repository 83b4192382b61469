import { expect, test } from 'bun:test'
import { concat, type Hex, pad, toHex } from 'viem'
import { type Burn, isOfBurn, readMessage } from '../../../src/providers/cctp/message.ts'

const burn: Burn = {
  sourceDomain: 6,
  destinationDomain: 7,
  tokenMessenger: '0x8FE6B999Dc680CcFDD5Bf7EB0974218be2542DAA',
  burnToken: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
  burner: '0x00000000000000000000000000000000000000a1',
  mintRecipient: '0x00000000000000000000000000000000000000b2',
  amount: 5_000_000n,
}

const word = (value: bigint): Hex => toHex(value, { size: 32 })
const short = (value: number): Hex => toHex(value, { size: 4 })
const messenger = pad(burn.tokenMessenger)

/** The fields of a message in the order and widths of the documentation, by name. */
const FIELDS = {
  version: short(1),
  sourceDomain: short(6),
  destinationDomain: short(7),
  nonce: word(77n),
  sender: messenger,
  recipient: messenger,
  destinationCaller: word(0n),
  minFinalityThreshold: short(1_000),
  finalityThresholdExecuted: short(1_000),
  bodyVersion: short(1),
  burnToken: pad(burn.burnToken),
  mintRecipient: pad(burn.mintRecipient),
  amount: word(5_000_000n),
  messageSender: pad(burn.burner),
  maxFee: word(600n),
  feeExecuted: word(500n),
  expirationBlock: word(123n),
} satisfies Record<string, Hex>

const written = (change: Partial<Record<keyof typeof FIELDS, Hex>> = {}): Hex =>
  concat(Object.values({ ...FIELDS, ...change }))

const fits = (message: Hex): boolean => {
  const read = readMessage(message)
  return read !== null && isOfBurn(read, burn)
}

test('a message is read field by field as it is documented', () => {
  expect(readMessage(written())).toMatchObject({
    sourceDomain: 6,
    destinationDomain: 7,
    nonce: word(77n),
    amount: 5_000_000n,
    feeExecuted: 500n,
  })
  expect(fits(written())).toBe(true)
})

test.each([
  ['version', short(0)],
  ['sourceDomain', short(3)],
  ['destinationDomain', short(3)],
  ['nonce', word(0n)],
  ['sender', pad(burn.burner)],
  ['recipient', pad(burn.burner)],
  ['destinationCaller', pad(burn.burner)],
  ['bodyVersion', short(2)],
  ['burnToken', pad(burn.burner)],
  ['mintRecipient', pad(burn.burner)],
  ['amount', word(5_000_001n)],
  ['messageSender', pad(burn.mintRecipient)],
  ['feeExecuted', word(5_000_000n)],
] as const)('a message with another %s is not of the burn', (field, value) => {
  expect(fits(written({ [field]: value }))).toBe(false)
})

test('what is no message is nothing', () => {
  for (const text of ['', '0x', 'PENDING', '0xzz', written().slice(0, -2), `${written()}1`])
    expect(readMessage(text)).toBeNull()
})
