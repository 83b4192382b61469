import { LEGS, type Operation } from '../port.ts'
import { drawInteger } from './draw.ts'

/** What can go wrong in a sandbox, and what it does then. */
export const FAULTS = {
  refuse: 'Says no at once; nothing moves',
  busy: 'Says that it is not available now: others are tried, then the same one again',
  fail: 'Accepts, then fails at the time of settlement; the money stays where it was',
  timeout: 'The first call hangs until its deadline and never arrives; sent again, it works',
  drop: 'Acts on the first call, but the connection breaks before the answer',
  slow: 'Settles five times later',
  return: 'Settles, and the money comes back a day later (faster with the time scale, but after two seconds)',
} as const

export type Fault = keyof typeof FAULTS

const FAULT_KINDS = Object.keys(FAULTS) as Fault[]

/** Whole shares: a million stands for every operation. */
export const SHARE_UNITS = 1_000_000

/** How many of a million operations meet each fault; together at most SHARE_UNITS. */
export type FaultShares = Readonly<Record<Fault, number>>

// What follows a colon or a dash only makes the account unique, such as fail_onramp-42.
const ACCOUNT = new RegExp(`^(${FAULT_KINDS.join('|')})_(${LEGS.join('|')})(_once)?(?:[:-]|$)`)

const faultNamed = (account: string, { leg, attempt }: Operation): Fault | null => {
  const [, fault, at, once] = ACCOUNT.exec(account) ?? []
  return at === leg && (!once || attempt === 1) ? (fault as Fault) : null
}

const faultDrawn = (key: string, shares: FaultShares, seed: string): Fault | null => {
  let left = drawInteger(seed, key, 'fault', 0, SHARE_UNITS - 1)
  for (const fault of FAULT_KINDS) {
    left -= shares[fault]
    if (left < 0) return fault
  }
  return null
}

/**
 * The fault that an operation meets. An account named `<fault>_<leg>`, the payer's before the payee's, decides
 * before the shares do; with `_once` only the first attempt of the leg meets it.
 */
export const faultOf = (operation: Operation, shares: FaultShares, seed: string): Fault | null =>
  faultNamed(operation.sourceAccount, operation) ??
  faultNamed(operation.destinationAccount, operation) ??
  faultDrawn(operation.key, shares, seed)

const SHARE = new RegExp(`^(${FAULT_KINDS.join('|')}):(?:(0(?:\\.\\d{1,6})?)|1(?:\\.0{1,6})?)$`)

const parseShare = (part: string): [Fault, number] | null => {
  const [, fault, fraction] = SHARE.exec(part) ?? []
  if (!fault) return null
  return [fault as Fault, fraction ? Number(fraction.slice(2).padEnd(6, '0')) : SHARE_UNITS]
}

/**
 * Reads the text of SANDBOX_FAULTS, such as "refuse:0.02,fail:0.05"; an empty one means no faults.
 * Throws Error with one line for people when it is malformed, names a fault twice or sums to more than 1.
 */
export const parseFaults = (text: string): FaultShares => {
  const shares: Record<Fault, number> = {
    refuse: 0,
    busy: 0,
    fail: 0,
    timeout: 0,
    drop: 0,
    slow: 0,
    return: 0,
  }
  const parts = text.trim() === '' ? [] : text.split(',').map((part) => part.trim())
  const read = parts.map(parseShare)
  for (const [fault, share] of read.filter((part) => part !== null)) shares[fault] = share
  const named = new Set(read.map((part) => part?.[0]))
  const sum = FAULT_KINDS.reduce((total, fault) => total + shares[fault], 0)
  if (read.includes(null) || named.size < read.length || sum > SHARE_UNITS)
    throw new Error(
      `SANDBOX_FAULTS must give ${FAULT_KINDS.join(', ')} each at most once a share of 0 to 1 with up to six ` +
        'decimals, 1 in all, such as refuse:0.02,fail:0.05',
    )
  return shares
}
