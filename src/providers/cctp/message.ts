import { type Address, type Hex, hexToBigInt, hexToNumber, isHex, pad, size, slice } from 'viem'

/** What a burn message says, as Circle has signed it. Addresses are padded to 32 bytes. */
export interface BurnMessage {
  sourceDomain: number
  destinationDomain: number
  nonce: Hex
  sender: Hex
  recipient: Hex
  destinationCaller: Hex
  burnToken: Hex
  mintRecipient: Hex
  /** USDC minor units, the fee included. */
  amount: bigint
  messageSender: Hex
  /** USDC minor units that are kept back when it is minted. */
  feeExecuted: bigint
}

/** The burn that a message has to be of. */
export interface Burn {
  sourceDomain: number
  destinationDomain: number
  tokenMessenger: Address
  burnToken: Address
  burner: Address
  mintRecipient: Address
  /** USDC minor units. */
  amount: bigint
}

const BODY = 148
const HOOK_DATA = BODY + 228
const VERSION = 1

/** Reads a message of MessageTransmitterV2 that holds a burn of TokenMessengerV2; null for anything else. */
export const readMessage = (message: string): BurnMessage | null => {
  if (!isHex(message) || message.length % 2 !== 0 || size(message) < HOOK_DATA) return null
  const at = (from: number, bytes: number) => slice(message, from, from + bytes)
  const word = (from: number) => at(from, 32)
  if (hexToNumber(at(0, 4)) !== VERSION || hexToNumber(at(BODY, 4)) !== VERSION) return null
  return {
    sourceDomain: hexToNumber(at(4, 4)),
    destinationDomain: hexToNumber(at(8, 4)),
    nonce: word(12),
    sender: word(44),
    recipient: word(76),
    destinationCaller: word(108),
    burnToken: word(BODY + 4),
    mintRecipient: word(BODY + 36),
    amount: hexToBigInt(word(BODY + 68)),
    messageSender: word(BODY + 100),
    feeExecuted: hexToBigInt(word(BODY + 164)),
  }
}

const ZERO = pad('0x', { size: 32 })

const isAddress = (word: Hex, address: Address): boolean => word.toLowerCase() === pad(address).toLowerCase()

/** Whether a message is of that burn, so that minting it pays our wallet what was burnt less the fee. */
export const isOfBurn = (message: BurnMessage, burn: Burn): boolean =>
  message.sourceDomain === burn.sourceDomain &&
  message.destinationDomain === burn.destinationDomain &&
  message.nonce !== ZERO &&
  message.destinationCaller === ZERO &&
  isAddress(message.sender, burn.tokenMessenger) &&
  isAddress(message.recipient, burn.tokenMessenger) &&
  isAddress(message.burnToken, burn.burnToken) &&
  isAddress(message.messageSender, burn.burner) &&
  isAddress(message.mintRecipient, burn.mintRecipient) &&
  message.amount === burn.amount &&
  message.feeExecuted < burn.amount
